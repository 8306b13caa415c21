// SPDX-License-Identifier: MIT
// Any jobs over one another, and what they differ in.
import { get } from "../api.js";
import { differences, shortNames } from "../compare.js";
import { figure } from "../charts/figure.js";
import { LineChart } from "../charts/line.js";
import { seriesColor } from "../charts/palette.js";
import { empty, h, paced, replace } from "../dom.js";
import { count, number, percent, spent } from "../format.js";
import { live } from "../live.js";
import { badge, choice, jobTitle, shortId } from "../parts.js";
import { go, href } from "../router.js";
import { Series } from "../series.js";
import { sortedTable } from "../table.js";

const MOST = 24, POINTS = 500;

/* A job's name, and where several have it the end of the id. */
const labels = (jobs) => jobs.map((job) =>
  (jobs.filter((j) => jobTitle(j) === jobTitle(job)).length > 1 ? `${jobTitle(job)} ${shortId(job.id)}` : jobTitle(job)));

const swatch = (i) => {
  const node = h("i", { class: "swatch" });
  node.style.setProperty("background", seriesColor(i));
  return node;
};

function jobsTable(jobs, differing, remove) {
  const place = (j) => jobs.findIndex((k) => k.id === j.id);
  const metric = (key, show) => ({ number: true, value: (j) => j.metrics[key], show: (j) => show(j.metrics[key]) });
  const short = shortNames(differing.map(([p]) => p));
  return sortedTable("The jobs compared", [
    { name: "Job", value: jobTitle, show: (j) => [swatch(place(j)), h("a", { href: href(`job/${j.id}`) }, jobTitle(j)), " ", h("small", { class: "mono" }, shortId(j.id)),
      h("button", { type: "button", class: "quiet small", "aria-label": `Leave out ${jobTitle(j)}`, onclick: () => remove(j.id) }, "×")] },
    { name: "Status", value: (j) => j.status, show: (j) => badge(j.status) },
    { name: "Test", ...metric("test_accuracy", percent) },
    { name: "Validation", ...metric("validation_accuracy", percent) },
    { name: "Train", ...metric("train_accuracy", percent) },
    { name: "Loss", ...metric("train_loss", number) },
    ...differing.map(([, values], k) => ({
      name: short[k], number: values.every((v) => v === undefined || typeof v === "number"),
      value: (j) => values[place(j)], show: (j) => String(values[place(j)] ?? "–"),
    })),
    { name: "Took", value: (j) => (j.finished_at ?? Date.now() / 1000) - (j.started_at ?? NaN), show: spent, number: true },
  ], jobs);
}

async function picker(ids, signal) {
  const list = await get("/v1/jobs?limit=100", signal);
  const others = list.data.filter((j) => !ids.includes(j.id));
  return h("select", { "aria-label": "Add a job", onchange: (e) => e.target.value && go("compare", { jobs: [...ids, e.target.value].join(",") }) },
    h("option", { value: "" }, "Add a job…"), others.map((j) => h("option", { value: j.id }, `${jobTitle(j)} ${shortId(j.id)} (${j.status})`)));
}

/* A list of numbers a step: no line. */
const LISTS = /^(gradient_norm_by_step|membrane_quantiles|membrane_distance)\//;

/* Names of the series that lines can be drawn of, those of any of the jobs. */
async function seriesNames(jobs, signal) {
  const answers = await Promise.all(jobs.map((j) => get(`/v1/jobs/${j.id}/metrics?max_points=2`, signal)));
  const names = answers.flatMap((a) => Object.keys(a.series)).filter((n) => !LISTS.test(n));
  const shared = (n) => names.filter((m) => m === n).length;
  return [...new Set(names)].sort((a, b) => shared(b) - shared(a)); // those that all have come first
}

/** Jobs as lines of one series each, which can be chosen. */
function overlay(jobs, names, signal) {
  let metric = names[0] ?? "train_loss", axis = "step";
  const title = h("span");
  const chart = new LineChart("The jobs' series over one another", { x: { label: axis } }, signal, "tall");
  const text = labels(jobs);
  let series = [];
  const draw = async () => {
    await Promise.all(series.map((s) => s.refresh()));
    await chart.show(series.map((s, i) => ({ name: text[i], x: s.all[metric]?.[axis] ?? [], y: s.all[metric]?.value ?? [], color: i })));
  };
  const pick = () => {
    title.textContent = metric.replaceAll("_", " ");
    series = jobs.map((j) => new Series(j.id, [metric], POINTS, signal));
    chart.shape.x.label = axis;
    chart.chart?.destroy();
    chart.chart = null;
    return draw();
  };
  const node = figure({
    title, file: `compare-${metric}`, rows: () => chart.rows(), value: () => chart.value(), chart: () => chart,
    tools: [choice("Series", names, metric, (v) => { metric = v; pick(); }), choice("over", ["step", "epoch"], axis, (v) => { axis = v; pick(); })],
  }, chart.node);
  return { node, pick, draw: paced(1000, draw) };
}

async function sweeps(signal) {
  const { data } = await get("/v1/sweeps?limit=100", signal);
  return data.length ? h("section", { class: "card flush" }, sortedTable("The sweeps, newest first", [
    { name: "Sweep", value: (s) => s.name ?? s.id, show: (s) => h("a", { href: href(`sweep/${s.id}`) }, s.name ?? s.id) },
    { name: "Status", value: (s) => s.status, show: (s) => badge(s.status) },
    { name: "Combinations", number: true, value: (s) => s.combinations },
    { name: "Ranked by", value: (s) => s.metric.replaceAll("_", " ") },
  ], data).node) : null;
}

/* Jobs that are gone by now are left out. */
async function fetchAll(ids, signal) {
  const jobs = await Promise.all(ids.map((id) => get(`/v1/jobs/${encodeURIComponent(id)}`, signal).catch((error) => {
    if (error.status !== 404) throw error;
    return null;
  })));
  return jobs.filter(Boolean);
}

/* Keeps the table at what the jobs have become: from "progress" as it comes, else by asking again. */
function follow(jobs, table, lines, signal) {
  const put = (job) => {
    const i = jobs.findIndex((j) => j.id === job.id);
    if (i >= 0 && !(job.version < jobs[i].version)) jobs[i] = { ...jobs[i], ...job };
  };
  const again = paced(1000, async () => {
    for (const job of await fetchAll(jobs.map((j) => j.id), signal)) put(job);
    table.update(jobs);
    await lines.draw();
  });
  const repaint = paced(500, () => table.update(jobs));
  live.on(({ type, data }) => {
    if (type === "progress") put(data);
    if (type === "open" || (type !== "epoch" && type !== "checkpoint" && jobs.some((j) => j.id === data.job))) again();
    else if (jobs.some((j) => j.id === (data.id ?? data.job))) { repaint(); lines.draw(); }
  }, signal);
  return again;
}

export async function show({ root, query, signal, title }) {
  title("Compare");
  const wanted = (query.get("jobs") ?? "").split(",").filter(Boolean).slice(0, MOST);
  const jobs = await fetchAll(wanted, signal), ids = jobs.map((j) => j.id), gone = wanted.length - ids.length;
  const head = h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "Compare"),
    h("p", { class: "sub" }, "Jobs over one another, and the fields in which they differ.", gone ? ` ${count(gone, "job")} of those asked for: deleted meanwhile.` : null)), await picker(ids, signal),
    h("a", { class: "button", href: href("new", { sweep: 1 }) }, "New sweep"));
  if (!jobs.length) {
    replace(root, head, h("div", { class: "stack" }, h("div", { class: "card" }, empty("Nothing to compare yet", "Choose jobs here, or tick them in the list of jobs.",
      h("a", { class: "button", href: "#/jobs" }, "Jobs"))), await sweeps(signal)));
    return;
  }
  const lines = overlay(jobs, await seriesNames(jobs, signal), signal);
  const table = jobsTable([...jobs], differences(jobs), (id) => go("compare", { jobs: ids.filter((i) => i !== id).join(",") }));
  replace(root, head, h("div", { class: "stack" }, lines.node, h("div", { class: "card flush" }, table.node)));
  const again = follow(jobs, table, lines, signal);
  await lines.pick();
  again(); // what happened while the first were fetched
}
