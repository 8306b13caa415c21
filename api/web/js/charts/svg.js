// SPDX-License-Identifier: MIT
// What the charts draw on a canvas, as SVG: the part of a canvas's context that they use.
import { svg } from "../dom.js";
import { css } from "./palette.js";

const ANCHOR = { left: "start", center: "middle", right: "end" };
const BASELINE = { top: "hanging", middle: "central", alphabetic: "alphabetic" };
const short = (v) => String(Math.round(v * 100) / 100);

export class SvgContext {
  constructor(width, height) {
    this.root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": css("--font"), "font-size": 11 });
    this.measure = document.createElement("canvas").getContext("2d");
    Object.assign(this, { globalAlpha: 1, lineWidth: 1, textAlign: "left", textBaseline: "alphabetic", moves: [], kept: [], dash: [], path: "", rects: null });
    this.font = `11px ${css("--font")}`;
    this.fillStyle = css("--surface");
    this.fillRect(0, 0, width, height);
  }
  /* "rgb(1 2 3)" and the names of colours are not understood by every program that opens such a file. */
  plain(color) {
    this.measure.fillStyle = color;
    return this.measure.fillStyle;
  }
  set font(text) { this.measure.font = text; }
  get transform() { return this.moves.join(" ") || null; }
  get opacity() { return this.globalAlpha < 1 ? this.globalAlpha : null; }
  add(tag, attributes, text) {
    this.rects = null;
    const node = svg(tag, { transform: this.transform, ...attributes });
    if (text !== undefined) node.textContent = text;
    this.root.append(node);
    return node;
  }
  save() { this.kept.push([...this.moves]); }
  restore() { this.moves = this.kept.pop(); }
  translate(x, y) { this.moves.push(`translate(${short(x)} ${short(y)})`); }
  rotate(angle) { this.moves.push(`rotate(${short((angle * 180) / Math.PI)})`); }
  setLineDash(list) { this.dash = list; }
  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${short(x)} ${short(y)}`; }
  lineTo(x, y) { this.path += `${this.path ? "L" : "M"}${short(x)} ${short(y)}`; }
  /* Whole circles alone: the charts have no other arcs. */
  arc(x, y, r) { this.path += `M${short(x - r)} ${short(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`; }
  fill() { this.add("path", { d: this.path, fill: this.plain(this.fillStyle), opacity: this.opacity }); }
  stroke() {
    this.add("path", { d: this.path, fill: "none", stroke: this.plain(this.strokeStyle), "stroke-width": this.lineWidth, "stroke-linejoin": "round",
      "stroke-dasharray": this.dash.length ? this.dash.join(" ") : null, opacity: this.opacity });
  }
  /* Thousands of dots of one colour are one path. */
  fillRect(x, y, w, h) {
    const fill = this.plain(this.fillStyle), key = `${fill} ${this.globalAlpha} ${this.transform}`;
    if (this.rects?.key !== key) {
      const node = this.add("path", { fill, opacity: this.opacity });
      this.rects = { key, node, d: [] };
      this.open ??= [];
      this.open.push(this.rects);
    }
    this.rects.d.push(`M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`);
  }
  strokeRect(x, y, width, height) {
    this.add("rect", { x: short(x), y: short(y), width: short(width), height: short(height), fill: "none", stroke: this.plain(this.strokeStyle), "stroke-width": this.lineWidth });
  }
  drawImage(canvas, x, y, width, height) {
    this.add("image", { x, y, width, height, href: canvas.toDataURL("image/png"), preserveAspectRatio: "none", "image-rendering": "pixelated" });
  }
  measureText(text) { return this.measure.measureText(text); }
  fillText(text, x, y) {
    this.add("text", { x: short(x), y: short(y), fill: this.plain(this.fillStyle), "text-anchor": ANCHOR[this.textAlign], "dominant-baseline": BASELINE[this.textBaseline] }, text);
  }
  /** The whole as text, with what it is called for who cannot see it. */
  text(title) {
    for (const { node, d } of this.open) node.setAttribute("d", d.join(""));
    this.root.prepend(svg("title", null, title));
    return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(this.root)}\n`;
  }
}
