// SPDX-License-Identifier: MIT
// Does the gradient arrive? Histograms per parameter, norms by layer and by time step.
import { figure } from "../charts/figure.js";
import { Heatmap, logShade } from "../charts/heatmap.js";
import { LineChart } from "../charts/line.js";
import { empty, h, replace } from "../dom.js";
import { number } from "../format.js";
import { histogramCard } from "../histograms.js";
import { choice } from "../parts.js";
import { Series } from "../series.js";
import { biasCard } from "./job_bias.js";

const POINTS = 400, COLUMNS = 240;
const NORM = "gradient_norm/", BY_STEP = "gradient_norm_by_step/";

/* dL/du over the steps of training and the steps of time: where it fades on its way back. */
function byTimeStep(view) {
  const series = new Series(view.job.id, [`${BY_STEP}*`], COLUMNS, view.signal);
  const chart = new Heatmap("Norm of dL/du by training step and time step", view.signal, { height: 280 });
  const tools = h("div", { class: "row" }), host = h("div");
  let layer = null;
  const draw = () => {
    const s = series.all[BY_STEP + layer];
    const shade = logShade(s.value.flat());
    chart.show({
      columns: s.step.map(number), rows: s.value[0].map((_, t) => String(t + 1)), xTitle: "training step", yTitle: "time step",
      shade: (c, t) => shade(s.value[c][t]), tell: (c, t) => `training step ${s.step[c]}, time step ${t + 1}: norm ${number(s.value[c][t])}`,
    });
  };
  const refresh = async () => {
    await series.refresh();
    const names = Object.keys(series.all).map((n) => n.slice(BY_STEP.length));
    if (!names.length) { replace(host, empty("Nothing yet", "It comes with the diagnostics.")); return; }
    if (!layer) {
      [layer] = names;
      replace(host, chart.node);
      replace(tools, choice("of", names, layer, (v) => { layer = v; draw(); }));
    }
    draw();
  };
  const rows = () => [["layer", "step", "time_step", "norm"], ...Object.entries(series.all).flatMap(([name, s]) =>
    s.value.flatMap((list, i) => list.map((v, t) => [name.slice(BY_STEP.length), s.step[i], t + 1, v])))];
  const node = figure({
    title: "Gradient norm by time step", tools, file: `${view.job.id}-gradient-by-time-step`, rows, value: () => series.all, chart: () => chart,
    note: "‖dL/du‖ of a batch, back in time from the top. A layer whose early steps stay dark learns from the last ones alone.",
  }, host);
  return { node, refresh };
}

function byLayer(view) {
  const series = new Series(view.job.id, [`${NORM}*`], POINTS, view.signal);
  const chart = new LineChart("Gradient norm of each parameter", { x: { label: "step" }, y: { label: "norm", log: true } }, view.signal, "tall");
  const refresh = async () => {
    await series.refresh();
    const lines = series.lines(NORM);
    await chart.show(lines.map((l) => ({ ...l, y: l.y.map((v) => (v > 0 ? v : NaN)) })));
  };
  const node = figure({
    title: "Gradient norm by layer", file: `${view.job.id}-gradient-norm`, rows: () => chart.rows(), value: () => chart.value(), chart: () => chart,
    note: "Euclidean norm of the batch's gradient, logarithmic. Lines far apart are a gradient that fades or grows from layer to layer.",
  }, chart.node);
  return { node, refresh };
}

export async function show(panel, view) {
  const cards = [histogramCard(view, "gradients/*,weights/*", "Histograms"), byLayer(view), byTimeStep(view)];
  replace(panel, cards[0].node, h("div", { class: "grid" }, cards[1].node, cards[2].node), biasCard(view));
  const refresh = () => Promise.all(cards.map((c) => c.refresh()));
  await view.onChange(refresh);
}
