// SPDX-License-Identifier: MIT
// A card with a picture: its title, what it says in words, and its data as files.
import { h } from "../dom.js";
import { saveCsv, saveJson, savePng } from "../export.js";

const button = (text, label, onclick) =>
  h("button", { type: "button", class: "quiet small", "aria-label": `${label} as ${text}`, onclick }, text);

/** `rows()` for CSV and `value()` for JSON give the data; `canvas()` what is saved as PNG. */
export function figure({ title, note, file, rows, value, canvas, tools, level = "h2" }, ...content) {
  return h("section", { class: "card" },
    h("header", null, h(level, null, title), tools,
      h("div", { class: "row" },
        rows && button("CSV", title, () => saveCsv(file, rows())),
        value && button("JSON", title, () => saveJson(file, value())),
        canvas && button("PNG", title, () => savePng(file, canvas())))),
    h("figure", null, content, note ? h("figcaption", null, note) : null));
}
