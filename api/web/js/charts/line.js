// SPDX-License-Identifier: MIT
// Lines, by Chart.js: Debian's, which is loaded when the first is drawn.
import { h, replace } from "../dom.js";
import { number } from "../format.js";
import { lineSvg } from "./line_svg.js";
import { css, seriesColor, seriesDash } from "./palette.js";

let loading = null;
function library() {
  loading ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "/web/chart.js" });
    script.addEventListener("load", () => resolve(globalThis.Chart));
    script.addEventListener("error", () => reject(new Error("The charts could not be loaded.")));
    document.head.append(script);
  });
  return loading;
}

const axis = (label, extra) => ({
  type: "linear",
  title: { display: Boolean(label), text: label, color: css("--muted") },
  grid: { color: css("--line"), drawBorder: false, tickLength: 0 },
  ticks: { color: css("--muted"), padding: 6, maxRotation: 0, autoSkipPadding: 18, callback: (v) => number(v) },
  ...extra,
});

const options = ({ x, y, second }) => ({
  animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, spanGaps: true,
  interaction: { mode: "nearest", axis: "x", intersect: false },
  font: { family: css("--font") },
  elements: { point: { radius: 0, hitRadius: 8, hoverRadius: 3 }, line: { borderWidth: 1.75 } },
  scales: {
    x: axis(x?.label, { min: x?.min, max: x?.max }),
    y: axis(y?.label, { type: y?.log ? "logarithmic" : "linear", min: y?.min, max: y?.max }),
    ...(second ? { second: axis(second.label, { position: "right", min: second.min, max: second.max, grid: { display: false } }) } : {}),
  },
  plugins: {
    legend: { display: false },
    decimation: { enabled: true, algorithm: "lttb", samples: 800 },
    tooltip: {
      backgroundColor: css("--text"), titleColor: css("--back"), bodyColor: css("--back"), boxPadding: 4,
      callbacks: {
        title: (items) => `${x?.label ?? "x"} ${number(items[0]?.parsed.x)}`,
        label: (item) => `${item.dataset.label}: ${number(item.parsed.y)}`,
      },
    },
  },
});

const points = (s) => s.x.map((x, i) => ({ x, y: s.y[i] })).filter((p) => Number.isFinite(p.y));

const datasets = (series) => series.map((s, i) => ({
  label: s.name, data: points(s), yAxisID: s.axis ?? "y",
  borderColor: seriesColor(s.color ?? i), backgroundColor: seriesColor(s.color ?? i),
  borderDash: s.dash ? [5, 4] : seriesDash(s.color ?? i), pointRadius: s.x.length < 2 ? 3 : 0,
}));

const legend = (chart, series) => series.map((s, i) =>
  h("button", {
    type: "button", class: "quiet small", "aria-pressed": "true",
    onclick: (e) => {
      const on = !chart.isDatasetVisible(i);
      chart.setDatasetVisibility(i, on);
      chart.update("none");
      e.currentTarget.setAttribute("aria-pressed", String(on));
    },
  }, key(s, i), s.name));

/* A stretch of the line itself: style attributes are not allowed here, the property is. */
function key(s, i) {
  const node = h("i", { class: "key" });
  node.style.setProperty("--key", seriesColor(s.color ?? i));
  node.classList.toggle("dashed", Boolean(s.dash) || i >= 8);
  return node;
}

/** A chart in `host`. Series: {name, x, y, dash?, axis?, color?}. */
export class LineChart {
  constructor(label, shape, signal, height = "") {
    this.canvas = h("canvas", { role: "img", "aria-label": label });
    this.legend = h("div", { class: "legend" });
    this.node = h("div", null, h("div", { class: `chart ${height}` }, this.canvas), this.legend);
    Object.assign(this, { shape, series: [], chart: null, signal });
    const repaint = () => { this.chart?.destroy(); this.chart = null; this.draw(); };
    addEventListener("theme", repaint, { signal });
    signal.addEventListener("abort", () => this.chart?.destroy());
  }
  async show(series) {
    this.series = series;
    await this.draw();
  }
  async draw() {
    const Chart = await library();
    if (this.signal.aborted) return;
    const names = this.series.map((s) => s.name).join("\n");
    if (!this.chart) {
      this.chart = new Chart(this.canvas, { type: "line", data: { datasets: datasets(this.series) }, options: options(this.shape) });
      this.names = null;
    } else if (names === this.names) {
      this.series.forEach((s, i) => { this.chart.data.datasets[i].data = points(s); });
    } else {
      this.chart.data.datasets = datasets(this.series);
    }
    this.chart.update("none");
    if (names !== this.names) {
      replace(this.legend, this.series.length > 1 ? legend(this.chart, this.series) : null);
      this.names = names;
    }
  }
  /** null where nothing is drawn yet. */
  svg(title) {
    return this.chart && lineSvg(this.chart, this.series, title);
  }
  rows() {
    return [["series", this.shape.x?.label ?? "x", "value"],
      ...this.series.flatMap((s) => s.x.map((x, i) => [s.name, x, s.y[i]]))];
  }
  value() {
    return this.series.map(({ name, x, y }) => ({ name, x, y }));
  }
}
