// SPDX-License-Identifier: MIT
// Elements without markup in strings: text from elsewhere is only ever text.
const SVG = "http://www.w3.org/2000/svg";

function give(node, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node && !key.includes("-") && !(node instanceof SVGElement) && key !== "list")
      node[key] = value;
    else node.setAttribute(key === "class" ? "class" : key, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

/** h("a", { href: "#/jobs", class: "button" }, "Jobs") */
export const h = (tag, props, ...children) => give(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) =>
  give(document.createElementNS(SVG, tag), props, children);

export const replace = (node, ...children) => {
  node.replaceChildren(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
};

/** The same of buttons: where one of them has the focus, the first of the new ones gets it. */
export function replaceActions(node, ...children) {
  const held = node.contains(document.activeElement);
  replace(node, ...children);
  if (held) node.querySelector("button, a")?.focus({ preventScroll: true });
}

/** Sets only what differs: no work for the browser, and no noise for a screen reader. */
export const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

export function toast(text, bad) {
  const box = document.getElementById("toasts");
  const node = h("div", { class: bad ? "toast bad" : "toast" }, text);
  box.append(node);
  setTimeout(() => node.remove(), bad ? 9000 : 4000);
}

/** What went wrong, with every field that the server names. */
export function failure(error) {
  const errors = error.errors ?? [];
  return h("div", { class: "problem", role: "alert" },
    errors.length > 1 ? h("ul", null, errors.map((e) => h("li", null, `${e.pointer ?? e.parameter ?? ""} ${e.detail}`)))
      : error.message,
    error.status === 401 ? h("div", { class: "row" }, h("button", { type: "button", onclick: () => location.reload() }, "Give a token")) : null);
}

export const empty = (title, text, ...actions) =>
  h("div", { class: "note" }, h("strong", null, title), text, actions.length ? h("div", { class: "row" }, actions) : null);

/** Resolves to true where the answer is yes. */
export function confirm(title, text, yes, danger) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-label": title, onclose: () => { resolve(dialog.returnValue === "yes"); dialog.remove(); } },
      h("h2", null, title), h("p", null, text),
      h("div", { class: "row end" },
        h("button", { type: "button", onclick: () => dialog.close("no") }, "Keep"),
        h("button", { type: "button", class: danger ? "danger" : "main", onclick: () => dialog.close("yes") }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Calls f once, `ms` after the last of several calls. */
export function later(ms, f) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}

/** Calls f at most once in `ms`, and never twice at a time; the last call is not lost. */
export function paced(ms, f) {
  let busy = false, again = false;
  return async function call() {
    if (busy) { again = true; return; }
    busy = true;
    try { await f(); } finally {
      setTimeout(() => { busy = false; if (again) { again = false; call(); } }, ms);
    }
  };
}
