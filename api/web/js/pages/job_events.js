// SPDX-License-Identifier: MIT
// What happened to the job, in order.
import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { when } from "../format.js";

export async function show(panel, view) {
  const body = h("tbody");
  let after = 0;
  const load = async () => {
    for (let more = true; more && !view.signal.aborted;) {
      const list = await get(`/v1/jobs/${view.job.id}/events?limit=1000&after=${after}`, view.signal);
      for (const e of list.data)
        body.append(h("tr", null, h("td", { class: "number" }, e.seq), h("td", { class: "nowrap" }, when(e.at)),
          h("td", null, h("span", { class: "tag" }, e.type)), h("td", null, e.message)));
      after = list.last_id ?? after;
      more = list.has_more;
    }
  };
  replace(panel, h("div", { class: "card flush" }, h("div", { class: "scroll" }, h("table", null, h("caption", { class: "unseen" }, "What happened to the job"),
    h("thead", null, h("tr", null, ["#", "When", "What", ""].map((t) => h("th", { scope: "col", class: t === "#" ? "number" : null }, t)))), body))));
  await view.onChange(load);
}
