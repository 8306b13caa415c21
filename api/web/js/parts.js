// SPDX-License-Identifier: MIT
// What several pages show alike: the status of a job, its progress, what can be done to it.
import { send } from "./api.js";
import { confirm, h, toast } from "./dom.js";
import { go } from "./router.js";

export const STATUSES = ["queued", "running", "pausing", "paused", "cancelling", "succeeded", "failed", "cancelled"];
export const isOver = (status) => ["succeeded", "failed", "cancelled"].includes(status);

export const badge = (status) => h("span", { class: "badge", dataset: { status } }, status);
export const tile = (name, ...value) => h("div", null, h("dt", null, name), h("dd", null, value));

export const jobTitle = (job) => job.name || `job ${shortId(job.id)}`;
export const shortId = (id) => `…${id.slice(-6)}`;

const post = (what) => (job) => send("POST", `/v1/jobs/${job.id}/${what}`, {});

/** A row for each thing that can be done: when, how, and what is said of it. */
export const ACTIONS = [
  { name: "Pause", when: (s) => s === "queued" || s === "running", run: post("pause") },
  { name: "Resume", when: (s) => s === "paused" || s === "pausing", run: post("resume") },
  { name: "Cancel", when: (s) => !isOver(s) && s !== "cancelling", run: post("cancel") },
  { name: "Retry", when: isOver, run: retry, done: "Queued again as a new job." },
  {
    name: "Delete", when: isOver, quiet: true, done: "Deleted.",
    ask: (job) => [`Delete ${jobTitle(job)}?`, "Its weights, metrics and histograms go with it.", "Delete"],
    run: remove,
  },
];

/** Ids of jobs that are being deleted or are gone: nobody is to ask for them any more. */
export const leaving = new Set();

async function remove(job) {
  leaving.add(job.id);
  try { return await send("DELETE", `/v1/jobs/${job.id}`); } catch (error) { leaving.delete(job.id); throw error; }
}

async function retry(job) {
  const made = await post("retry")(job);
  go(`job/${made.id}`);
  return made;
}

/** Buttons for what can be done to a job now. `changed(job or null)` afterwards. */
export function actionButtons(job, changed) {
  return ACTIONS.filter((a) => a.when(job.status)).map((a) =>
    h("button", {
      type: "button", class: a.quiet ? "quiet small" : "small", "aria-label": `${a.name} ${jobTitle(job)}`,
      onclick: async (e) => {
        e.target.disabled = true;
        if (!a.ask || await confirm(...a.ask(job), true)) {
          try {
            changed(await a.run(job), a);
            if (a.done) toast(a.done);
          } catch (error) { toast(error.message, true); }
        }
        e.target.disabled = false;
      },
    }, a.name));
}

/** Links to the parts of a page; [[key, name]]. */
export const tabs = (list, current, link) =>
  h("nav", { class: "tabs", "aria-label": "Parts of this page" }, list.map(([key, name]) =>
    h("a", { href: link(key), "aria-current": key === current ? "page" : null }, name)));

/** A choice of a few, as radio buttons that look like one. */
export function segments(label, list, current, onPick) {
  const name = `s${Math.random().toString(36).slice(2)}`;
  return h("div", { class: "segments", role: "radiogroup", "aria-label": label }, list.map(([key, text]) =>
    h("label", null,
      h("input", { type: "radio", name, value: key, checked: key === current, onchange: () => onPick(key) }),
      h("span", null, text))));
}

/** A choice of many. */
export const choice = (label, list, current, onPick) =>
  h("label", { class: "row" }, h("span", { class: "muted" }, label),
    h("select", { onchange: (e) => onPick(e.target.value) }, list.map((v) => {
      const [key, text] = Array.isArray(v) ? v : [v, v];
      return h("option", { value: key, selected: key === current }, text);
    })));
