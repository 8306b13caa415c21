// SPDX-License-Identifier: MIT
// What tells jobs apart: the fields of their configs in which they differ.

/** {"training.epochs": 20, ...}: the leaves of an object by their paths. */
export function flatten(value, at = "", into = {}) {
  if (typeof value !== "object" || value === null) { into[at] = value; return into; }
  for (const [key, inner] of Object.entries(value)) flatten(inner, at ? `${at}.${key}` : key, into);
  return into;
}

const IGNORED = /^(name|metadata\.)/;

/** [path, [value of each job]] where they are not all the same. */
export function differences(jobs) {
  const flat = jobs.map((j) => flatten(j.config ?? {}));
  const paths = [...new Set(flat.flatMap(Object.keys))].filter((p) => !IGNORED.test(p));
  return paths.map((p) => [p, flat.map((f) => f[p])]).filter(([, values]) => new Set(values.map((v) => JSON.stringify(v))).size > 1);
}

/** The end of a path says enough, unless two paths end alike. */
export function shortNames(paths) {
  const ends = paths.map((p) => p.split(".").at(-1));
  return paths.map((p, i) => (ends.filter((e) => e === ends[i]).length > 1 ? p.split(".").slice(-2).join(".") : ends[i]).replaceAll("_", " "));
}
