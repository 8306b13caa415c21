// SPDX-License-Identifier: MIT
// What POST /v1/jobs/validate says of the draft, as it is typed: at the fields and in words.
import { send } from "../api.js";
import { h, later, replace } from "../dom.js";
import { bytes, number } from "../format.js";
import { tile } from "../parts.js";
import { firstOf } from "./sweep.js";

/* The field of an error, or of the nearest object around it that the form shows. */
function nearest(fields, at) {
  for (let place = at; place; place = place.slice(0, place.lastIndexOf("/")))
    if (fields.has(place)) return fields.get(place);
  return null;
}

const listed = (kind, list) => (list.length ? h("div", { class: kind }, h("ul", null,
  list.map((e) => h("li", null, e.pointer ? [h("code", null, e.pointer), " "] : null, e.detail)))) : null);

export class Verdict {
  /** `changed(valid)` after each answer. */
  constructor(form, signal, changed) {
    Object.assign(this, { form, signal, changed, valid: false });
    this.node = h("section", { class: "stack", "aria-label": "What the daemon says of it", "aria-live": "polite" });
    this.ask = later(220, () => this.fetch());
    this.turn = 0;
  }
  async fetch() {
    const turn = ++this.turn;
    const { job, sweep } = this.form.draft;
    let answer;
    try {
      answer = await send("POST", "/v1/jobs/validate", sweep ? firstOf(job, sweep) : job, this.signal);
    } catch (error) {
      if (this.signal.aborted) return;
      answer = { valid: false, errors: error.errors?.length ? error.errors : [{ detail: error.message }], warnings: [] };
    }
    if (turn === this.turn) this.show(answer);
  }
  show(answer) {
    for (const f of this.form.fields.values()) f.fail(null);
    const unplaced = answer.errors.filter((e) => {
      const f = nearest(this.form.fields, e.pointer ?? "");
      f?.fail(e.detail);
      return !f;
    });
    this.valid = answer.valid;
    replace(this.node,
      h("dl", { class: "tiles" }, tile("Parameters", number(answer.parameters)), tile("Memory", bytes(answer.memory_bytes)),
        tile("Steps", number(answer.steps)), tile("Multiply-adds", number(answer.multiply_adds_per_sample), h("small", null, " a sample"))),
      answer.valid ? null : h("p", { class: "problem" }, answer.errors.length === 1 ? `1 field is wrong: ${answer.errors[0].detail}` : `${answer.errors.length} fields are wrong.`),
      answer.errors.length > 1 ? listed("problem", unplaced) : null, listed("hint", answer.warnings ?? []));
    this.changed(answer.valid);
  }
}
