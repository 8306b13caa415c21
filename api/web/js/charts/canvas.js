// SPDX-License-Identifier: MIT
// What the drawn charts share: a sharp canvas that follows its place and the theme, axes, and a cursor that
// mouse and arrow keys move, whose meaning is told in words below.
import { h, setText } from "../dom.js";
import { css } from "./palette.js";
import { SvgContext } from "./svg.js";

const MARGIN = { left: 84, right: 12, top: 8, bottom: 38 };

export class CanvasChart {
  constructor(label, signal, { height = 260, margin = {}, zoom = null } = {}) {
    this.canvas = h("canvas", { role: "img", tabIndex: 0, "aria-label": `${label}. Arrow keys move the cursor${zoom ? ", plus and minus zoom" : ""}.` });
    this.readout = h("p", { class: "readout", role: "status", "aria-live": "polite" });
    this.node = h("div", { class: "drawn" }, this.canvas, this.readout);
    this.height = height;
    this.margin = { ...MARGIN, ...margin };
    this.cursor = null;
    this.zoom = zoom;
    this.drag = null;
    const resize = new ResizeObserver(() => this.paint());
    resize.observe(this.node);
    signal.addEventListener("abort", () => resize.disconnect());
    addEventListener("theme", () => this.paint(), { signal });
    this.canvas.addEventListener("pointermove", (e) => {
      if (this.drag) { this.drag[1] = e.offsetX; this.paint(); }
      this.point(this.cellAt(e.offsetX, e.offsetY));
    });
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("keydown", (e) => this.key(e));
    if (zoom) this.listenToDrags();
  }
  /* A stretch of columns is chosen by drawing over it. */
  listenToDrags() {
    const end = (done) => (e) => {
      if (!this.drag) return;
      const columns = this.drag.sort((a, b) => a - b).map((x) => this.columnAt(x));
      this.drag = null;
      this.canvas.releasePointerCapture?.(e.pointerId);
      this.paint();
      if (done && columns[1] - columns[0] >= 2) this.zoom.span(...columns);
    };
    this.canvas.addEventListener("pointerdown", (e) => {
      if (e.button !== 0 || !this.across) return;
      this.drag = [e.offsetX, e.offsetX];
      this.canvas.setPointerCapture(e.pointerId);
    });
    this.canvas.addEventListener("pointerup", end(true));
    this.canvas.addEventListener("pointercancel", end(false));
  }
  /* The column at x, or the nearest. */
  columnAt(x) {
    const { area } = this;
    return this.cellAt(Math.min(area.x + area.w - 1, Math.max(area.x + 1, x)), area.y + area.h / 2)[0];
  }
  /* To be told by each kind: draw(context, area), cellAt(x, y), describe(cell), size() of the cells. */
  key(e) {
    const factor = { "+": 0.5, "=": 0.5, "-": 2, 0: Infinity }[e.key];
    if (this.zoom && factor && !e.ctrlKey && !e.metaKey) { e.preventDefault(); this.zoom.by(factor); return; }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!by) return;
    e.preventDefault();
    const [columns, rows] = this.size();
    const [x, y] = this.cursor ?? [columns - 1, Math.floor(rows / 2)];
    this.point([Math.min(columns - 1, Math.max(0, x + by[0])), Math.min(rows - 1, Math.max(0, y + by[1]))]);
  }
  point(cell) {
    const same = cell?.[0] === this.cursor?.[0] && cell?.[1] === this.cursor?.[1];
    this.cursor = cell;
    if (same) return;
    setText(this.readout, cell ? this.describe(cell) : "");
    this.paint();
  }
  get area() {
    const { left, right, top, bottom } = this.margin;
    return { x: left, y: top, w: Math.max(10, this.width - left - right), h: Math.max(10, this.height - top - bottom) };
  }
  /** As wide as its place, or, where it has none, as told. */
  paint(width = this.node.clientWidth) {
    const scale = devicePixelRatio || 1;
    if (!width) return;
    this.width = width;
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(this.height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(this.height * scale);
      this.canvas.style.setProperty("width", `${width}px`);
      this.canvas.style.setProperty("height", `${this.height}px`);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, this.height);
    context.font = `11px ${css("--font")}`;
    this.draw(context, this.area);
    if (!this.drag) return;
    const { area } = this, [from, to] = this.drag;
    context.globalAlpha = 0.25;
    context.fillStyle = css("--accent");
    context.fillRect(from, area.y, to - from, area.h);
    context.globalAlpha = 1;
  }
  /** The picture without the cursor. */
  svg(title) {
    const context = new SvgContext(this.width, this.height), { cursor } = this;
    this.cursor = null;
    this.draw(context, this.area);
    this.cursor = cursor;
    return context.text(title);
  }
  /** Ticks are [place within the area, text]. */
  xAxis(context, area, ticks, title) {
    context.fillStyle = css("--muted");
    context.textAlign = "center";
    context.textBaseline = "top";
    let free = -Infinity;
    for (const [x, text] of ticks) {
      const half = context.measureText(text).width / 2;
      const middle = Math.min(x, area.w + this.margin.right - half);
      if (middle - half < free) continue;
      free = middle + half + 10;
      context.fillText(text, area.x + middle, area.y + area.h + 6);
    }
    context.fillText(title, area.x + area.w / 2, area.y + area.h + 22);
  }
  yAxis(context, area, ticks, title) {
    context.fillStyle = css("--muted");
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const [y, text] of ticks) context.fillText(text, area.x - 6, area.y + y);
    if (!title) return;
    context.save();
    context.translate(9, area.y + area.h / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(title, 0, 0);
    context.restore();
  }
  frame(context, area) {
    context.strokeStyle = css("--line");
    context.strokeRect(area.x - 0.5, area.y - 0.5, area.w + 1, area.h + 1);
  }
}

/** So many of n indices, evenly, the first and the last among them. */
export function pick(n, most) {
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (n - 1)) / (most - 1)));
}
