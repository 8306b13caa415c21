// SPDX-License-Identifier: MIT
// A sweep: its combinations by rank, and over two of the fields that differ as a map.
import { get, send } from "../api.js";
import { figure } from "../charts/figure.js";
import { Heatmap } from "../charts/heatmap.js";
import { confirm, h, paced, replace, replaceActions, setText, toast } from "../dom.js";
import { capital, number } from "../format.js";
import { live } from "../live.js";
import { badge, choice, tile } from "../parts.js";
import { href } from "../router.js";
import { sortedTable } from "../table.js";

/** What can be done to a sweep, and while it is what. */
const ACTIONS = [
  { name: "Pause", path: "pause", when: ["running"] },
  { name: "Resume", path: "resume", when: ["pausing", "paused"] },
  { name: "Cancel", path: "cancel", when: ["running", "pausing", "paused"], ask: ["Cancel the sweep?", "All its jobs that are not over are cancelled.", "Cancel it", true] },
];

const written = (v) => (typeof v === "string" ? v : JSON.stringify(v) ?? "–");
const short = (pointer) => pointer.split("/").at(-1).replaceAll("_", " ");
const fieldsOf = (ranking) => [...new Set(ranking.flatMap((r) => Object.keys(r.parameters ?? {})))];

function rankingTable(sweep) {
  const fields = fieldsOf(sweep.ranking);
  return sortedTable("The combinations by their rank", [
    { name: "Rank", number: true, value: (r) => r.rank },
    ...fields.map((f) => ({ name: short(f), number: sweep.ranking.every((r) => typeof r.parameters?.[f] === "number"),
      value: (r) => r.parameters?.[f], show: (r) => written(r.parameters?.[f]) })),
    { name: sweep.metric.replaceAll("_", " "), number: true, value: (r) => r.mean, show: (r) => [number(r.mean), r.deviation === null ? null : h("small", null, ` ± ${number(r.deviation)}`)] },
    { name: "Jobs", number: true, value: (r) => r.count, show: (r) => h("a", { href: href("compare", { jobs: r.jobs.slice(0, 24).join(",") }) }, `${r.count} of ${r.jobs.length}`) },
    { name: "Stopped", number: true, value: (r) => r.stopped_at_epoch, show: (r) => (r.stopped_at_epoch ? `epoch ${r.stopped_at_epoch}` : "–") },
  ], sweep.ranking);
}

/* The mean over all else of the combinations at each pair of values. */
function grid(ranking, fx, fy) {
  const values = (f) => [...new Map(ranking.map((r) => [written(r.parameters?.[f]), r.parameters?.[f]])).entries()]
    .sort((a, b) => (typeof a[1] === "number" && typeof b[1] === "number" ? a[1] - b[1] : a[0].localeCompare(b[0]))).map(([text]) => text);
  const xs = values(fx), ys = values(fy), sums = new Map();
  for (const r of ranking) {
    if (r.mean === null) continue;
    const key = `${written(r.parameters?.[fx])}\n${written(r.parameters?.[fy])}`, at = sums.get(key) ?? [0, 0];
    sums.set(key, [at[0] + r.mean, at[1] + 1]);
  }
  const at = (x, y) => { const s = sums.get(`${xs[x]}\n${ys[y]}`); return s ? s[0] / s[1] : null; };
  return { xs, ys, at };
}

/** {node, update(sweep)}; null where fewer than two fields differ. */
function map(sweep, signal) {
  const fields = fieldsOf(sweep.ranking);
  if (fields.length < 2) return null;
  const chart = new Heatmap(`${sweep.metric} over two fields`, signal, { height: 320, margin: { left: 110 } });
  const metric = sweep.metric.replaceAll("_", " "), up = sweep.goal !== "minimize", note = h("span");
  let [fx, fy] = fields, now = null, { ranking } = sweep;
  const draw = () => {
    now = grid(ranking, fx, fy);
    const all = now.xs.flatMap((_, x) => now.ys.map((__, y) => now.at(x, y))).filter((v) => v !== null);
    const low = Math.min(...all), high = Math.max(...all), span = high - low || 1;
    chart.show({
      columns: now.xs, rows: now.ys, xTitle: short(fx), yTitle: short(fy),
      shade: (x, y) => { const v = now.at(x, y); return v === null ? null : up ? (v - low) / span : (high - v) / span; },
      tell: (x, y) => `${short(fx)} ${now.xs[x]}, ${short(fy)} ${now.ys[y]}: ${metric} ${number(now.at(x, y))}`,
    });
    const scale = all.length ? `, from ${number(up ? low : high)} at the darkest to ${number(up ? high : low)}` : "";
    setText(note, `The brighter the better${scale}: the mean over the seeds, and over all other fields.`);
  };
  draw();
  const node = figure({
    title: "Two fields", file: `${sweep.id}-map`, chart: () => chart, value: () => ranking, note,
    rows: () => [[fx, fy, sweep.metric], ...now.xs.flatMap((x, i) => now.ys.map((y, k) => [x, y, now.at(i, k)]))],
    tools: h("div", { class: "row" }, choice("over", fields.map((f) => [f, short(f)]), fx, (v) => { fx = v; draw(); }),
      choice("and", fields.map((f) => [f, short(f)]), fy, (v) => { fy = v; draw(); })),
  }, chart.node);
  return { node, update: (next) => { ranking = next.ranking; draw(); } };
}

const button = (text, onclick) => h("button", { type: "button", class: "small", onclick }, text);
const figures = (sweep) => [tile("Combinations", sweep.combinations),
  ...Object.entries(sweep.jobs).filter(([, n]) => n).map(([k, n]) => tile(capital(k), number(n)))];

/* The page, made once: what is chosen on it stays as the sweep goes on. */
function makeView(sweep, signal, path, ask) {
  const status = h("span"), actions = h("div", { class: "row" }), tiles = h("dl", { class: "tiles" });
  const chart = map(sweep, signal), table = rankingTable(sweep);
  const node = [
    h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, sweep.name ?? sweep.id, " ", status), h("p", { class: "sub" }, `${sweep.id} · ${sweep.goal} ${sweep.metric.replaceAll("_", " ")}`)),
      actions, h("a", { class: "button small", href: `${path}/results?format=csv`, download: `${sweep.id}.csv` }, "Results, CSV")),
    h("div", { class: "stack" }, tiles, chart?.node, h("div", { class: "card flush" }, table.node))];
  let was = null, ranking = JSON.stringify(sweep.ranking);
  const update = (next) => {
    const now = JSON.stringify(next.ranking);
    replace(tiles, figures(next));
    if (next.status !== was) {
      was = next.status;
      replace(status, badge(was));
      replaceActions(actions, ACTIONS.filter((a) => a.when.includes(was)).map((a) => button(a.name, () => ask(a))));
    }
    if (now === ranking) return;
    ranking = now;
    table.update(next.ranking);
    chart?.update(next);
  };
  update(sweep);
  return { node, update };
}

export async function show({ root, args, signal, title }) {
  const path = `/v1/sweeps/${encodeURIComponent(args[0])}`;
  let view = null, ids = null, asked = 0, shown = 0;
  const draw = async () => {
    const mine = ++asked, sweep = await get(path, signal);
    if (mine < shown) return; // a later answer was faster
    shown = mine;
    ids = new Set(sweep.ranking.flatMap((r) => r.jobs));
    title(sweep.name ?? sweep.id);
    if (view) { view.update(sweep); return; }
    view = makeView(sweep, signal, path, ask);
    replace(root, view.node);
  };
  const ask = async (action) => {
    if (action.ask && !await confirm(...action.ask)) return;
    try {
      await send("POST", `${path}/${action.path}`, {});
      await draw();
    } catch (error) { toast(error.message, true); }
  };
  const again = paced(2000, draw);
  live.on(({ type, data }) => {
    const isOurs = !ids || ids.has(data.job); // not known yet: it may be any
    if (type === "open" || (isOurs && type !== "epoch" && type !== "checkpoint")) again();
  }, signal);
  await again();
}
