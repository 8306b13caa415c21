// SPDX-License-Identifier: MIT
// Amounts over two axes, in colours.
import { CanvasChart, pick } from "./canvas.js";
import { css, heat } from "./palette.js";

export class Heatmap extends CanvasChart {
  constructor(label, signal, options) {
    super(label, signal, options);
    this.data = null;
    this.across = true; // what a column is can be zoomed into
  }
  /** {columns: [text], rows: [text] from the bottom up, shade(column, row): 0 to 1 or null, tell(column, row),
   * xTitle, yTitle}. */
  show(data) {
    this.data = data;
    this.image = null;
    this.cursor = null;
    this.paint();
  }
  size() {
    return [this.data?.columns.length ?? 0, this.data?.rows.length ?? 0];
  }
  describe([column, row]) {
    return this.data.tell(column, this.data.rows.length - 1 - row);
  }
  cellAt(x, y) {
    const { area } = this, [columns, rows] = this.size();
    const column = Math.floor(((x - area.x) / area.w) * columns), row = Math.floor(((y - area.y) / area.h) * rows);
    return column >= 0 && row >= 0 && column < columns && row < rows ? [column, row] : null;
  }
  /* A pixel a cell, once; the browser makes the cells as large as there is room. */
  makeImage() {
    const [columns, rows] = this.size();
    const image = document.createElement("canvas");
    image.width = columns;
    image.height = rows;
    const context = image.getContext("2d"), pixels = context.createImageData(columns, rows);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const shade = this.data.shade(column, rows - 1 - row);
        if (shade === null) continue;
        pixels.data.set([...heat(shade), 255], 4 * (row * columns + column));
      }
    context.putImageData(pixels, 0, 0);
    return image;
  }
  draw(context, area) {
    const [columns, rows] = this.size();
    if (!columns || !rows) return;
    this.image ??= this.makeImage();
    context.fillStyle = css("--sunken");
    context.fillRect(area.x, area.y, area.w, area.h);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.image, area.x, area.y, area.w, area.h);
    this.frame(context, area);
    const w = area.w / columns, hgt = area.h / rows;
    this.xAxis(context, area, pick(columns, 9).map((i) => [(i + 0.5) * w, this.data.columns[i]]), this.data.xTitle);
    this.yAxis(context, area, pick(rows, Math.max(2, Math.floor(area.h / 22))).map((i) => [area.h - (i + 0.5) * hgt, this.data.rows[i]]), this.data.yTitle);
    if (!this.cursor) return;
    context.strokeStyle = css("--text");
    context.lineWidth = 1.5;
    context.strokeRect(area.x + this.cursor[0] * w, area.y + this.cursor[1] * hgt, w, hgt);
  }
}

/** Shades by the logarithm: what differs by powers of ten is seen beside each other. */
export function logShade(values, share = (v) => v) {
  let low = Infinity, high = -Infinity;
  for (const v of values) {
    const x = share(v);
    if (!(x > 0)) continue;
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  const span = Math.log(high / low) || 1;
  return (v) => (v > 0 ? Math.log(v / low) / span : null);
}
