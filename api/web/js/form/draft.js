// SPDX-License-Identifier: MIT
// A job that is being written, or a sweep of which it is the base. The form, the JSON and the curl line are views of
// this one object.

export const pointer = (path) => path.map((k) => `/${String(k).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export class Draft {
  constructor(whole) {
    this.listeners = [];
    this.take(whole);
  }
  /* A job has no "base", a sweep nothing without. */
  take(whole) {
    const { base, ...sweep } = whole;
    const isSweep = typeof base === "object" && base !== null && !Array.isArray(base);
    this.job = isSweep ? base : whole;
    this.sweep = isSweep ? sweep : null;
  }
  get(path) {
    return path.reduce((at, key) => at?.[key], this.job);
  }
  /** undefined takes the field away, and with it objects that hold nothing else. */
  set(path, value, from) {
    put(this.job, path, value);
    this.tell(from);
  }
  /** null: it is one job again. */
  setSweep(sweep, from) {
    this.sweep = sweep;
    this.tell(from);
  }
  replace(whole, from) {
    this.take(whole);
    this.tell(from);
  }
  /** What is sent, and where to. */
  text() {
    const { name, ...rest } = this.sweep ?? {};
    return layOut(this.sweep ? { name, base: this.job, ...rest } : this.job);
  }
  get route() {
    return this.sweep ? "/v1/sweeps" : "/v1/jobs";
  }
  /** f(from): `from` says which view the change came from. */
  on(f) {
    this.listeners.push(f);
  }
  tell(from) {
    for (const f of this.listeners) f(from);
  }
}

/* An object without fields says nothing, but for a layer's neuron: there it says that it has one. */
function isNothing(at, key) {
  const inner = at[key];
  if (Array.isArray(inner) || Array.isArray(at)) return false;
  return Object.keys(inner).length === 0 && !(key === "neuron" && "kind" in at);
}

function put(at, [key, ...rest], value) {
  if (rest.length) {
    if (typeof at[key] !== "object" || at[key] === null) {
      if (value === undefined) return;
      at[key] = {};
    }
    put(at[key], rest, value);
    if (value === undefined && isNothing(at, key)) delete at[key];
  } else if (value !== undefined) {
    at[key] = value;
  } else if (Array.isArray(at)) {
    at.splice(key, 1);
  } else {
    delete at[key];
  }
}

/** What fits on a line stays on it, as people write JSON; JSON.stringify knows only all or nothing. */
export function layOut(value, indent = "") {
  const flat = JSON.stringify(value)?.replace(/("(?:[^"\\]|\\.)*")|([,:])/g, (_, text, mark) => text ?? `${mark} `);
  if (typeof value !== "object" || value === null || flat.length + indent.length <= 46) return flat;
  const inner = `${indent}  `;
  const parts = Array.isArray(value) ? value.map((v) => layOut(v, inner))
    : Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => `${JSON.stringify(k)}: ${layOut(v, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}
