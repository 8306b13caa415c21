// SPDX-License-Identifier: MIT
// Losses, accuracies and the learning rate, and the files to take away.
import { figure } from "../charts/figure.js";
import { LineChart } from "../charts/line.js";
import { h, replace } from "../dom.js";
import { Series } from "../series.js";
import { VerdictCard } from "./job_verdict.js";

const POINTS = 800;

/* Each picture: the series it shows, by their names. */
const CHARTS = [
  { title: "Loss", y: { label: "loss" }, lines: [["train_loss", "training"], ["validation_loss", "validation"]] },
  { title: "Accuracy", y: { label: "share right", max: 1 }, lines: [["train_accuracy", "training"], ["validation_accuracy", "validation"]] },
  { title: "Learning rate", y: { label: "learning rate", min: 0 }, lines: [["learning_rate", "learning rate"]] },
];

const link = (job, path, text, note) => h("li", null, h("a", { href: `/v1/jobs/${job.id}/${path}`, download: "" }, text), " ", h("small", null, note));

const downloads = (job) => h("section", { class: "card" }, h("header", null, h("h2", null, "Files")),
  h("ul", { class: "files" },
    link(job, "weights?format=safetensors", "Weights, safetensors", "for NumPy, PyTorch"),
    link(job, "weights?format=nir&allow=approximate", "Weights, NIR", "for snnTorch, Norse, Lava"),
    link(job, "weights?format=json", "Weights, JSON", "with all it takes to run the network"),
    link(job, "metrics?format=csv", "Metrics, CSV", "every series"),
    link(job, "histograms", "Histograms, JSON", "every diagnostic step"),
    link(job, "config", "Config, JSON", "as it was sent")));

export async function show(panel, view) {
  const series = new Series(view.job.id, CHARTS.flatMap((c) => c.lines.map(([name]) => name)), POINTS, view.signal);
  const charts = CHARTS.map((c) => ({ ...c, chart: new LineChart(c.title, { x: { label: "step" }, y: c.y }, view.signal) }));
  const files = h("div"), verdict = new VerdictCard();
  const draw = async () => {
    verdict.update(view.job);
    await series.refresh();
    await Promise.all(charts.map((c) => c.chart.show(c.lines.filter(([name]) => series.all[name])
      .map(([name, text]) => ({ name: text, x: series.all[name].step, y: series.all[name].value })))));
    replace(files, view.job.status === "queued" ? null : downloads(view.job));
  };
  replace(panel, verdict.node, h("div", { class: "grid" }, charts.map((c) => figure({
    title: c.title, file: `${view.job.id}-${c.title.toLowerCase().replace(" ", "-")}`,
    rows: () => c.chart.rows(), value: () => c.chart.value(), chart: () => c.chart,
  }, c.chart.node)), files));
  await view.onChange(draw);
}
