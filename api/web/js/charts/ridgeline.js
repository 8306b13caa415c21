// SPDX-License-Identifier: MIT
// Histograms one before the other, the newest in front: the shape of each, and how it moves.
import { number } from "../format.js";
import { levels, levelRange, levelText, scale } from "./bins.js";
import { CanvasChart, pick } from "./canvas.js";
import { css, heatCss } from "./palette.js";

const MOST = 30, OVERLAP = 2.6;

export class Ridgeline extends CanvasChart {
  show(entries, xTitle) {
    this.entries = pick(entries.length, MOST).map((i) => entries[i]);
    this.xTitle = xTitle;
    this.scale = scale(this.entries);
    this.low = this.scale.low - 1;
    this.high = this.scale.high + 1;
    this.shapes = this.entries.map((e) => {
      const counts = new Map(levels(e));
      return Array.from({ length: this.high - this.low + 1 }, (_, i) => (counts.get(this.level(i)) ?? 0) / e.count);
    });
    this.peak = Math.max(1e-12, ...this.shapes.flat());
    this.cursor = null;
    this.paint();
  }
  level(column) {
    return this.scale.level(this.low + column);
  }
  size() {
    return [this.shapes?.[0]?.length ?? 0, this.entries?.length ?? 0];
  }
  describe([column, row]) {
    const e = this.entries[row];
    return `step ${e.step}: ${number(Math.round(this.shapes[row][column] * e.count))} of ${number(e.count)} are ${levelRange(this.level(column))}`;
  }
  base(row) {
    const { area } = this, lift = area.h / (this.entries.length + OVERLAP);
    return area.y + (row + 1 + OVERLAP) * lift - lift / 2;
  }
  cellAt(x, y) {
    const { area } = this, [columns, rows] = this.size();
    const column = Math.round(((x - area.x) / area.w) * (columns - 1));
    for (let row = 0; row < rows; row++) if (y <= this.base(row) && column >= 0 && column < columns) return [column, row];
    return null;
  }
  draw(context, area) {
    const [columns, rows] = this.size();
    if (!columns || !rows) return;
    const lift = (area.h / (rows + OVERLAP)) * OVERLAP, x = (i) => area.x + (i / (columns - 1)) * area.w;
    for (let row = 0; row < rows; row++) {
      const base = this.base(row);
      context.beginPath();
      context.moveTo(area.x, base);
      this.shapes[row].forEach((v, i) => context.lineTo(x(i), base - (v / this.peak) * lift));
      context.lineTo(area.x + area.w, base);
      context.fillStyle = heatCss(0.15 + (0.7 * row) / Math.max(1, rows - 1));
      context.globalAlpha = 0.85;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = css("--surface");
      context.lineWidth = 1;
      context.stroke();
    }
    this.yAxis(context, area, pick(rows, 9).map((row) => [this.base(row) - area.y, number(this.entries[row].step)]), "step");
    this.xAxis(context, area, pick(columns, 9).map((i) => [x(i) - area.x, levelText(this.level(i))]), this.xTitle);
    if (!this.cursor) return;
    context.fillStyle = css("--text");
    context.beginPath();
    context.arc(x(this.cursor[0]), this.base(this.cursor[1]) - (this.shapes[this.cursor[1]][this.cursor[0]] / this.peak) * lift, 3.5, 0, 7);
    context.fill();
  }
}
