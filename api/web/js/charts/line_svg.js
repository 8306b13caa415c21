// SPDX-License-Identifier: MIT
// A chart of lines as SVG, drawn from the scales that Chart.js has made.
import { css, seriesColor, seriesDash } from "./palette.js";
import { SvgContext } from "./svg.js";

const ROW = 18; // of the legend, in pixels

function frame(context, chart) {
  const { left, right, top, bottom } = chart.chartArea;
  const line = (x1, y1, x2, y2) => { context.beginPath(); context.moveTo(x1, y1); context.lineTo(x2, y2); context.stroke(); };
  context.strokeStyle = css("--line");
  context.fillStyle = css("--muted");
  for (const scale of Object.values(chart.scales)) {
    const across = scale.isHorizontal(), onRight = scale.options.position === "right";
    context.textAlign = across ? "center" : onRight ? "left" : "right";
    context.textBaseline = across ? "top" : "middle";
    scale.ticks.forEach(({ label }, i) => {
      const at = scale.getPixelForTick(i);
      if (!onRight) line(...(across ? [at, top, at, bottom] : [left, at, right, at]));
      if (label) context.fillText(String(label), across ? at : onRight ? right + 6 : left - 6, across ? bottom + 6 : at);
    });
    if (!scale.options.title?.text) continue;
    context.save();
    if (across) context.translate((left + right) / 2, scale.bottom - 14);
    else { context.translate(onRight ? scale.right - 8 : scale.left + 8, (top + bottom) / 2); context.rotate(-Math.PI / 2); }
    context.textAlign = "center";
    context.fillText(scale.options.title.text, 0, 0);
    context.restore();
  }
}

/* A NaN begins the line anew: it says that there is nothing. */
function draw(context, chart, series, i) {
  const y = chart.scales[series.axis ?? "y"], { x } = chart.scales;
  context.strokeStyle = seriesColor(series.color ?? i);
  context.lineWidth = 1.75;
  context.setLineDash(series.dash ? [5, 4] : seriesDash(series.color ?? i));
  context.beginPath();
  series.x.forEach((at, k) => {
    if (Number.isFinite(series.y[k])) context.lineTo(x.getPixelForValue(at), y.getPixelForValue(series.y[k]));
  });
  context.stroke();
  context.setLineDash([]);
}

/** `series` as LineChart has them, `chart` the Chart.js that shows them. */
export function lineSvg(chart, series, title) {
  const shown = series.map((s, i) => [s, i]).filter(([, i]) => chart.isDatasetVisible(i));
  const context = new SvgContext(chart.width, chart.height + (series.length > 1 ? ROW * shown.length + 8 : 0));
  frame(context, chart);
  for (const [s, i] of shown) draw(context, chart, s, i);
  context.textAlign = "left";
  context.textBaseline = "middle";
  if (series.length > 1)
    shown.forEach(([s, i], row) => {
      const y = chart.height + 8 + row * ROW + ROW / 2;
      context.fillStyle = seriesColor(s.color ?? i);
      context.fillRect(chart.chartArea.left, y - 1, 14, 2.5);
      context.fillStyle = css("--text");
      context.fillText(s.name, chart.chartArea.left + 20, y);
    });
  return context.text(title);
}
