// SPDX-License-Identifier: MIT
// The surrogate's curve, drawn as its scale is moved.
import { get } from "../api.js";
import { h, paced } from "../dom.js";
import { number } from "../format.js";
import { exportsOf } from "../charts/figure.js";
import { LineChart } from "../charts/line.js";
import { chosen } from "./fields.js";

const REACH = 3, POINTS = 241;
/* The slider is in powers of ten: a scale of 1 and one of 100 are both usual. */
const FROM = -1, TO = 2.3;

export class SurrogatePanel {
  constructor(form, signal) {
    this.form = form;
    this.signal = signal;
    this.chart = new LineChart("The surrogate's derivative, and the spike it is the derivative of, over membrane minus threshold", {
      x: { label: "membrane − threshold", min: -REACH, max: REACH }, y: { label: "derivative", min: 0 },
      second: { label: "spike", min: 0, max: 1 },
    }, signal, "low");
    this.slider = h("input", {
      type: "range", min: FROM, max: TO, step: 0.01, "aria-label": "surrogate scale",
      oninput: (e) => this.form.draft.set(["neuron", "surrogate_scale"], Number((10 ** e.target.value).toPrecision(3)), "slider"),
    });
    this.told = h("p", { class: "readout" });
    this.node = h("div", { class: "wide" }, this.slider, this.chart.node, this.told,
      exportsOf({ title: "Surrogate", file: "surrogate", rows: () => this.chart.rows(), value: () => this.chart.value(), chart: () => this.chart }));
    this.load = paced(40, () => this.fetch());
  }
  get row() {
    return chosen(this.form, "surrogates", ["neuron", "surrogate"]);
  }
  get scale() {
    const given = this.form.draft.get(["neuron", "surrogate_scale"]);
    return Number.isFinite(given) && given > 0 ? given : this.row.params[0]?.default ?? 1;
  }
  update(from) {
    if (from !== "slider") this.slider.value = Math.log10(this.scale);
    this.slider.setAttribute("aria-valuetext", `${this.scale}`);
    this.load();
  }
  async fetch() {
    const { name, params } = this.row;
    const query = new URLSearchParams({ from: -REACH, to: REACH, points: POINTS, ...(params.length ? { scale: this.scale } : {}) });
    const curve = await get(`/v1/surrogates/${name}?${query}`, this.signal).catch(() => null);
    if (!curve) return;
    await this.chart.show([
      { name: "derivative", x: curve.x, y: curve.derivative },
      { name: "spike", x: curve.x, y: curve.spike, axis: "second", dash: true },
    ]);
    const peak = Math.max(...curve.derivative);
    const wide = curve.x.filter((_, i) => curve.derivative[i] >= 0.01 * peak);
    const width = wide.length ? wide.at(-1) - wide[0] : 0;
    this.told.textContent = `${this.row.doc}. Peak ${number(peak)}; at least 1% of it ` +
      (wide.length === curve.x.length ? `beyond ±${REACH}.` : `within ±${number(width / 2)} of the threshold.`);
  }
}
