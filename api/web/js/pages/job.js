// SPDX-License-Identifier: MIT
// One job: what it is at, and behind the tabs why it learns or does not.
import { get } from "../api.js";
import { failure, h, paced, replace, replaceActions, setText } from "../dom.js";
import { ago, bytes, DASH, duration, number, percent, spent, when } from "../format.js";
import { live } from "../live.js";
import { actionButtons, badge, isOver, jobTitle, leaving, shortId, tabs, tile } from "../parts.js";
import { go, href } from "../router.js";

const TABS = [["overview", "Overview"], ["gradients", "Gradients"], ["activity", "Activity"], ["spikes", "Spikes"], ["confusion", "Confusion"],
  ["config", "Config"], ["events", "Events"]];
const parts = {
  overview: () => import("./job_overview.js"),
  gradients: () => import("./job_gradients.js"),
  activity: () => import("./job_activity.js"),
  spikes: () => import("./job_spikes.js"),
  confusion: () => import("./job_confusion.js"),
  config: () => import("./job_config.js"),
  events: () => import("./job_events.js"),
};

const accuracy = (job, kind) => percent(job.metrics[`${kind}_accuracy`]);

function tiles(job) {
  const p = job.progress;
  const rate = p.samples_per_second === null ? DASH : number(Math.round(p.samples_per_second));
  return [
    tile("Train", accuracy(job, "train"), h("small", null, ` loss ${number(job.metrics.train_loss)}`)),
    tile("Validation", accuracy(job, "validation"), h("small", null, ` loss ${number(job.metrics.validation_loss)}`)),
    tile("Test", accuracy(job, "test"), h("small", null, ` loss ${number(job.metrics.test_loss)}`)),
    tile("Epoch", number(p.epoch), " ", h("small", null, `of ${number(p.epochs)}`)),
    tile("Samples a second", rate),
    isOver(job.status) ? tile("Took", spent(job)) : tile("Left", p.eta_seconds === null ? DASH : duration(p.eta_seconds)),
    tile("Memory", bytes(job.resources.memory_bytes), h("small", null, ` ${job.resources.threads} thr.`)),
  ];
}

/* The head and the figures; update() paints what a job has become. */
function header(view) {
  const status = h("span"), actions = h("div", { class: "row" }), error = h("div");
  const bar = h("progress", { max: 1, "aria-label": "progress" });
  const figures = h("dl", { class: "tiles" });
  const sub = h("p", { class: "sub" });
  let shown = null;
  const update = (job) => {
    bar.value = job.progress.fraction;
    bar.className = isOver(job.status) ? "done" : "";
    replace(figures, tiles(job));
    if (shown === `${job.status} ${job.attempt}`) return;
    shown = `${job.status} ${job.attempt}`;
    replace(status, badge(job.status));
    replace(error, job.error ? h("p", { class: "problem", role: "alert" }, `${job.error.code}: ${job.error.message}`) : null);
    setText(sub, `${job.id} · ${job.dataset.replace(/^\w+:/, "")} · seed ${job.seed} · attempt ${job.attempt}`);
    replaceActions(actions, actionButtons(job, (next, action) => {
      if (action.name === "Delete") go("jobs");
      else if (next?.id === job.id) view.set(next);
    }), h("a", { class: "button small", href: href("new", { from: job.id }) }, "Edit as new"),
    h("a", { class: "button small", href: href("compare", { jobs: job.id }) }, "Compare"));
  };
  const node = h("div", { class: "stack" },
    h("div", { class: "head" }, h("div", { class: "grow" },
      h("h1", null, jobTitle(view.job), " ", status), sub,
      h("p", { class: "row" }, Object.entries(view.job.metadata).map(([k, v]) =>
        k === "retry_of" ? h("a", { class: "tag", href: href(`job/${v}`) }, `retry of ${shortId(v)}`) : h("span", { class: "tag" }, `${k}=${v}`)),
        h("small", { title: when(view.job.created_at) }, ago(view.job.created_at)))), actions),
    error, bar, figures);
  return { node, update };
}

/* A job and those who want to know when it changes. */
function makeView(job, signal) {
  const listeners = [];
  const view = {
    job, signal,
    set(next) {
      if (next.version < view.job.version) return;
      view.job = { ...view.job, ...next };
      view.header.update(view.job);
      for (const f of listeners) f();
    },
    /** f(job) now and after changes: not more often than can be watched, and never twice at a time. */
    onChange(f) {
      const calm = paced(700, () => f(view.job));
      listeners.push(calm);
      return calm();
    },
  };
  return view;
}

export async function show({ root, args, signal, title }) {
  const [id, tab = "overview"] = args;
  const fetched = () => get(`/v1/jobs/${encodeURIComponent(id)}`, signal);
  let view = null, changed = false;
  /* "progress" brings all but the verdict. */
  const look = paced(700, async () => {
    changed = !view;
    if (!view || leaving.has(id)) return;
    try { view.set(await fetched()); } catch (error) {
      if (error.status !== 404) throw error;
      leaving.add(id); // by somebody else
      replace(root, failure(error));
    }
  });
  live.on(({ type, data }) => {
    if (type === "progress" && data.id === id) view?.set(data);
    else if (data.job === id || type === "open") look();
  }, signal);
  view = makeView(await fetched(), signal);
  const panel = h("div", { class: "stack" });
  title(jobTitle(view.job));
  view.header = header(view);
  view.header.update(view.job);
  replace(root, view.header.node, tabs(TABS, tab, (key) => href(`job/${id}${key === "overview" ? "" : `/${key}`}`)), panel);
  if (changed) look();
  try {
    const part = await (parts[tab] ?? parts.overview)();
    await part.show(panel, view);
  } catch (error) {
    if (!signal.aborted) replace(panel, failure(error));
  }
}
