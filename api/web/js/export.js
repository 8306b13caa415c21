// SPDX-License-Identifier: MIT
// What is shown, as files.
export function download(name, type, content) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const cell = (v) => {
  const text = v === null || v === undefined ? "" : String(v);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows of values, the first of them the names of the columns. */
export const csv = (rows) => rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";

export const saveCsv = (name, rows) => download(`${name}.csv`, "text/csv", csv(rows));
export const saveJson = (name, value) => download(`${name}.json`, "application/json", `${JSON.stringify(value)}\n`);

export const saveSvg = (name, text) => text && download(`${name}.svg`, "image/svg+xml", text);

/** The canvas on the page's own surface: transparent pictures are unreadable elsewhere. */
export function savePng(name, canvas) {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface");
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => download(`${name}.png`, "image/png", blob));
}
