// SPDX-License-Identifier: MIT
// A new job: a form made of the catalog, its JSON beside it, and what the daemon says of both.
import { get, send } from "../api.js";
import { failure, h, later, replace, setText, toast } from "../dom.js";
import { count } from "../format.js";
import { go } from "../router.js";
import { Draft } from "../form/draft.js";
import { sections } from "../form/sections.js";
import { SurrogatePanel } from "../form/surrogate.js";
import { jobsOf, SweepPanel } from "../form/sweep.js";
import { Verdict } from "../form/verdict.js";

const START = "digits-arctan.json";

/* What to start from: the job ?from=ID, a draft handed over by another page, or an example. */
async function firstJob(query, signal) {
  const from = query.get("from");
  if (from) return get(`/v1/jobs/${encodeURIComponent(from)}/config`, signal);
  const draft = sessionStorage.getItem("draft");
  sessionStorage.removeItem("draft");
  return draft ? JSON.parse(draft) : get(`/web/examples/${query.get("example") ?? START}`, signal);
}

/* In single quotes, as a shell wants it: a quote inside ends them, is quoted itself, and begins them again. */
const curlLine = (draft) =>
  `curl -sS ${location.origin}${draft.route} -H 'Content-Type: application/json' -d '${draft.text().replaceAll("'", "'\\''")}'`;

function jsonView(draft) {
  const error = h("p", { class: "problem", hidden: true, id: "json-error", role: "alert" });
  const area = h("textarea", {
    id: "json", rows: 22, spellcheck: false, autocomplete: "off", "aria-describedby": "json-error",
    oninput: () => {
      try {
        const job = JSON.parse(area.value);
        if (typeof job !== "object" || job === null || Array.isArray(job)) throw new Error("A job is an object: { … }");
        error.hidden = true;
        area.removeAttribute("aria-invalid");
        draft.replace(job, "json");
      } catch (e) {
        error.hidden = false;
        error.textContent = e.message;
        area.setAttribute("aria-invalid", "true");
      }
    },
  });
  draft.on((from) => {
    if (from === "json") return;
    area.value = draft.text();
    error.hidden = true;
    area.removeAttribute("aria-invalid");
  });
  return [h("label", { htmlFor: "json", class: "unseen" }, "The job or sweep as JSON"), area, error];
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("The browser does not let this page use the clipboard.", true);
  }
}

/* The form anew, with the focus where it was. */
function remake(form, host, surrogate) {
  const at = document.activeElement?.dataset?.pointer;
  const open = [...host.querySelectorAll("details")].map((d) => d.open);
  form.fields.clear();
  replace(host, sections(form, surrogate));
  [...host.querySelectorAll("details")].forEach((d, i, all) => { if (all.length === open.length) d.open = open[i] || d.open; });
  if (at) form.fields.get(at)?.input.focus({ preventScroll: true });
}

export async function show({ root, query, signal, title }) {
  title("New job");
  const [catalog, datasets, examples, job] = await Promise.all([
    get("/v1/catalog", signal), get("/v1/datasets?limit=100", signal), get("/web/examples/index.json", signal), firstJob(query, signal),
  ]);
  const form = { draft: new Draft(job), catalog, datasets: datasets.data, fields: new Map() };
  const { draft } = form;
  const submit = h("button", { type: "submit", class: "main" }, "Train");
  const refused = h("div");
  const surrogate = new SurrogatePanel(form, signal);
  const verdict = new Verdict(form, signal, (valid) => { submit.disabled = !valid; });
  const host = h("div", { class: "stack" });
  const sweep = new SweepPanel(form);

  /* Who chooses by typing the name must not lose the list under his fingers. */
  const remakeSoon = later(400, () => remake(form, host, surrogate));
  draft.on((from) => {
    if (from === "kind" && document.activeElement?.tagName === "SELECT") remakeSoon();
    else if (from === "kind" || from === "json") remake(form, host, surrogate);
    const scale = form.fields.get("/neuron/surrogate_scale");
    if (from === "slider" && scale) scale.input.value = draft.get(["neuron", "surrogate_scale"]);
    surrogate.update(from);
    setText(submit, draft.sweep ? `Train ${count(jobsOf(draft.sweep), "job")}` : "Train");
    replace(refused); // it was said of what is another draft now
    verdict.ask();
  });
  const example = h("select", {
    "aria-label": "Start from an example",
    onchange: async (e) => {
      if (!e.target.value) return;
      draft.replace(await get(`/web/examples/${e.target.value}`, signal), "example");
      remake(form, host, surrogate);
    },
  }, h("option", { value: "" }, "Start from an example…"), examples.map((f) => h("option", { value: f }, f.replace(".json", ""))));

  replace(root,
    h("form", {
      class: "new", noValidate: true, autocomplete: "off",
      onsubmit: async (e) => {
        e.preventDefault();
        submit.disabled = true;
        try {
          const made = await send("POST", draft.route, draft.text(), signal);
          go(`${draft.sweep ? "sweep" : "job"}/${made.id}`);
        } catch (error) { replace(refused, failure(error)); submit.disabled = false; }
      },
    },
    h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "New job"), h("p", { class: "sub" }, "Only a data set and layers must be given; every other field shows its default. At the end of the form it can be made a sweep.")),
      example, submit),
    h("div", { class: "beside" }, h("div", { class: "stack" }, host, sweep.node),
      h("aside", { class: "stack" }, refused, verdict.node,
        h("section", { class: "card" }, h("header", null, h("h2", null, "JSON"),
          h("button", { type: "button", class: "quiet small", onclick: () => copy(draft.text()) }, "Copy"),
          h("button", { type: "button", class: "quiet small", onclick: () => copy(curlLine(draft)) }, "Copy as curl")),
        jsonView(draft))))));
  remake(form, host, surrogate);
  draft.tell("start");
  if (query.has("sweep") && !draft.sweep) sweep.begin();
}
