// SPDX-License-Identifier: MIT
// The form as sections, in the order in which one thinks of a network.
import { h } from "../dom.js";
import { bytes, count } from "../format.js";
import { field, kindFields, limit, paramField, selectField, textField } from "./fields.js";
import { layersEditor } from "./layers.js";
import { neuronFields, surrogateFields } from "./neuron.js";

const section = (title, ...content) => h("fieldset", { class: "card section" }, h("legend", null, title), content);
const fields = (...list) => h("div", { class: "fields" }, list);
const limits = (form, group, names) => names.map((n) => paramField(form, [group, n], limit(form, `${group}.${n}`)));

function metadataField(form) {
  const now = Object.entries(form.draft.get(["metadata"]) ?? {}).map(([k, v]) => `${k}=${v}`).join(" ");
  return field(form, ["metadata"], "metadata", () => h("input", {
    type: "text", value: now, placeholder: "paper=fig1 try=2",
    oninput: (e) => {
      const pairs = e.target.value.split(/\s+/).filter((p) => p.includes("=")).map((p) => [p.slice(0, p.indexOf("=")), p.slice(p.indexOf("=") + 1)]);
      form.draft.set(["metadata"], pairs.length ? Object.fromEntries(pairs) : undefined, "form");
    },
  }));
}

function datasetFields(form) {
  const { draft, datasets } = form;
  const now = draft.get(["dataset"]) ?? {};
  const set = datasets.find((d) => d.name === now.name || d.id === now.id);
  const names = datasets.map((d) => [d.name, d.status === "ready" ? d.name : `${d.name} (incomplete)`]);
  if (!set) names.unshift([now.name ?? now.id ?? "", now.name ?? now.id ?? "choose one"]);
  const select = field(form, ["dataset"], "data set", () => h("select", {
    onchange: (e) => draft.set(["dataset"], { name: e.target.value }, "kind"),
  }, names.map(([value, text]) => h("option", { value, selected: value === (set?.name ?? now.name ?? "") }, text))));
  const facts = set?.samples ? `${count(set.samples.train, "training sample")}, ${count(set.samples.test, "test sample")} of ` +
    `${set.shape.join(" × ")}, ${count(set.classes, "class").replace("classs", "classes")}, ${bytes(set.bytes)}` : set?.reason ?? "";
  return [select, h("p", { class: "muted wide" }, facts)];
}

export function sections(form, surrogate) {
  return [
    section("Job", fields(textField(form, ["name"], "name", { placeholder: "a name to find it by" }),
      paramField(form, ["seed"], { ...limit(form, "seed"), default: 0, doc: "everything random follows from it" }),
      paramField(form, ["priority"], { ...limit(form, "priority"), default: 0, doc: "higher is sooner" }), metadataField(form))),
    section("Data and encoding", fields(datasetFields(form)),
      fields(kindFields(form, "encoders", ["encoding"], "kind", "", "encoding"),
        paramField(form, ["encoding", "time_steps"], limit(form, "encoding.time_steps")))),
    section("Neuron", neuronFields(form, ["neuron"])),
    section("Surrogate", fields(surrogateFields(form, ["neuron"]), surrogate.node)),
    section("Layers", layersEditor(form),
      h("details", { open: Boolean(form.draft.get(["initialisation"])) }, h("summary", null, "Initial weights of all layers"),
        fields(kindFields(form, "initialisers", ["initialisation"], "kind", "", "initialisation")))),
    section("Readout and loss", fields(kindFields(form, "readouts", ["readout"], "kind", "", "readout"),
      kindFields(form, "losses", ["training", "loss"], "kind", "", "loss"))),
    section("Training", fields(limits(form, "training", ["epochs", "batch_size", "validation_fraction", "patience"]),
      kindFields(form, "optimizers", ["training", "optimizer"], "kind", "", "optimizer")),
    h("details", { open: hasMore(form) }, h("summary", null, "Schedule, clipping, penalties"),
      fields(kindFields(form, "schedules", ["training", "schedule"], "kind", "", "schedule"),
        selectField(form, ["training", "sampling"], "sampling", form.catalog.samplings.map((s) => s.name), { fallback: "shuffled", remake: false }),
        limits(form, "training", ["clip_norm", "clip_value", "rate_penalty", "rate_below", "rate_above", "shards"])))),
    section("Diagnostics", fields(paramField(form, ["diagnostics", "every_steps"], limit(form, "diagnostics.every_steps")))),
  ];
}

const MORE = ["schedule", "sampling", "clip_norm", "clip_value", "rate_penalty", "rate_below", "rate_above", "shards"];
const hasMore = (form) => MORE.some((k) => form.draft.get(["training", k]) !== undefined);
