// SPDX-License-Identifier: MIT
// One job or a sweep of many: which fields differ, between which values, and how many jobs that comes to.
import { h, later, replace, setText } from "../dom.js";
import { count, number } from "../format.js";
import { words } from "./fields.js";

/* What may differ: every field of the form that says something about the training. */
const FIXED = /^\/(name|priority|metadata|dataset|seed)(\/|$)/;

const KINDS = [["values", "values"], ["choice", "random choice"], ["uniform", "random, uniform"], ["log_uniform", "random, logarithmic"], ["int", "random, whole"]];
const isRandom = (kind) => kind !== "values";
const hasValues = (kind) => kind === "values" || kind === "choice";

/* "1, 2, [3, 4]" or "sigmoid, arctan": JSON where it is some, else words. */
function readValues(text) {
  try { return JSON.parse(`[${text}]`); } catch { /* names are not quoted here */ }
  return text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
    try { return JSON.parse(part); } catch { return part; }
  });
}

const plain = (v) => (typeof v === "string" && /^[A-Za-z_][\w-]*$/.test(v) && !["true", "false", "null"].includes(v) ? v : JSON.stringify(v));
const writeValues = (values) => (Array.isArray(values) ? values.map(plain).join(", ") : "");

/** [{pointer, kind, values | min, max}] of a sweep, those of the grid first. */
export const axesOf = (sweep) => [
  ...Object.entries(sweep.grid ?? {}).map(([pointer, values]) => ({ pointer, kind: "values", values })),
  ...Object.entries(sweep.random?.parameters ?? {}).map(([pointer, p]) => ({ pointer, ...p })),
];

/* The sweep with these fields in the place of its own. */
function withAxes(sweep, axes) {
  const { grid: _, random, ...rest } = sweep;
  const fixed = axes.filter((a) => a.kind === "values"), drawn = axes.filter((a) => isRandom(a.kind));
  const next = { ...rest };
  if (fixed.length) next.grid = Object.fromEntries(fixed.map((a) => [a.pointer, a.values]));
  if (drawn.length)
    next.random = { samples: 10, ...random, parameters: Object.fromEntries(drawn.map(({ pointer, ...p }) => [pointer, p])) };
  return next;
}

/** [[how many, of what], ...]: their product is the number of jobs. */
export function factors(sweep) {
  const axes = axesOf(sweep);
  const list = axes.filter((a) => a.kind === "values").map((a) => [Array.isArray(a.values) ? a.values.length : 0, words(a.pointer.split("/").at(-1))]);
  if (axes.some((a) => isRandom(a.kind))) list.push([sweep.random.samples, "samples"]);
  if (sweep.seeds?.length) list.push([sweep.seeds.length, "seeds"]);
  return list;
}

export const jobsOf = (sweep) => factors(sweep).reduce((n, [k]) => n * (Number.isInteger(k) ? k : 0), 1);

/** The job with the first value of each field: what the daemon is asked about as it is typed. */
export function firstOf(job, sweep) {
  const first = structuredClone(job);
  for (const axis of axesOf(sweep)) {
    const value = hasValues(axis.kind) ? axis.values?.[0] : axis.min;
    const keys = axis.pointer.split("/").slice(1).map((k) => k.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop();
    const at = keys.reduce((o, k) => (typeof o[k] === "object" && o[k] !== null ? o[k] : (o[k] = {})), first);
    if (value !== undefined && last !== undefined) at[last] = value;
  }
  return first;
}

export class SweepPanel {
  constructor(form) {
    this.form = form;
    this.told = h("p", { class: "readout", role: "status" });
    this.node = h("fieldset", { class: "card section sweep" });
    /* Who chooses by typing the name must not lose the list under his fingers. */
    this.drawSoon = later(400, () => this.redraw());
    form.draft.on((from) => {
      if (from === "sweep") this.tell();
      else if (from === "sweep-kind" && document.activeElement?.tagName === "SELECT" && this.node.contains(document.activeElement)) { this.tell(); this.drawSoon(); }
      else if (from !== "form" && from !== "slider") this.redraw();
    });
    this.draw();
  }
  /* With the focus where it was. */
  redraw() {
    const at = this.node.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    this.draw();
    if (at) [...this.node.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === at)?.focus({ preventScroll: true });
  }
  get sweep() { return this.form.draft.sweep; }
  change(part, from = "sweep") { this.form.draft.setSweep({ ...this.sweep, ...part }, from); }
  setAxes(axes, from = "sweep") { this.form.draft.setSweep(withAxes(this.sweep, axes), from); }
  tell() {
    if (!this.sweep) return;
    const list = factors(this.sweep), jobs = jobsOf(this.sweep), most = this.sweep.max_jobs ?? 1000;
    const how = list.map(([n, of]) => `${Number.isInteger(n) ? number(n) : "?"} ${of}`).join(" × ");
    setText(this.told, jobs === 0 ? "A field has no value yet." : `${how ? `${how} = ` : ""}${count(jobs, "job")}${jobs > most ? `, more than the ${number(most)} that one sweep may have` : ""}.`);
  }
  /* Fields that do not differ yet, of those that the form shows. */
  free(but) {
    const taken = new Set(axesOf(this.sweep).map((a) => a.pointer));
    return [...new Set([but, ...this.form.fields.keys()])].filter((p) => p && (p === but || !taken.has(p)) && !FIXED.test(p));
  }
  /* Something to begin with: the names there are, or half and twice of what it is. */
  suggest(pointer) {
    const input = this.form.fields.get(pointer)?.input;
    if (input?.tagName === "SELECT") return [...input.options].map((o) => o.value).filter(Boolean).slice(0, 3);
    if (input?.type === "checkbox") return [false, true];
    const now = Number(input?.value || input?.placeholder || NaN);
    if (!Number.isFinite(now)) return [];
    if (now === 0) return [0];
    return Number.isInteger(now) ? [...new Set([Math.max(1, Math.round(now / 2)), now, now * 2])] : [now / 2, now, now * 2].map((v) => Number(v.toPrecision(3)));
  }
  add() {
    const pointer = ["/neuron/surrogate", "/neuron/surrogate_scale", "/training/optimizer/learning_rate", ...this.free()].find((p) => this.free().includes(p));
    if (pointer) this.setAxes([...axesOf(this.sweep), { pointer, kind: "values", values: this.suggest(pointer) }], "sweep-kind");
  }
  /* The focus goes to what comes in the place of the button that was pressed. */
  begin() {
    this.form.draft.setSweep({ name: this.form.draft.get(["name"]) ?? "sweep", seeds: [1, 2, 3] }, "sweep-kind");
    this.add();
    this.node.querySelector("select")?.focus();
  }
  labelled(text, control, wide) {
    return h("label", { class: `field${wide ? " wide" : ""}` }, h("span", { class: "muted" }, text), control);
  }
  input(value, read, attributes) {
    return h("input", { type: "text", value, autocomplete: "off", spellcheck: false, oninput: (e) => read(e.target.value.trim()), ...attributes });
  }
  axisRow(axis, i) {
    const put = (part, from) => this.setAxes(axesOf(this.sweep).map((a, k) => (k === i ? { ...a, ...part } : a)), from);
    const asNumber = (key) => (text) => put({ [key]: text === "" ? undefined : Number.isNaN(Number(text)) ? text : Number(text) });
    const restart = (pointer, kind) => {
      const values = this.suggest(pointer), numbers = values.filter((v) => typeof v === "number");
      const next = hasValues(kind) ? { values } : { min: Math.min(...numbers, 1), max: Math.max(...numbers, 2) };
      this.setAxes(axesOf(this.sweep).map((a, k) => (k === i ? { pointer, kind, ...next } : a)), "sweep-kind");
    };
    return h("li", { class: "axis" },
      this.labelled("field", h("select", { "aria-label": `Field ${i + 1} that differs`, onchange: (e) => restart(e.target.value, axis.kind) },
        this.free(axis.pointer).map((p) => h("option", { value: p, selected: p === axis.pointer }, words(p.slice(1).replaceAll("/", " · ")))))),
      this.labelled("how", h("select", { "aria-label": `How ${axis.pointer} differs`, onchange: (e) => restart(axis.pointer, e.target.value) },
        KINDS.map(([key, text]) => h("option", { value: key, selected: key === axis.kind }, text)))),
      hasValues(axis.kind) ? this.labelled("values", this.input(writeValues(axis.values), (text) => put({ values: readValues(text) }), { "aria-label": `Values of ${axis.pointer}` }), true)
        : [this.labelled("from", this.input(axis.min ?? "", asNumber("min"), { "aria-label": `Least ${axis.pointer}`, inputMode: "decimal" })),
          this.labelled("to", this.input(axis.max ?? "", asNumber("max"), { "aria-label": `Greatest ${axis.pointer}`, inputMode: "decimal" }))],
      h("button", { type: "button", class: "quiet small", "aria-label": `Remove ${axis.pointer}`, onclick: () => this.setAxes(axesOf(this.sweep).filter((_, k) => k !== i), "sweep-kind") }, "Remove"));
  }
  halving() {
    const stop = this.sweep.early_stopping;
    const put = (key) => (text) => this.change({ early_stopping: { ...this.sweep.early_stopping, [key]: Number(text) } });
    return h("div", { class: "fields" },
      h("label", { class: "field check wide" }, h("input", { type: "checkbox", checked: Boolean(stop), onchange: (e) =>
        this.change({ early_stopping: e.target.checked ? { kind: "successive_halving", epochs: 2, factor: 3 } : undefined }, "sweep-kind") }),
      h("span", null, "Stop the worse ones early (successive halving)")),
      stop ? [this.labelled("first compared after epochs", this.input(stop.epochs, put("epochs"), { inputMode: "numeric" })),
        this.labelled("of which one in so many goes on", this.input(stop.factor, put("factor"), { inputMode: "numeric" }))] : null);
  }
  draw() {
    const { sweep } = this;
    if (!sweep) {
      replace(this.node, h("legend", null, "One job, or a sweep"),
        h("p", { class: "muted" }, "A sweep trains a job for each combination of what differs, and ranks them."),
        h("button", { type: "button", onclick: () => this.begin() }, "Make it a sweep"));
      return;
    }
    const axes = axesOf(sweep);
    replace(this.node, h("legend", null, "Sweep"),
      h("ol", { class: "axes" }, axes.map((a, i) => this.axisRow(a, i))),
      h("div", { class: "row" }, h("button", { type: "button", onclick: () => this.add() }, "Add a field"),
        h("button", { type: "button", class: "quiet", onclick: () => this.form.draft.setSweep(null, "sweep-kind") }, "Back to one job")),
      h("div", { class: "fields" },
        this.labelled("name of the sweep", this.input(sweep.name ?? "", (text) => this.change({ name: text || undefined }))),
        this.labelled("seeds", this.input((sweep.seeds ?? []).join(", "), (text) => this.change({ seeds: text ? readValues(text) : undefined }), { placeholder: "the job's own", "aria-label": "Seeds of each combination" })),
        axes.some((a) => isRandom(a.kind)) ? this.labelled("samples", this.input(sweep.random.samples ?? "", (text) => this.change({ random: { ...this.sweep.random, samples: Number(text) } }), { inputMode: "numeric", "aria-label": "Random samples" })) : null),
      this.halving(), this.told);
    this.tell();
  }
}
