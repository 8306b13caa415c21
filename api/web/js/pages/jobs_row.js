// SPDX-License-Identifier: MIT
// One job as a row: made once, afterwards only what has changed is set anew.
import { get } from "../api.js";
import { actionButtons, badge, isOver, jobTitle, leaving, shortId } from "../parts.js";
import { h, replace, replaceActions, setText, svg } from "../dom.js";
import { ago, bestAccuracy, DASH, duration, number, percent, spent, when } from "../format.js";
import { href } from "../router.js";

/* A line is fetched no more often than this, however fast the epochs are. */
const SPARK_MS = 1000;
const SPARK_POINTS = 48, WIDTH = 96, HEIGHT = 24, MARGIN = 2;

/* ---- the loss as a small line ---- */

/* The sparks that can be seen are fetched a few at a time: a long page asks for none of the rest. */
const waiting = [];
let fetching = 0;
function pump() {
  while (fetching < 3 && waiting.length) {
    fetching++;
    waiting.shift()().catch(() => {}).finally(() => { fetching--; pump(); });
  }
}

function sparkPath(values) {
  const known = values.filter((v) => v !== null);
  if (known.length < 2) return "";
  const low = Math.min(...known), span = Math.max(...known) - low || 1;
  const step = (WIDTH - 2 * MARGIN) / (values.length - 1);
  let pen = "M";
  return values.map((v, i) => {
    if (v === null) { pen = "M"; return ""; }
    const at = `${pen}${(MARGIN + i * step).toFixed(1)} ${(HEIGHT - MARGIN - ((v - low) / span) * (HEIGHT - 2 * MARGIN)).toFixed(1)}`;
    pen = "L";
    return at;
  }).join("");
}

function makeSpark(signal, id) {
  const path = svg("path");
  const node = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "training loss" }, path);
  let seen = false, shown = -1, wanted = 0, next = 0, timer = null;
  const load = async () => {
    if (shown === wanted || signal.aborted || leaving.has(id)) return;
    shown = wanted;
    next = performance.now() + SPARK_MS;
    const answer = await get(`/v1/jobs/${id}/metrics?names=train_loss&max_points=${SPARK_POINTS}`, signal);
    const values = answer.series.train_loss?.value ?? [];
    path.setAttribute("d", sparkPath(values));
    if (values.length > 1)
      node.setAttribute("aria-label", `training loss from ${values[0]?.toPrecision(3)} to ${values.at(-1)?.toPrecision(3)}`);
  };
  const ask = () => {
    if (!seen || shown === wanted || !wanted || timer) return;
    timer = setTimeout(() => { timer = null; waiting.push(load); pump(); }, Math.max(0, next - performance.now()));
  };
  const watch = new IntersectionObserver(([e]) => { seen = e.isIntersecting; ask(); });
  watch.observe(node);
  signal.addEventListener("abort", () => { watch.disconnect(); clearTimeout(timer); });
  /** `epoch` finished so far: with another, the line is another. */
  return { node, update: (epoch) => { if (epoch !== wanted) { wanted = epoch; ask(); } } };
}

/* ---- the row ---- */

function describeProgress(job) {
  const p = job.progress;
  if (job.status === "queued") return "waiting";
  if (job.status === "running" && p.eta_seconds !== null) return `${duration(p.eta_seconds)} left`;
  return isOver(job.status) ? spent(job) : DASH;
}

export function makeRow(job, { signal, picked, changed }) {
  const spark = makeSpark(signal, job.id);
  const bar = h("progress", { max: 1, "aria-label": "progress" });
  const epochs = h("span"), rest = h("span", { class: "muted" });
  const status = h("td", { class: "col-status" });
  const accuracy = h("span"), accuracyOf = h("small");
  const actions = h("td", { class: "col-actions" });
  const row = {
    job,
    node: h("tr", { dataset: { job: job.id } },
      h("td", { class: "col-pick" }, h("input", {
        type: "checkbox", "aria-label": `Compare ${jobTitle(job)}`, onchange: (e) => picked(e.target.checked),
      })),
      h("th", { scope: "row", class: "col-job" },
        h("a", { href: href(`job/${job.id}`) }, jobTitle(job)),
        h("small", { class: "under" }, job.dataset.replace(/^\w+:/, ""), " ", job.name ? h("span", { class: "mono", title: job.id }, shortId(job.id)) : null,
          Object.entries(job.metadata ?? {}).slice(0, 3).map(([k, v]) => h("span", { class: "tag" }, `${k}=${v}`)))),
      status,
      h("td", { class: "col-progress" }, bar, h("small", { class: "row spread" }, epochs, rest)),
      h("td", { class: "number col-accuracy" }, accuracy, " ", accuracyOf),
      h("td", { class: "col-spark" }, spark.node),
      h("td", { class: "muted col-created", title: when(job.created_at) }, ago(job.created_at)),
      actions),
    /** Takes a whole job, or what a "progress" event has of it. */
    update(next) {
      const before = this.job;
      if (next.version < before.version) return;
      this.job = { ...before, ...next };
      paint(this.job, before);
    },
  };

  function paint(now, before) {
    const best = bestAccuracy(now.metrics);
    bar.value = now.progress.fraction ?? 0;
    bar.className = isOver(now.status) ? "done" : "";
    setText(epochs, `epoch ${number(now.progress.epoch)} of ${number(now.progress.epochs)}`);
    setText(rest, describeProgress(now));
    setText(accuracy, percent(best?.value ?? null));
    setText(accuracyOf, best?.of ?? "");
    spark.update(now.progress.epoch);
    if (now.status === before?.status) return;
    replace(status, badge(now.status));
    status.title = now.error?.message ?? "";
    replaceActions(actions, h("div", { class: "row end" }, actionButtons(now, changed)));
  }
  paint(job, null);
  return row;
}
