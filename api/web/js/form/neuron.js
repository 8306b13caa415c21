// SPDX-License-Identifier: MIT
// The neuron of a job, or what a layer overrides of it.
import { h } from "../dom.js";
import { chosen, kindFields, limit, listField, paramField, selectField, words } from "./fields.js";

/* What can be learned of this model, and of fractional order of this solver. */
function learnables(form, base, model, fractional) {
  const known = new Set(model.params.map((p) => p.name));
  return form.catalog.learnables
    .filter((l) => known.has(l.name) || (fractional && (l.name === "alpha" || l.name === "coefficients")))
    .map((l) => selectField(form, [...base, "learn", l.name], `learn ${words(l.name)}`,
      [["", "no"], ...l.per.map((p) => [p, `per ${p}`])], { fallback: "", remake: true, doc: `whether ${words(l.name)} is trained` }));
}

/** `base` is ["neuron"] or ["layers", i, "neuron"]; what a layer leaves out is the job's. */
export function neuronFields(form, base) {
  const at = (key) => (form.draft.get([...base, key]) === undefined && base.length > 1 ? ["neuron", key] : [...base, key]);
  const model = chosen(form, "neurons", at("model"));
  const solver = chosen(form, "solvers", at("solver"));
  const fractional = solver.name !== "euler";
  const learns = form.draft.get(at("learn")) ?? {};
  const plain = model.params.filter((p) => p.type !== "boolean"), flags = model.params.filter((p) => p.type === "boolean");
  const pick = (registry, key) => {
    const rows = form.catalog[registry];
    const own = rows.find((r) => r.default)?.name;
    return selectField(form, [...base, key], key, base.length > 1 ? [["", "as the job"], ...rows.map((r) => r.name)] : rows.map((r) => r.name),
      { fallback: base.length > 1 ? "" : own, doc: chosen(form, registry, at(key)).doc });
  };
  return [
    h("div", { class: "fields" },
      pick("neurons", "model"), plain.map((p) => paramField(form, [...base, p.name], inherited(form, base, p))),
      pick("resets", "reset"), pick("solvers", "solver"),
      fractional ? [listField(form, [...base, "alpha"], limit(form, "neuron.alpha")),
        solver.name === "gl" && listField(form, [...base, "coefficients"], limit(form, "neuron.coefficients")),
        paramField(form, [...base, "memory"], { ...limit(form, "neuron.memory"), required: false })] : null,
      flags.map((p) => paramField(form, [...base, p.name], inherited(form, base, p)))),
    h("details", { class: "learned", open: Object.keys(learns).length > 0 },
      h("summary", null, "Learned constants"),
      h("div", { class: "fields" }, learnables(form, base, model, fractional),
        Object.keys(learns).length ? paramField(form, [...base, "learning_rate"], limit(form, "neuron.learning_rate"), "their learning rate") : null)),
  ];
}

/* In a layer the value to be had without a word is the job's. */
function inherited(form, base, p) {
  const job = base.length > 1 ? form.draft.get(["neuron", p.name]) : undefined;
  return job === undefined ? p : { ...p, default: job };
}

/** The surrogate alone, which has its picture beside it. */
export const surrogateFields = (form, base) => kindFields(form, "surrogates", base, "surrogate", "surrogate_", "surrogate");
