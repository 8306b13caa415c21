// SPDX-License-Identifier: MIT
// A card with a picture: its title, what it says in words, and its data as files.
import { h } from "../dom.js";
import { saveCsv, saveJson, savePng, saveSvg } from "../export.js";

const button = (text, label, onclick) =>
  h("button", { type: "button", class: "quiet small", "aria-label": `${label} as ${text}`, onclick }, text);

/** Buttons that save: `rows()` for CSV and `value()` for JSON give the data, `chart()` what has a canvas and an
 * svg(title), null where there is none yet. */
export const exportsOf = ({ title, file, rows, value, chart }) => h("div", { class: "row exports", role: "group", "aria-label": `Save ${title}` },
  rows && button("CSV", title, () => saveCsv(file, rows())),
  value && button("JSON", title, () => saveJson(file, value())),
  chart && button("PNG", title, () => chart() && savePng(file, chart().canvas)),
  chart && button("SVG", title, () => chart() && saveSvg(file, chart().svg(title))));

export function figure({ title, note, tools, level = "h2", ...files }, ...content) {
  return h("section", { class: "card" },
    h("header", null, h(level, null, title), tools, exportsOf({ title, ...files })),
    h("figure", null, content, note ? h("figcaption", null, note) : null));
}
