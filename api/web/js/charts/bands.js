// SPDX-License-Identifier: MIT
// Percentiles of histograms over the steps, as TensorBoard's distributions: bands that get darker inwards.
import { number } from "../format.js";
import { levelText, percentiles, scale } from "./bins.js";
import { CanvasChart, pick } from "./canvas.js";
import { css } from "./palette.js";

const SHARES = [0, 0.07, 0.16, 0.31, 0.5, 0.69, 0.84, 0.93, 1];
const ALPHA = [0.12, 0.22, 0.34, 0.5];

export class Bands extends CanvasChart {
  show(entries, yTitle) {
    this.across = true;
    this.entries = entries;
    this.yTitle = yTitle;
    this.scale = scale(entries);
    this.lines = entries.map((e) => percentiles(e, SHARES).map(this.scale.at));
    this.low = this.scale.low - 1;
    this.high = this.scale.high + 1;
    this.paint();
  }
  size() {
    return [this.entries?.length ?? 0, 1];
  }
  describe([column]) {
    const e = this.entries[column];
    return `step ${e.step}: from ${number(e.min)} to ${number(e.max)}, mean ${number(e.mean)}, norm ${number(e.norm)}, ${number(e.zeros)} of ${number(e.count)} are 0`;
  }
  x(i) {
    const { area } = this, first = this.entries[0].step, last = this.entries.at(-1).step;
    return area.x + (last > first ? ((this.entries[i].step - first) / (last - first)) * area.w : area.w / 2);
  }
  cellAt(x) {
    if (!this.entries?.length) return null;
    let best = 0;
    for (let i = 1; i < this.entries.length; i++) if (Math.abs(this.x(i) - x) < Math.abs(this.x(best) - x)) best = i;
    return [best, 0];
  }
  draw(context, area) {
    if (!this.entries?.length) return;
    const y = (level) => area.y + area.h - ((level - this.low) / (this.high - this.low)) * area.h;
    this.frame(context, area);
    context.fillStyle = css("--series-1");
    for (let k = 0; k < ALPHA.length; k++) {
      context.globalAlpha = ALPHA[k];
      context.beginPath();
      this.lines.forEach((line, i) => context.lineTo(this.x(i), y(line[k])));
      for (let i = this.lines.length - 1; i >= 0; i--) context.lineTo(this.x(i), y(this.lines[i][SHARES.length - 1 - k]));
      context.fill();
    }
    context.globalAlpha = 1;
    context.strokeStyle = css("--series-1");
    context.lineWidth = 1.5;
    context.beginPath();
    this.lines.forEach((line, i) => context.lineTo(this.x(i), y(line[4])));
    context.stroke();
    const levels = pick(Math.floor(this.high) - Math.ceil(this.low) + 1, Math.max(3, Math.floor(area.h / 26))).map((i) => Math.ceil(this.low) + i);
    this.yAxis(context, area, levels.map((l) => [y(l) - area.y, levelText(this.scale.level(l))]), this.yTitle);
    this.xAxis(context, area, pick(this.entries.length, 9).map((i) => [this.x(i) - area.x, number(this.entries[i].step)]), "step");
    if (!this.cursor) return;
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(this.x(this.cursor[0]), area.y);
    context.lineTo(this.x(this.cursor[0]), area.y + area.h);
    context.stroke();
  }
}
