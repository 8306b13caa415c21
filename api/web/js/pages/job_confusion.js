// SPDX-License-Identifier: MIT
// Which classes are taken for which: the test set of a job that is over.
import { get, Problem } from "../api.js";
import { figure } from "../charts/figure.js";
import { Heatmap } from "../charts/heatmap.js";
import { heatCss } from "../charts/palette.js";
import { empty, h, replace } from "../dom.js";
import { percent } from "../format.js";

/* A table is read better; with very many classes it is a picture. */
const MOST_IN_TABLE = 24;

function cell(n, share) {
  const node = h("td", { class: "number" }, n || h("span", { class: "muted" }, "·"));
  if (!n) return node;
  node.style.setProperty("background", heatCss(share));
  node.style.setProperty("color", share > 0.55 ? "#10141a" : "#ffffff");
  return node;
}

const table = (c) => h("div", { class: "scroll" }, h("table", { class: "matrix" },
  h("caption", { class: "unseen" }, "Rows are classes, columns what they were taken for"),
  h("thead", null, h("tr", null, h("th", { scope: "col" }, "class \\ answer"), c.labels.map((l) => h("th", { scope: "col", class: "number" }, l)),
    h("th", { scope: "col", class: "number" }, "Samples"), h("th", { scope: "col", class: "number" }, "Right"))),
  h("tbody", null, c.matrix.map((row, i) => h("tr", null, h("th", { scope: "row" }, c.labels[i]),
    row.map((n) => cell(n, n / Math.max(1, c.samples[i]))), h("td", { class: "number muted" }, c.samples[i]),
    h("td", { class: "number" }, percent(c.per_class_accuracy[i])))))));

function picture(c, signal) {
  const chart = new Heatmap("Confusion matrix", signal, { height: 560 });
  chart.show({
    columns: c.labels.map(String), rows: c.labels.map(String).reverse(), xTitle: "answer", yTitle: "class",
    shade: (col, row) => c.matrix[c.labels.length - 1 - row][col] / Math.max(1, c.samples[c.labels.length - 1 - row]),
    tell: (col, row) => `class ${c.labels[c.labels.length - 1 - row]} taken for ${c.labels[col]}: ${c.matrix[c.labels.length - 1 - row][col]} of ${c.samples[c.labels.length - 1 - row]}`,
  });
  return chart;
}

export async function show(panel, view) {
  const draw = async () => {
    let c;
    try {
      c = await get(`/v1/jobs/${view.job.id}/confusion`, view.signal);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      replace(panel, h("div", { class: "card" }, empty("Not yet", error.message)));
      return;
    }
    const chart = c.matrix ? picture(c, view.signal) : null, seen = chart && c.labels.length > MOST_IN_TABLE;
    if (chart && !seen) chart.paint(720); // beside the table, to be saved
    replace(panel, figure({
      title: "Confusion matrix", file: `${view.job.id}-confusion`, chart: chart && (() => chart), value: () => c,
      rows: () => [["class", ...c.labels], ...(c.matrix ?? []).map((row, i) => [c.labels[i], ...row])],
      note: "Rows are the classes of the test set, columns what they were taken for; colours are shares of the row.",
    }, seen ? chart.node : table(c)));
  };
  let shown = null;
  await view.onChange(async (job) => { if (job.status !== shown) { shown = job.status; await draw(); } });
}
