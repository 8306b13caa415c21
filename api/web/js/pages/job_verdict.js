// SPDX-License-Identifier: MIT
// Why a job learns or does not, in words, and the knob to turn: one click makes the job with it.
import { send } from "../api.js";
import { h, replace, toast } from "../dom.js";
import { capital, number } from "../format.js";
import { badge, jobTitle } from "../parts.js";
import { go } from "../router.js";

const words = (name) => name.replaceAll("_", " ");
const title = (name) => capital(words(name));
const value = (v) => (typeof v === "number" ? number(v) : String(v ?? "default"));

/* Makes the job once more with these changes, and goes there. */
async function retry(job, changes, button) {
  button.disabled = true;
  try {
    const made = await send("POST", `/v1/jobs/${job.id}/retry`, { changes });
    toast(`${jobTitle(job)} is queued again with ${Object.keys(changes).length === 1 ? "the change" : "the changes"}.`);
    go(`job/${made.id}`);
  } catch (error) {
    button.disabled = false;
    toast(error.message, true);
  }
}

const applyButton = (job, text, changes, main) =>
  h("button", { type: "button", class: main ? "main small" : "small", onclick: (e) => retry(job, changes, e.target) }, text);

function suggestion(job, s) {
  if (!s) return null;
  return h("div", { class: "knob" },
    h("div", { class: "grow" }, h("code", null, s.pointer), " ", h("span", { class: "from" }, value(s.from)), " → ", h("strong", null, value(s.to)),
      h("small", null, s.why)),
    applyButton(job, "Apply", { [s.pointer]: s.to }, true));
}

const evidence = (f) => h("dl", { class: "facts" }, Object.entries(f.evidence).map(([name, v]) =>
  h("div", null, h("dt", null, words(name)), h("dd", null, value(v)))));

const finding = (job, f) => h("li", { dataset: { severity: f.severity } },
  h("h3", null, title(f.rule), " ", f.layer ? h("span", { class: "tag" }, f.layer) : null, " ", h("span", { class: "severity" }, f.severity)),
  h("p", null, f.sentence), evidence(f), suggestion(job, f.suggestion));

const explained = (list) => (list.length ? h("details", null,
  h("summary", null, list.length === 1 ? "1 more finding, explained by it" : `${list.length} more findings, explained by it`),
  h("ul", null, list.map((f) => h("li", null, h("strong", null, title(f.rule)), " ", f.sentence)))) : null);

/* All that is suggested, where there is more than one knob. */
function applyAll(job, findings) {
  const changes = Object.fromEntries(findings.filter((f) => f.suggestion).map((f) => [f.suggestion.pointer, f.suggestion.to]));
  const n = Object.keys(changes).length;
  return n > 1 ? applyButton(job, `Apply all ${n}`, changes, false) : null;
}

const severity = (findings) => (findings.some((f) => f.severity === "critical") ? "failed" : findings.length ? "paused" : "succeeded");
const NAMES = { failed: "critical", paused: "warning", succeeded: "healthy" };

function card(job) {
  const { findings, step, summary } = job.verdict;
  const status = severity(findings), roots = findings.filter((f) => !f.because);
  const mark = badge(status);
  mark.textContent = NAMES[status];
  return h("section", { class: "card verdict", "aria-label": "Verdict" },
    h("header", null, h("h2", null, "Verdict ", mark), h("small", { class: "muted" }, `at step ${step}`), applyAll(job, findings)),
    findings.length ? h("ol", null, roots.map((f) => finding(job, f))) : h("p", null, `${title(summary)}.`),
    explained(findings.filter((f) => f.because)));
}

/** A card that paints itself anew where the verdict is another one, and else leaves the reader alone. */
export class VerdictCard {
  constructor() {
    this.node = h("div");
    this.shown = "null";
  }
  update(job) {
    const { step, ...rest } = job.verdict ?? {};
    const now = JSON.stringify([job.verdict ? rest : null, job.verdict && !rest.findings.length ? 0 : step]);
    if (now === this.shown) return;
    this.shown = now;
    const open = this.node.querySelector("details")?.open;
    replace(this.node, job.verdict ? card(job) : null);
    const details = this.node.querySelector("details");
    if (open && details) details.open = true;
  }
}
