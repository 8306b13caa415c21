// SPDX-License-Identifier: MIT
// How well the surrogate's gradient points: measured when asked for.
import { Problem, send } from "../api.js";
import { exportsOf } from "../charts/figure.js";
import { empty, failure, h, replace } from "../dom.js";
import { DASH, number } from "../format.js";

const TITLE = "Surrogate bias";
const COLUMNS = ["count", "surrogate_norm", "reference_norm", "cosine", "cosine_error", "ratio", "ratio_error"];
const FIELDS = [["samples", "samples", { min: 1, max: 4096, step: 1, placeholder: "128" }],
  ["repeats", "repeats", { min: 32, max: 100000, step: 16, placeholder: "128" }],
  ["sigma", "noise σ", { min: 0, step: "any", placeholder: "θ/10" }],
  ["seed", "seed", { min: 0, step: 1, placeholder: "0" }]];

const measured = (v, error) => (v === null ? DASH : `${v.toFixed(3)}${error === null ? "" : ` ± ${error.toFixed(3)}`}`);
const share = (v) => `${100 * Math.min(1, Math.max(0, v))}%`;

/* From 0 to 1; the 95% interval as a line across the bar's end. */
function bar(row, label) {
  const box = h("span", { class: "bias-bar", role: "img", "aria-label": `${label}: cosine ${measured(row.cosine, row.cosine_error)}` });
  if (row.cosine === null) return box;
  const value = h("i"), interval = h("b");
  value.style.setProperty("width", share(row.cosine));
  interval.style.setProperty("left", share(row.cosine - row.cosine_error));
  interval.style.setProperty("right", share(1 - row.cosine - row.cosine_error));
  box.append(value, interval);
  return box;
}

const line = (row, name, kind) => h("tr", { class: kind },
  h("th", { scope: "row" }, name), h("td", null, bar(row, name)), h("td", { class: "number" }, measured(row.cosine, row.cosine_error)),
  h("td", { class: "number" }, measured(row.ratio, row.ratio_error)));

const surrogate = (layer) => (layer.surrogate ? h("small", { class: "muted" }, ` ${layer.surrogate} ${number(layer.surrogate_scale)}`) : null);

function table(bias) {
  return h("div", { class: "scroll" }, h("table", { class: "bias" },
    h("thead", null, h("tr", null, h("th", null, "gradient of"), h("th", null, "cosine"), h("th", { class: "number" }, "± 95%"),
      h("th", { class: "number" }, "norm, surrogate : reference"))),
    h("tbody", null, line(bias.all, "all", "whole"),
      bias.layers.map((layer) => [line(layer, [layer.name, surrogate(layer)], "whole"),
        layer.tensors.map((t) => line(t, t.name.slice(layer.name.length + 1), "part"))]))));
}

const rows = (bias) => [["gradient", ...COLUMNS], ...[["all", bias.all], ...bias.layers.flatMap((l) =>
  [[l.name, l], ...l.tensors.map((t) => [t.name, t])])].map(([name, row]) => [name, ...COLUMNS.map((c) => row[c])])];

const words = (bias) => h("p", { class: "muted" },
  `Step ${bias.step}, ${bias.samples} samples, ${bias.repeats} repeats, σ ${number(bias.sigma)}. `,
  `Loss ${number(bias.loss)}; of the noisy network ${number(bias.expected_loss)}: the further apart, the more the reference is another network's.`);

export function biasCard(view) {
  const host = h("div", { class: "stack", "aria-live": "polite" }), tools = h("form", { class: "row bias-form" });
  const inputs = Object.fromEntries(FIELDS.map(([key, label, props]) => [key, h("input", { type: "number", "aria-label": label, ...props })]));
  const start = h("button", { type: "submit", class: "small" }, "Measure");
  const saves = h("div");
  const idle = () => replace(host, empty("How well does this surrogate point?",
    "The cosine of its gradient with that of the expected loss of the same network with noise on its thresholds, which is smooth. Takes seconds."));
  const measure = async () => {
    const form = Object.fromEntries(FIELDS.map(([key]) => [key, inputs[key].value]).filter(([, v]) => v !== "").map(([k, v]) => [k, Number(v)]));
    start.disabled = true;
    replace(saves);
    replace(host, h("p", { class: "busy" }, "Measuring …"));
    try {
      const bias = await send("POST", `/v1/jobs/${view.job.id}/bias`, form, view.signal);
      replace(host, table(bias), words(bias));
      replace(saves, exportsOf({ title: TITLE, file: `${view.job.id}-bias`, rows: () => rows(bias), value: () => bias }));
    } catch (error) {
      if (error.name === "AbortError") return;
      replace(host, error instanceof Problem && error.code === "no_checkpoint" ? empty("Not yet", error.message) : failure(error));
    } finally { start.disabled = false; }
  };
  tools.addEventListener("submit", (e) => { e.preventDefault(); measure(); });
  replace(tools, FIELDS.map(([key, label]) => h("label", { class: "row" }, h("span", { class: "muted" }, label), inputs[key])), start);
  idle();
  return h("section", { class: "card" }, h("header", null, h("h2", null, TITLE), tools, saves),
    h("figure", null, host, h("figcaption", null,
      "1 points exactly as the expected loss falls, 0 tells nothing. Bars are those of the noise, for the samples looked at. A dash: lost in the noise, or no gradient at all.")));
}
