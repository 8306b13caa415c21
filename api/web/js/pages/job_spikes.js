// SPDX-License-Identifier: MIT
// The trained network on one sample of the data, spike by spike.
import { get, Problem } from "../api.js";
import { figure } from "../charts/figure.js";
import { Raster } from "../charts/raster.js";
import { seriesColor } from "../charts/palette.js";
import { empty, h, replace } from "../dom.js";
import { number } from "../format.js";
import { choice } from "../parts.js";
import { samplePicture } from "../sample.js";

function bandsOf(spikes) {
  const { input } = spikes;
  const first = input.constant
    ? { name: "input", noun: "value", constant: input.constant, rows: input.units, units: input.units, stride: 1 }
    : { name: "input", noun: "unit", ...input, rows: Math.ceil(input.units / input.stride) };
  return [first, ...spikes.layers.filter((l) => l.units).map((l) => ({ ...l, rows: Math.ceil(l.units / l.stride) }))];
}

/* What the readout gives each class, as bars from the least. */
function scores(spikes) {
  const low = Math.min(...spikes.scores), span = Math.max(...spikes.scores) - low || 1;
  return h("ol", { class: "scores", start: 0 }, spikes.scores.slice(0, 32).map((v, k) => {
    const bar = h("i");
    bar.style.setProperty("width", `${(100 * (v - low)) / span}%`);
    bar.style.setProperty("background", k === spikes.label ? seriesColor(2) : k === spikes.class ? seriesColor(4) : seriesColor(0));
    return h("li", null, h("span", null, k), h("span", { class: "score" }, bar), h("span", { class: "number" }, number(v)));
  }));
}

const verdict = (s) => h("p", { class: s.label === s.class ? "right" : "wrong" },
  s.label === s.class ? `Class ${s.label}, and taken for it.` : `Class ${s.label}, taken for ${s.class}.`);

const rows = (spikes) => [["layer", "step", "unit"], ...bandsOf(spikes).filter((b) => b.start).flatMap((b) =>
  Array.from({ length: spikes.time_steps }, (_, t) => b.unit.slice(b.start[t], b.start[t + 1]).map((k) => [b.name, t + 1, k * b.stride])).flat())];

export async function show(panel, view) {
  const raster = new Raster("Spikes over time, from the input to the output", view.signal, 560);
  const side = h("aside", { class: "card stack side" }), note = h("div", null);
  const at = h("input", { type: "number", min: 0, value: 0, "aria-label": "Sample", onchange: () => load() });
  let split = "test", spikes = null;
  const step = (by) => { at.value = Math.max(0, Number(at.value) + by); load(); };
  const load = async () => {
    const query = new URLSearchParams({ sample: at.value || 0, split });
    try {
      spikes = await get(`/v1/jobs/${view.job.id}/spikes?${query}`, view.signal);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      replace(note, empty(error.code === "no_checkpoint" ? "Not yet" : "No such picture", error.message));
      return;
    }
    replace(note);
    at.max = spikes.samples - 1;
    raster.show(bandsOf(spikes), spikes.time_steps);
    const sample = await get(`/v1/datasets/${encodeURIComponent(view.job.dataset)}/samples?split=${split}&from=${at.value}&limit=1`, view.signal).catch(() => null);
    replace(side, sample?.data[0] ? samplePicture(sample.data[0], sample.shape, 144) : null, verdict(spikes), scores(spikes));
  };
  const nextWrong = async () => {
    for (let tries = 0, i = Number(at.value) + 1; tries < 60 && i < spikes.samples; tries++, i++) {
      const s = await get(`/v1/jobs/${view.job.id}/spikes?sample=${i}&split=${split}&max_units=1`, view.signal);
      at.value = i;
      if (s.class !== s.label) break;
    }
    await load();
  };
  replace(panel, h("div", { class: "beside" }, figure({
    title: "Spikes", file: `${view.job.id}-spikes`, rows: () => rows(spikes), value: () => spikes, chart: () => raster,
    tools: h("div", { class: "row" }, choice("of the", ["test", "train"], split, (v) => { split = v; at.value = 0; load(); }),
      h("label", { class: "row" }, h("span", { class: "muted" }, "sample"), at),
      h("button", { type: "button", class: "small", "aria-label": "Sample before", onclick: () => step(-1) }, "←"),
      h("button", { type: "button", class: "small", "aria-label": "Sample after", onclick: () => step(1) }, "→"),
      h("button", { type: "button", class: "small", onclick: nextWrong }, "Next wrong")),
    note: "From the input at the bottom to the output on top; on the right the share of steps in which each neuron fires.",
  }, note, raster.node), side));
  await load();
}
