// SPDX-License-Identifier: MIT
// The server's histograms: fixed bins between powers of two, of either sign. Each bin has a level: 0 is exactly
// zero, +1 is (0, 2^-40), +2 is [2^-40, 2^-39) ... +52 is 2^10 and above, and the same below zero.
import { number } from "../format.js";

const LOWEST = -40, HIGHEST = 10;

const levelOf = (edge) => (edge === 0 ? 1 : Math.round(Math.log2(edge)) - LOWEST + 2);

/** [level, count] of each bin of an entry, with its zeros, from the lowest. */
export function levels(entry) {
  const list = entry.bins.map(([left, right, n]) => (left === null || left < 0 ? [-levelOf(-right), n] : [levelOf(left), n]));
  if (entry.zeros) list.push([0, entry.zeros]);
  return list.sort((a, b) => a[0] - b[0]);
}

/** The edge of a level that is nearer to zero. */
export const edge = (level) => {
  const size = Math.abs(level);
  return size <= 1 ? 0 : Math.sign(level) * 2 ** (size - 2 + LOWEST);
};

export const levelText = (level) => (level === 0 ? "0" : number(edge(level)));

/** [from, to) in words. */
export function levelRange(level) {
  if (level === 0) return "exactly 0";
  const near = edge(level), size = Math.abs(level);
  const far = size - 1 + LOWEST > HIGHEST ? null : Math.sign(level) * 2 ** (size - 1 + LOWEST);
  const [left, right] = level > 0 ? [near, far] : [far, near];
  return `${left === null ? "less" : number(left)} to ${right === null ? "more" : number(right)}`;
}

/** Where a value stands on the scale of levels, within its bin too. */
export function place(v) {
  if (v === 0) return 0;
  const size = Math.log2(Math.abs(v)) - LOWEST + 2;
  return Math.sign(v) * Math.min(HIGHEST - LOWEST + 3, Math.max(0.5, size));
}

/** The levels that a chart of these entries has room for: from the lowest to the highest with something in
 * it, without those around zero that are empty everywhere. `at` is where a place stands among them, 0 in the
 * middle of the zeros; `level` is the reverse for whole numbers. */
export function scale(entries) {
  let low = 0, high = 0, inner = Infinity;
  for (const entry of entries)
    for (const [level] of levels(entry)) {
      low = Math.min(low, level);
      high = Math.max(high, level);
      if (level) inner = Math.min(inner, Math.abs(level));
    }
  inner = Number.isFinite(inner) ? inner : 1;
  const at = (p) => (Math.abs(p) < inner ? p / inner : Math.sign(p) * (Math.abs(p) - inner + 1));
  const level = (i) => (i === 0 ? 0 : Math.sign(i) * (Math.abs(i) + inner - 1));
  return { low: at(low), high: at(high), at, level };
}

/** Places of percentiles, interpolated within the bins; the first and last are the extremes themselves. */
export function percentiles(entry, shares) {
  const list = levels(entry), total = list.reduce((sum, [, n]) => sum + n, 0);
  return shares.map((share) => {
    if (share <= 0) return place(entry.min);
    if (share >= 1) return place(entry.max);
    let left = share * total;
    for (const [level, n] of list) {
      if (left <= n) return level === 0 ? 0 : level > 0 ? level + left / n : level - 1 + left / n;
      left -= n;
    }
    return place(entry.max);
  });
}

/** TensorBoard's triples: [left, right, count] with edges that are numbers, of an entry. */
export const triples = (entry) => {
  const outer = (side, otherwise) => (Number.isFinite(side) ? side : otherwise);
  const list = entry.bins.map(([left, right, n]) => [outer(left, entry.min), outer(right, entry.max), n]);
  const at = list.findIndex(([left]) => left >= 0);
  if (entry.zeros) list.splice(at < 0 ? list.length : at, 0, [0, 0, entry.zeros]);
  return list;
};
