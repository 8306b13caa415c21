// SPDX-License-Identifier: MIT
// Fields of a form from rows of the catalog. Each knows its place in the job by its JSON pointer, which
// is also how the server names what is wrong with it.
import { h, setText } from "../dom.js";
import { number } from "../format.js";
import { pointer } from "./draft.js";

let made = 0;

export const words = (name) => name.replaceAll("_", " ");

/** `control(id)` makes the element; `check` puts it before its label. */
export function field(form, path, label, control, { doc, check, wide } = {}) {
  const id = `f${made++}`;
  const at = pointer(path);
  const input = control(id);
  const error = h("div", { class: "error", id: `${id}-error`, hidden: true });
  const name = h("label", { htmlFor: id, title: doc ?? "" }, label);
  Object.assign(input, { id });
  input.dataset.pointer = at;
  input.setAttribute("aria-describedby", error.id);
  form.fields.set(at, {
    input,
    fail(text) {
      setText(error, text ?? "");
      error.hidden = !text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  });
  return h("div", { class: `field${check ? " check" : ""}${wide ? " wide" : ""}` }, check ? [input, name] : [name, input], error);
}

const range = (p) => {
  if (p.min === null || p.min === undefined || p.max === null || p.max >= 1e6) return p.min === null || p.min <= -1e5 ? "" : `${p.min_exclusive ? "above" : "from"} ${p.min}`;
  return `${p.min} to ${number(p.max)}`;
};

/* What somebody types is a number only once it looks like one; till then the server is asked about it as
 * it stands, and says what it wants. */
const readNumber = (text) => {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const v = Number(trimmed);
  return Number.isNaN(v) ? trimmed : v;
};

/** A parameter of the catalog: {name, type, default, min, max, doc}. */
export function paramField(form, path, p, label = words(p.name)) {
  const { draft } = form;
  const now = draft.get(path);
  const doc = [p.doc, range(p)].filter(Boolean).join(": ");
  if (p.type === "boolean")
    return field(form, path, label, () => h("input", {
      type: "checkbox", checked: now ?? p.default,
      onchange: (e) => draft.set(path, e.target.checked === p.default ? undefined : e.target.checked, "form"),
    }), { doc, check: true });
  const wanted = p.default === null || p.default === undefined ? (p.required ? "required" : "") : number(p.default).replaceAll(",", "");
  return field(form, path, label, () => h("input", {
    type: "text", inputMode: p.type === "integer" ? "numeric" : "decimal", placeholder: wanted, value: now ?? "",
    autocomplete: "off", spellcheck: false, title: doc,
    oninput: (e) => draft.set(path, readNumber(e.target.value), "form"),
  }), { doc });
}

/** "0.5" or "0.5, 0.8": a number, or a list of them. */
export function listField(form, path, p, label = words(p.name)) {
  const { draft } = form;
  const now = draft.get(path);
  return field(form, path, label, () => h("input", {
    type: "text", inputMode: "decimal", placeholder: p.default ?? "", value: Array.isArray(now) ? now.join(", ") : now ?? "", title: p.doc,
    oninput: (e) => {
      const parts = e.target.value.split(",").map(readNumber).filter((v) => v !== undefined);
      draft.set(path, parts.length > 1 ? parts : parts[0], "form");
    },
  }), { doc: p.doc });
}

export function textField(form, path, label, props = {}) {
  return field(form, path, label, () => h("input", {
    type: "text", value: form.draft.get(path) ?? "", autocomplete: "off", ...props,
    oninput: (e) => form.draft.set(path, e.target.value || undefined, "form"),
  }), { wide: props.wide });
}

/** A choice by name. One that changes which other fields there are has the form made anew. */
export function selectField(form, path, label, names, { fallback, doc, remake = true, read = (v) => v } = {}) {
  const now = form.draft.get(path) ?? fallback;
  return field(form, path, label, () => h("select", {
    title: doc ?? "",
    onchange: (e) => {
      const value = read(e.target.value);
      form.draft.set(path, value === fallback ? undefined : value, remake ? "kind" : "form");
    },
  }, names.map((n) => {
    const [value, text] = Array.isArray(n) ? n : [n, n];
    return h("option", { value, selected: value === now || (now === undefined && value === "") }, text);
  })), { doc });
}

/** The row of a registry that a job has chosen there, or would have by itself. */
export const chosen = (form, registry, path) => {
  const rows = form.catalog[registry];
  const name = form.draft.get(path);
  return rows.find((r) => r.name === name) ?? rows.find((r) => r.default) ?? rows[0];
};

/** A registry as a choice, and the parameters of the row that is chosen. `base` is where they live. */
export function kindFields(form, registry, base, key = "kind", prefix = "", label = "kind") {
  const path = [...base, key];
  const rows = form.catalog[registry];
  const row = chosen(form, registry, path);
  return [
    selectField(form, path, label, rows.map((r) => r.name), { fallback: rows.find((r) => r.default)?.name, doc: row.doc }),
    ...row.params.map((p) => paramField(form, [...base, prefix + p.name], p, words(prefix + p.name))),
  ];
}

/** A limit of the catalog by its field in a job ("training.epochs"). */
export const limit = (form, name) => form.catalog.limits.find((l) => l.field === name);
