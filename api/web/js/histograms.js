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

/* As many as a screen has columns for: of the whole run, or of the part that is zoomed into. */
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

/* The steps that are shown: evenly over the run, so also while it goes on; or of a part of it. */
class Steps {
  constructor(ask) { this.ask = ask; this.show(null); }
  show(part) { Object.assign(this, { part, entries: [], gap: 1, end: part ? this.end : 0 }); }
  get first() { return this.entries[0]?.step ?? 0; }
  get last() { return this.entries.at(-1)?.step ?? 0; }
  /** From where to where; known also while it is being fetched. */
  get span() { return this.part ?? [this.first, this.last]; }
  /** True where there is something new. */
  async load() {
    if (this.part && this.entries.length) return false;
    const [from, to] = this.part ?? [this.entries.length ? this.last + this.gap : 0];
    const { part } = this, answer = await this.ask({ from_step: from, max_points: STEPS, ...(to === undefined ? {} : { to_step: to }) });
    if (part !== this.part) return false; // another one is wanted by now
    for (const entry of answer.data) if (!this.entries.length || entry.step >= this.last + this.gap) this.entries.push(entry);
    if (!part) this.thin(answer.data.length === STEPS);
    return answer.data.length > 0;
  }
  thin(full) {
    if (full && this.gap === 1) this.gap = Math.max(1, Math.floor((0.9 * (this.last - this.first)) / (STEPS - 1)));
    while (this.entries.length > 2 * STEPS) {
      this.entries = this.entries.filter((_, i) => i % 2 === 0);
      this.gap = Math.max(2 * this.gap, this.entries[1].step - this.entries[0].step);
    }
    this.end = this.last;
  }
  /** Another part, `factor` times as long, around a step; the whole run where it is as long as that. */
  zoom(factor, around) {
    const [first, last] = this.span, length = (last - first) * factor;
    if (factor < 1 && this.entries.length < 3) return false;
    if (length >= this.end) { this.show(null); return true; }
    const from = Math.max(0, Math.round(Math.min(around - length / 2, this.end - length)));
    this.show([from, Math.ceil(from + length)]);
    return true;
  }
}

/** `wanted` is what the server takes as names: "gradients/*,weights/*". */
export function histogramCard(view, wanted, title) {
  const { signal } = view;
  const host = h("div"), tools = h("div", { class: "row" }), note = h("span");
  let names = [], name = null, kind = "heatmap", chart = null;

  const question = (query) => get(`/v1/jobs/${view.job.id}/histograms?${new URLSearchParams(query)}`, signal);
  const steps = new Steps((query) => question({ name, ...query }));
  const zoom = {
    by: (factor) => {
      const under = chart.across && chart.cursor ? steps.entries[chart.cursor[0]] : null;
      const at = under?.step ?? (steps.span[0] + steps.span[1]) / 2;
      if (steps.zoom(factor, at)) load(true);
    },
    span: (from, to) => { steps.show([steps.entries[from].step, steps.entries[to].step]); load(true); },
  };
  const buttons = [["−", "Zoom out", 2], ["+", "Zoom in", 0.5], ["Whole run", "Show the whole run", Infinity]].map(([text, label, factor]) =>
    h("button", { type: "button", class: "small", "aria-label": `${label}: ${title}`, onclick: () => zoom.by(factor) }, text));
  const draw = () => {
    const { entries } = steps, [, , Chart, show] = VIEWS.find(([key]) => key === kind);
    if (!entries.length) return;
    if (!(chart instanceof Chart)) {
      chart = new Chart(`${title}: ${name}`, signal, { height: 330, zoom });
      replace(host, chart.node);
    }
    show(chart, entries);
    buttons[0].disabled = buttons[2].disabled = !steps.part;
    buttons[1].disabled = entries.length < 3;
    note.textContent = `${describe(name)}. ${entries.length} steps from ${number(steps.first)} to ${number(steps.last)}${steps.part ? ", a part of the run" : ""}, `
      + `${number(entries.at(-1).count)} values each; bins are between powers of two.${chart.across ? " Draw over a part to see more of it." : ""}`;
  };
  const load = async (anyway) => { if (await steps.load() || anyway) draw(); };
  const start = () => { steps.show(null); return load(true); };
  const refresh = async () => {
    if (name) { await load(false); return; }
    const newest = await question({ name: wanted, order: "desc", max_steps: 1 });
    names = newest.data.map((e) => e.name);
    if (!names.length) {
      replace(host, empty("Nothing yet", "There is a histogram every diagnostics.every_steps steps; with 0 there is none."));
      return;
    }
    [name] = names;
    replace(tools, choice("of", names, name, (v) => { name = v; start(); }),
      segments("View", VIEWS.map(([key, text]) => [key, text]), kind, (v) => { kind = v; draw(); }), h("div", { class: "row zoom" }, buttons));
    await start();
  };
  const node = figure({
    title, tools, note, file: `${view.job.id}-histogram`,
    rows: () => [["step", "epoch", "name", "left", "right", "count"], ...steps.entries.flatMap((e) => triples(e).map((t) => [e.step, e.epoch, e.name, ...t]))],
    value: () => steps.entries.map((e) => ({ ...e, triples: triples(e) })), chart: () => chart,
  }, host);
  return { node, refresh };
}
