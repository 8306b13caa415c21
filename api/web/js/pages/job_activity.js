// SPDX-License-Identifier: MIT
// Do the neurons take part? Rates, silent and saturated neurons, where the surrogate lets nothing through.
import { figure } from "../charts/figure.js";
import { LineChart } from "../charts/line.js";
import { h, replace } from "../dom.js";
import { histogramCard } from "../histograms.js";
import { Series } from "../series.js";

const POINTS = 400;

const PANELS = [
  { prefix: "spike_rate/", title: "Firing rate", y: "spikes a step", note: "Mean over the layer's neurons and the batch." },
  { prefix: "silent/", title: "Silent neurons", y: "share", max: 1, note: "No spike in the whole batch: nothing is learned through them but by the surrogate." },
  { prefix: "saturated/", title: "Saturated neurons", y: "share", max: 1, note: "A spike in at least 95% of the time steps: they say the same of every sample." },
  {
    prefix: "surrogate_active/", title: "Zero surrogate gradient", y: "share", max: 1, of: (v) => (v === null ? null : 1 - v),
    note: "Share of neuron-steps whose surrogate is below 1% of its peak: no gradient comes through there.",
  },
];

export async function show(panel, view) {
  const series = new Series(view.job.id, PANELS.map((p) => `${p.prefix}*`), POINTS, view.signal);
  const charts = PANELS.map((p) => ({ ...p, chart: new LineChart(p.title, { x: { label: "step" }, y: { label: p.y, min: 0, max: p.max } }, view.signal, "low") }));
  const histograms = histogramCard(view, "activity/*,membrane/*", "Distributions");
  replace(panel, h("div", { class: "grid" }, charts.map((c) => figure({
    title: c.title, note: c.note, file: `${view.job.id}-${c.prefix.slice(0, -1)}`, rows: () => c.chart.rows(), value: () => c.chart.value(), chart: () => c.chart,
  }, c.chart.node))), histograms.node);
  const refresh = async () => {
    await series.refresh();
    await Promise.all([...charts.map((c) => c.chart.show(series.lines(c.prefix).map((l) => ({ ...l, y: l.y.map(c.of ?? ((v) => v)) })))), histograms.refresh()]);
  };
  await view.onChange(refresh);
}
