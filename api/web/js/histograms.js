// SPDX-License-Identifier: MIT
// A card for one histogram of a job over its steps, in three views.
import { get } from "./api.js";
import { Bands } from "./charts/bands.js";
import { levels, levelRange, levelText, scale, triples } from "./charts/bins.js";
import { figure } from "./charts/figure.js";
import { Heatmap, logShade } from "./charts/heatmap.js";
import { Ridgeline } from "./charts/ridgeline.js";
import { empty, h, replace } from "./dom.js";
import { number } from "./format.js";
import { choice, segments } from "./parts.js";

/* The newest steps, as many as a screen has columns for. */
const STEPS = 500;

const WHAT = {
  gradients: "dL/d of it, of one batch", weights: "the values after the step", membrane: "membrane − threshold: at 0 and above it spikes",
  activity: "spikes per time step of each neuron",
};
const describe = (name) => (name.endsWith(".membrane") ? "dL/du: what the surrogate lets through" : WHAT[name.split("/")[0]] ?? "");

function showHeatmap(chart, entries) {
  const { low, high, level } = scale(entries);
  const rows = Array.from({ length: high - low + 1 }, (_, i) => level(low + i));
  const counts = entries.map((e) => new Map(levels(e)));
  const share = (column, row) => (counts[column].get(rows[row]) ?? 0) / entries[column].count;
  const shade = logShade(entries.flatMap((e, i) => [...counts[i].values()].map((n) => n / e.count)));
  chart.show({
    columns: entries.map((e) => number(e.step)), rows: rows.map(levelText), xTitle: "step", yTitle: "value",
    shade: (c, r) => shade(share(c, r)),
    tell: (c, r) => `step ${entries[c].step}: ${number(counts[c].get(rows[r]) ?? 0)} of ${number(entries[c].count)} are ${levelRange(rows[r])}`,
  });
}

const VIEWS = [
  ["heatmap", "Heatmap", Heatmap, showHeatmap],
  ["ridgeline", "Ridgeline", Ridgeline, (chart, entries) => chart.show(entries, "value")],
  ["bands", "Percentiles", Bands, (chart, entries) => chart.show(entries, "value")],
];

/** `wanted` is what the server takes as names: "gradients/*,weights/*". */
export function histogramCard(view, wanted, title) {
  const { signal } = view;
  const host = h("div"), tools = h("div", { class: "row" }), note = h("span");
  let names = [], name = null, kind = "heatmap", entries = [], last = -1, chart = null;

  const question = (query) => get(`/v1/jobs/${view.job.id}/histograms?${new URLSearchParams(query)}`, signal);
  const draw = () => {
    const [, , Chart, show] = VIEWS.find(([key]) => key === kind);
    if (!(chart instanceof Chart)) {
      chart = new Chart(`${title}: ${name}`, signal, { height: 330 });
      replace(host, chart.node);
    }
    show(chart, entries);
    note.textContent = `${describe(name)}. ${entries.length} steps, ${number(entries.at(-1)?.count ?? 0)} values each; bins are between powers of two.`;
  };
  const load = async () => {
    const fresh = last < 0 ? { order: "desc" } : { from_step: last + 1 };
    const answer = await question({ name, max_steps: STEPS, ...fresh });
    const found = last < 0 ? answer.data.reverse() : answer.data;
    entries = [...entries, ...found].slice(-STEPS);
    if (!found.length) return;
    last = entries.at(-1).step;
    draw();
  };
  const start = () => { entries = []; last = -1; return load(); };
  const refresh = async () => {
    if (name) { await load(); return; }
    const newest = await question({ name: wanted, order: "desc", max_steps: 1 });
    names = newest.data.map((e) => e.name);
    if (!names.length) {
      replace(host, empty("Nothing yet", "There is a histogram every diagnostics.every_steps steps; with 0 there is none."));
      return;
    }
    [name] = names;
    replace(tools, choice("of", names, name, (v) => { name = v; start(); }),
      segments("View", VIEWS.map(([key, text]) => [key, text]), kind, (v) => { kind = v; draw(); }));
    await start();
  };
  const node = figure({
    title, tools, note, file: `${view.job.id}-histogram`,
    rows: () => [["step", "epoch", "name", "left", "right", "count"], ...entries.flatMap((e) => triples(e).map((t) => [e.step, e.epoch, e.name, ...t]))],
    value: () => entries.map((e) => ({ ...e, triples: triples(e) })), canvas: () => chart.canvas,
  }, host);
  return { node, refresh };
}
