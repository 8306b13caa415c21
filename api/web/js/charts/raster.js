// SPDX-License-Identifier: MIT
// Who fires when: a band for the input and for each layer, a dot for a spike, and beside it how often each
// neuron fires.
import { number } from "../format.js";
import { CanvasChart, pick } from "./canvas.js";
import { css, heatCss, seriesColor } from "./palette.js";

const GAP = 16, SIDE = 64, LEAST = 28;

export class Raster extends CanvasChart {
  constructor(label, signal, height) {
    super(label, signal, { height, margin: { left: 84, right: SIDE + 14, top: 18 } });
  }
  /** Bands of {name, rows, start, unit, stride, units} from the bottom; one of {constant} is an input without time. */
  show(bands, timeSteps) {
    this.bands = bands;
    this.timeSteps = timeSteps;
    for (const band of bands) band.counts = countsOf(band);
    this.cursor = null;
    this.paint();
  }
  /* Where the bands stand: by the root of their size, so that ten outputs are seen beside a thousand inputs. */
  places() {
    const { area } = this, weights = this.bands.map((b) => Math.sqrt(b.rows));
    const sum = weights.reduce((a, b) => a + b, 0), room = area.h - GAP * (this.bands.length - 1) - LEAST * this.bands.length;
    let at = area.y + area.h;
    return this.bands.map((_, i) => {
      const height = LEAST + Math.max(0, room) * (weights[i] / sum);
      at -= height;
      const place = { top: at, height };
      at -= GAP;
      return place;
    });
  }
  size() {
    return [this.timeSteps ?? 0, this.bands?.reduce((n, b) => n + b.rows, 0) ?? 0];
  }
  /* Rows are counted from the top, over all bands. */
  find(row) {
    for (let i = this.bands.length - 1; i >= 0; i--) {
      if (row < this.bands[i].rows) return [i, this.bands[i].rows - 1 - row];
      row -= this.bands[i].rows;
    }
    return [0, 0];
  }
  describe([t, row]) {
    const [i, k] = this.find(row), band = this.bands[i];
    const name = `${band.name}, ${band.noun ?? "neuron"} ${k * band.stride}`;
    if (band.constant) return `${name}: ${number(band.constant[k])} at every step`;
    return `${name}: ${band.counts[k]} spikes in ${this.timeSteps} steps${fires(band, t, k) ? `, one at step ${t + 1}` : ""}`;
  }
  cellAt(x, y) {
    const { area } = this, t = Math.floor(((x - area.x) / area.w) * this.timeSteps);
    let above = 0;
    const places = this.places();
    for (let i = this.bands.length - 1; i >= 0; i--) {
      const { top, height } = places[i], band = this.bands[i];
      if (y >= top && y < top + height && t >= 0 && t < this.timeSteps) return [t, above + Math.floor(((y - top) / height) * band.rows)];
      above += band.rows;
    }
    return null;
  }
  draw(context, area) {
    if (!this.bands?.length) return;
    const places = this.places(), w = area.w / this.timeSteps;
    this.bands.forEach((band, i) => this.drawBand(context, band, places[i], w, i));
    this.xAxis(context, area, pick(this.timeSteps, 11).map((t) => [(t + 0.5) * w, String(t + 1)]), "time step");
    context.textAlign = "left";
    context.fillText("spikes", area.x + area.w + 10, area.y + area.h + 6);
    if (!this.cursor) return;
    context.strokeStyle = css("--line-strong");
    context.strokeRect(area.x + this.cursor[0] * w, area.y, w, area.h);
  }
  drawBand(context, band, { top, height }, w, index) {
    const { area } = this, step = height / band.rows;
    context.fillStyle = css("--sunken");
    context.fillRect(area.x, top, area.w, height);
    context.fillStyle = css("--text");
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(band.name, area.x - 8, top + height / 2 - (height > 30 ? 7 : 0));
    context.fillStyle = css("--muted");
    if (height > 30) context.fillText(String(band.units), area.x - 8, top + height / 2 + 7);
    if (band.constant) { this.drawConstant(context, band, top, step); return; }
    const dot = Math.max(1.2, Math.min(w, step, 5) * 0.8);
    context.fillStyle = seriesColor(index);
    for (let t = 0; t < this.timeSteps; t++)
      for (let i = band.start[t]; i < band.start[t + 1]; i++)
        context.fillRect(area.x + (t + 0.5) * w - dot / 2, top + height - (band.unit[i] + 0.5) * step - dot / 2, dot, dot);
    context.globalAlpha = 0.7;
    band.counts.forEach((n, k) =>
      context.fillRect(area.x + area.w + 10, top + height - (k + 1) * step, (n / this.timeSteps) * SIDE, Math.max(0.6, step * 0.85)));
    context.globalAlpha = 1;
  }
  drawConstant(context, band, top, step) {
    const { area } = this, most = Math.max(1e-9, ...band.constant.map(Math.abs));
    band.constant.forEach((v, k) => {
      context.fillStyle = heatCss(Math.abs(v) / most);
      context.fillRect(area.x, top + (band.rows - 1 - k) * step, area.w, step + 0.3);
    });
  }
}

function fires(band, t, k) {
  for (let i = band.start[t]; i < band.start[t + 1]; i++) if (band.unit[i] === k) return true;
  return false;
}

function countsOf(band) {
  const counts = new Array(band.rows).fill(0);
  for (const k of band.unit ?? []) counts[k]++;
  return counts;
}
