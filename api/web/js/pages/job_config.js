// SPDX-License-Identifier: MIT
// The job as it was sent, and the plan that the daemon makes of it.
import { get, send } from "../api.js";
import { layOut } from "../form/draft.js";
import { h, replace } from "../dom.js";
import { bytes, number } from "../format.js";
import { tile } from "../parts.js";

const shown = (v) => (v === null ? "–" : typeof v === "object" ? JSON.stringify(v) : String(v));

function layerTable(layers) {
  const keys = [...new Set(layers.flatMap((l) => Object.keys(l.neuron ?? {})))].filter((k) => k !== "learn" && layers.some((l) => l.neuron?.[k] !== null && l.neuron));
  return h("div", { class: "scroll" }, h("table", null, h("caption", { class: "unseen" }, "What each layer's neuron is"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Neuron"), layers.map((l) => h("th", { scope: "col" }, `${l.name} (${l.kind})`)))),
    h("tbody", null, keys.map((k) => h("tr", null, h("th", { scope: "row" }, k.replaceAll("_", " ")),
      layers.map((l) => h("td", null, l.neuron ? shown(l.neuron[k] ?? null) : "–")))))));
}

export async function show(panel, view) {
  const config = await get(`/v1/jobs/${view.job.id}/config`, view.signal);
  const plan = await send("POST", "/v1/jobs/validate", config, view.signal).catch(() => null);
  const r = view.job.resources;
  replace(panel,
    plan?.layers ? h("section", { class: "card" }, h("header", null, h("h2", null, "Plan")),
      h("dl", { class: "tiles" }, tile("Parameters", number(plan.parameters)), tile("Steps", number(plan.steps)),
        tile("Steps an epoch", number(plan.steps_per_epoch)), tile("Memory", bytes(plan.memory_bytes)),
        tile("Samples", number(plan.samples.train), h("small", null, ` train, ${number(plan.samples.validation)} valid., ${number(plan.samples.test)} test`)),
        tile("Instruction set", r.instruction_set ?? "–", h("small", null, ` ${r.blas ?? ""}`))),
      layerTable(plan.layers)) : null,
    h("section", { class: "card" }, h("header", null, h("h2", null, "Config"),
      h("a", { class: "button small", href: `#/new?from=${view.job.id}` }, "Edit as new")), h("pre", null, layOut(config))),
    view.job.model ? h("section", { class: "card" }, h("header", null, h("h2", null, "Model")),
      h("p", null, "SHA-256 of the tensors: ", h("code", { class: "break" }, view.job.model.sha256))) : null);
}
