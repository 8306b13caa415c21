// SPDX-License-Identifier: MIT
// The layers of a job: a list to add to, take from and move in.
import { h } from "../dom.js";
import { chosen, field, kindFields, paramField, selectField, textField } from "./fields.js";
import { neuronFields, surrogateFields } from "./neuron.js";

const NEURONS = { kind: "as its kind", none: "none", own: "own" };

const presence = (layer) => (layer.neuron === undefined ? "kind" : layer.neuron === null ? "none" : "own");

function neuronChoice(form, path, layer, kind) {
  const said = presence(layer);
  const text = { ...NEURONS, kind: kind.carries_neuron ? "the job's" : "none, as its kind" };
  return field(form, path, "neuron", () => h("select", {
    onchange: (e) => form.draft.set(path, { kind: undefined, none: null, own: {} }[e.target.value], "kind"),
  }, Object.keys(NEURONS).map((k) => h("option", { value: k, selected: k === said }, text[k]))));
}

function move(form, i, by) {
  const layers = [...form.draft.job.layers];
  const [layer] = layers.splice(i, 1);
  layers.splice(i + by, 0, layer);
  form.draft.set(["layers"], layers, "kind");
}

function layerCard(form, i, n) {
  const base = ["layers", i];
  const layer = form.draft.get(base) ?? {};
  const kind = chosen(form, "layers", [...base, "kind"]);
  const name = layer.name || `layer${i + 1}`;
  const button = (text, label, f, off) =>
    h("button", { type: "button", class: "quiet small", "aria-label": `${label} ${name}`, disabled: off, onclick: f }, text);
  return h("li", { class: "layer" },
    h("div", { class: "row spread" }, h("h3", null, name, " ", h("small", null, kind.doc)),
      h("div", { class: "row" }, button("↑", "Move up", () => move(form, i, -1), i === 0),
        button("↓", "Move down", () => move(form, i, 1), i === n - 1),
        button("Remove", "Remove", () => form.draft.set(base, undefined, "kind")))),
    h("div", { class: "fields" },
      kindFields(form, "layers", base), textField(form, [...base, "name"], "name", { placeholder: `layer${i + 1}` }),
      neuronChoice(form, [...base, "neuron"], layer, kind)),
    kind.params.some((p) => p.name === "weight_scale") && layer.initialisation
      ? h("div", { class: "fields" }, kindFields(form, "initialisers", [...base, "initialisation"], "kind", "", "initialisation")) : null,
    presence(layer) === "own" ? h("div", { class: "own" }, neuronFields(form, [...base, "neuron"]),
      h("div", { class: "fields" }, ownSurrogate(form, [...base, "neuron"]))) : null);
}

/* Without a surrogate of its own a layer has the job's, scale and all. */
function ownSurrogate(form, base) {
  const rows = form.catalog.surrogates;
  const own = form.draft.get([...base, "surrogate"]);
  if (own !== undefined) return surrogateFields(form, base);
  return [selectField(form, [...base, "surrogate"], "surrogate", [["", "as the job"], ...rows.map((r) => r.name)], { fallback: "" }),
    paramField(form, [...base, "surrogate_scale"], { name: "surrogate_scale", type: "number", default: null, min: 0, max: 1e6, doc: "as the job's unless given" })];
}

export function layersEditor(form) {
  const layers = form.draft.job.layers;
  const list = Array.isArray(layers) ? layers : [];
  const units = list.findLast?.((l) => l?.units)?.units ?? 10;
  return [
    h("ol", { class: "layers" }, list.map((_, i) => layerCard(form, i, list.length))),
    h("button", { type: "button", onclick: () => form.draft.set(["layers"], [...list, { kind: "dense", units }], "kind") }, "Add a layer"),
  ];
}
