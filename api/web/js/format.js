// SPDX-License-Identifier: MIT
// Numbers, times and sizes as people read them.
export const DASH = "–";

const known = (v) => v !== null && v !== undefined && Number.isFinite(v);

/** Four significant digits, and an exponent only where it is shorter. */
export function number(v) {
  if (!known(v)) return DASH;
  if (Number.isInteger(v) && Math.abs(v) < 1e9) return v.toLocaleString("en");
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return v.toExponential(2).replace("e+", "e");
  return String(Number(v.toPrecision(4)));
}

export const percent = (v, digits = 1) => (known(v) ? `${(100 * v).toFixed(digits)}%` : DASH);

export function bytes(v) {
  if (!known(v)) return DASH;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; v >= 1024 && i < units.length - 1; i++) v /= 1024;
  return `${i && v < 100 ? v.toFixed(1) : Math.round(v)} ${units[i]}`;
}

export function duration(seconds) {
  if (!known(seconds)) return DASH;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function ago(at) {
  if (!at) return DASH;
  const s = Date.now() / 1000 - at;
  if (s < 45) return "just now";
  if (s < 3600) return `${Math.round(s / 60)} min ago`;
  if (s < 86400) return `${Math.round(s / 3600)} h ago`;
  if (s < 30 * 86400) return `${Math.round(s / 86400)} d ago`;
  return new Date(at * 1000).toISOString().slice(0, 10);
}

export const when = (at) => (at ? new Date(at * 1000).toLocaleString() : DASH);

/** "2 jobs", "1 job" */
export const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

export const capital = (text) => text.replace(/^./, (c) => c.toUpperCase());

/** How long a job has been, or was, at work. */
export const spent = (job) =>
  (job.started_at ? duration((job.finished_at ?? Date.now() / 1000) - job.started_at) : DASH);

/** The accuracy worth most: of the test set, else of the validation, else of the training. */
export function bestAccuracy(metrics) {
  for (const [key, name] of [["test_accuracy", "test"], ["validation_accuracy", "valid."], ["train_accuracy", "train"]])
    if (known(metrics?.[key])) return { value: metrics[key], of: name };
  return null;
}
