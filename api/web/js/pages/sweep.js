// SPDX-License-Identifier: MIT
// A sweep: its combinations by rank, and over two of the fields that differ as a map.
import { get, send } from "../api.js";
import { figure } from "../charts/figure.js";
import { Heatmap } from "../charts/heatmap.js";
import { confirm, h, paced, replace, toast } from "../dom.js";
import { number } from "../format.js";
import { live } from "../live.js";
import { badge, choice, tile } from "../parts.js";
import { href } from "../router.js";
import { sortedTable } from "../table.js";

const shown = (v) => (typeof v === "string" ? v : JSON.stringify(v) ?? "–");
const short = (pointer) => pointer.split("/").at(-1).replaceAll("_", " ");
const fieldsOf = (ranking) => [...new Set(ranking.flatMap((r) => Object.keys(r.parameters ?? {})))];

function rankingTable(sweep) {
  const fields = fieldsOf(sweep.ranking);
  return sortedTable("The combinations by their rank", [
    { name: "Rank", number: true, value: (r) => r.rank },
    ...fields.map((f) => ({ name: short(f), number: sweep.ranking.every((r) => typeof r.parameters?.[f] === "number"),
      value: (r) => r.parameters?.[f], show: (r) => shown(r.parameters?.[f]) })),
    { name: sweep.metric.replaceAll("_", " "), number: true, value: (r) => r.mean, show: (r) => [number(r.mean), r.deviation === null ? null : h("small", null, ` ± ${number(r.deviation)}`)] },
    { name: "Jobs", number: true, value: (r) => r.count, show: (r) => h("a", { href: href("compare", { jobs: r.jobs.slice(0, 24).join(",") }) }, `${r.count} of ${r.jobs.length}`) },
    { name: "Stopped", number: true, value: (r) => r.stopped_at_epoch, show: (r) => (r.stopped_at_epoch ? `epoch ${r.stopped_at_epoch}` : "–") },
  ], sweep.ranking);
}

/* The mean over all else of the combinations at each pair of values. */
function grid(ranking, fx, fy) {
  const values = (f) => [...new Map(ranking.map((r) => [shown(r.parameters?.[f]), r.parameters?.[f]])).entries()]
    .sort((a, b) => (typeof a[1] === "number" && typeof b[1] === "number" ? a[1] - b[1] : a[0].localeCompare(b[0]))).map(([text]) => text);
  const xs = values(fx), ys = values(fy), sums = new Map();
  for (const r of ranking) {
    if (r.mean === null) continue;
    const key = `${shown(r.parameters?.[fx])}\n${shown(r.parameters?.[fy])}`, at = sums.get(key) ?? [0, 0];
    sums.set(key, [at[0] + r.mean, at[1] + 1]);
  }
  const at = (x, y) => { const s = sums.get(`${xs[x]}\n${ys[y]}`); return s ? s[0] / s[1] : null; };
  return { xs, ys, at };
}

function map(sweep, signal) {
  const fields = fieldsOf(sweep.ranking);
  if (fields.length < 2) return null;
  const chart = new Heatmap(`${sweep.metric} over two fields`, signal, { height: 320, margin: { left: 110 } });
  let [fx, fy] = fields, now = null;
  const draw = () => {
    now = grid(sweep.ranking, fx, fy);
    const all = now.xs.flatMap((_, x) => now.ys.map((__, y) => now.at(x, y))).filter((v) => v !== null);
    const low = Math.min(...all), span = Math.max(...all) - low || 1, up = sweep.goal !== "minimize";
    chart.show({
      columns: now.xs, rows: now.ys, xTitle: short(fx), yTitle: short(fy),
      shade: (x, y) => { const v = now.at(x, y); return v === null ? null : up ? (v - low) / span : 1 - (v - low) / span; },
      tell: (x, y) => `${short(fx)} ${now.xs[x]}, ${short(fy)} ${now.ys[y]}: ${sweep.metric.replaceAll("_", " ")} ${number(now.at(x, y))}`,
    });
  };
  draw();
  return figure({
    title: "Two fields", file: `${sweep.id}-map`, chart: () => chart, value: () => sweep.ranking,
    rows: () => [[fx, fy, sweep.metric], ...now.xs.flatMap((x, i) => now.ys.map((y, k) => [x, y, now.at(i, k)]))],
    tools: h("div", { class: "row" }, choice("over", fields.map((f) => [f, short(f)]), fx, (v) => { fx = v; draw(); }),
      choice("and", fields.map((f) => [f, short(f)]), fy, (v) => { fy = v; draw(); })),
    note: "The brighter the better: the mean over the seeds, and over all other fields.",
  }, chart.node);
}

export async function show({ root, args, signal, title }) {
  const path = `/v1/sweeps/${encodeURIComponent(args[0])}`;
  const stop = async (sweep) => {
    if (!await confirm("Cancel the sweep?", "All its jobs that are not over are cancelled.", "Cancel it", true)) return;
    try { await send("POST", `${path}/cancel`, {}); } catch (error) { toast(error.message, true); }
    draw();
  };
  const ask = (action) => async () => {
    try { await send("POST", `${path}/${action}`, {}); } catch (error) { toast(error.message, true); }
    draw();
  };
  let ids = null; // not known yet: it may be any
  const isOurs = (job) => !ids || ids.has(job);
  const button = (text, onclick) => h("button", { type: "button", class: "small", onclick }, text);
  async function draw() {
    const sweep = await get(path, signal);
    ids = new Set(sweep.ranking.flatMap((r) => r.jobs));
    title(sweep.name ?? sweep.id);
    replace(root, h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, sweep.name ?? sweep.id, " ", badge(sweep.status)), h("p", { class: "sub" }, `${sweep.id} · ${sweep.goal} ${sweep.metric.replaceAll("_", " ")}`)),
      sweep.status === "running" ? button("Pause", ask("pause")) : null,
      ["pausing", "paused"].includes(sweep.status) ? button("Resume", ask("resume")) : null,
      ["running", "pausing", "paused"].includes(sweep.status) ? button("Cancel", () => stop(sweep)) : null,
      h("a", { class: "button small", href: `${path}/results?format=csv`, download: `${sweep.id}.csv` }, "Results, CSV")),
    h("div", { class: "stack" }, h("dl", { class: "tiles" }, tile("Combinations", sweep.combinations), Object.entries(sweep.jobs).filter(([, n]) => n).map(([k, n]) => tile(k, number(n)))),
      map(sweep, signal), h("div", { class: "card flush" }, rankingTable(sweep))));
  }
  const again = paced(2000, draw);
  live.on(({ type, data }) => { if (type === "open" || (isOurs(data.job) && type !== "epoch" && type !== "checkpoint")) again(); }, signal);
  await again();
}
