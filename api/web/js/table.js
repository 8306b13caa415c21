// SPDX-License-Identifier: MIT
// Tables that sort by the column whose head is pressed.
import { h, replace } from "./dom.js";

const order = (a, b) => {
  const none = (v) => v === null || v === undefined || Number.isNaN(v);
  if (none(a) || none(b)) return none(a) - none(b);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
};

/** {node, update(rows)}. Columns: {name, value(row), show?(row), number?}, or {unseen, show(row)} where the head
 * is not for the eyes. What has no value comes last, either way. An update keeps the order that was asked for. */
export function sortedTable(caption, columns, rows, start) {
  const body = h("tbody"), heads = [];
  let by = start?.column ?? -1, down = start?.down ?? true;
  const paint = () => {
    const sorted = [...rows];
    if (by >= 0) {
      const { value } = columns[by];
      sorted.sort((a, b) => {
        const missing = [value(a), value(b)].some((v) => v === null || v === undefined);
        return (down && !missing ? -1 : 1) * order(value(a), value(b));
      });
    }
    heads.forEach((th, i) => (i === by ? th.setAttribute("aria-sort", down ? "descending" : "ascending") : th.removeAttribute("aria-sort")));
    replace(body, sorted.map((row) => h("tr", null, columns.map((c, i) =>
      h(i === 0 ? "th" : "td", { class: c.number ? "number" : i === 0 ? "first" : null, scope: i === 0 ? "row" : null },
        c.show ? c.show(row) : c.value(row) ?? "–")))));
  };
  const head = h("tr", null, columns.map((c, i) => {
    if (c.unseen) return h("th", { scope: "col" }, h("span", { class: "unseen" }, c.unseen));
    const th = h("th", { scope: "col", class: c.number ? "number" : null },
      h("button", { type: "button", class: "sort", onclick: () => { down = by === i ? !down : Boolean(c.number); by = i; paint(); } }, c.name));
    heads[i] = th;
    return th;
  }));
  paint();
  const node = h("div", { class: "scroll" }, h("table", null, h("caption", { class: "unseen" }, caption), h("thead", null, head), body));
  const update = (next) => {
    const at = body.contains(document.activeElement) ? document.activeElement : null;
    rows = next;
    paint();
    const same = (e) => ["aria-label", "href"].every((k) => e.getAttribute(k) === at.getAttribute(k));
    if (at) [...body.querySelectorAll(at.localName)].find(same)?.focus({ preventScroll: true });
  };
  return { node, update };
}
