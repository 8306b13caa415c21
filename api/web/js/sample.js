// SPDX-License-Identifier: MIT
// A sample as a small picture: an image where its shape is one, else bars; events as dots.
import { h } from "./dom.js";
import { heatCss } from "./charts/palette.js";

const SIZE = 72;

/* [channels, height, width] or [height, width]; a long row of features is no image. */
function asImage(shape) {
  const [height, width] = shape.slice(-2);
  return shape.length >= 2 && height > 1 && width > 1 ? [height, width] : null;
}

function drawValues(context, values, shape) {
  const image = asImage(shape);
  const [rows, columns] = image ?? [1, values.length];
  const most = Math.max(1e-9, ...values.map(Math.abs));
  const w = SIZE / columns, hgt = SIZE / rows;
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const share = Math.abs(values[y * columns + x]) / most;
      context.fillStyle = heatCss(share);
      if (image) context.fillRect(x * w, y * hgt, w + 0.5, hgt + 0.5);
      else context.fillRect(x * w, SIZE * (1 - share), Math.max(0.5, w - 0.3), SIZE * share);
    }
}

function drawEvents(context, events, units) {
  const last = Math.max(1, ...events.map(([t]) => t));
  context.fillStyle = heatCss(0.75);
  for (const [t, u] of events) context.fillRect((t / last) * (SIZE - 2), SIZE - 2 - (u / units) * (SIZE - 2), 1.6, 1.6);
}

/** {label, values or events} of a data set of that shape. */
export function samplePicture(sample, shape, size = SIZE) {
  const canvas = h("canvas", { width: SIZE * 2, height: SIZE * 2, class: "sample", role: "img", "aria-label": `sample ${sample.index ?? ""} of class ${sample.label}` });
  const context = canvas.getContext("2d");
  canvas.style.setProperty("width", `${size}px`);
  context.scale(2, 2);
  if (sample.events) drawEvents(context, sample.events, shape.reduce((a, b) => a * b, 1));
  else drawValues(context, sample.values, shape);
  return canvas;
}
