// SPDX-License-Identifier: MIT
// #/page/argument/...?query to a module of pages/. A page is a function show({ root, args, query,
// signal, title }); when another takes its place its signal is aborted, and with it all it asked for.
import { h, failure, replace } from "./dom.js";

let current = null;

export const href = (path, query) => {
  const text = new URLSearchParams(query ?? {}).toString();
  return `#/${path}${text ? `?${text}` : ""}`;
};

export const go = (path, query) => { location.hash = href(path, query); };

/** The address follows what is chosen on a page, without showing the page anew. */
export const note = (path, query) => history.replaceState(null, "", href(path, query));

const parse = (fallback) => {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...args] = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { name: name ?? fallback, args, query: new URLSearchParams(query ?? "") };
};

const markCurrent = (name) => {
  const of = { job: "jobs", sweep: "compare" }[name] ?? name;
  for (const link of document.querySelectorAll(".shell nav a"))
    if (link.hash === `#/${of}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
};

async function show(pages, fallback) {
  const root = document.getElementById("main");
  const { name, args, query } = parse(fallback);
  const load = pages[name];
  const page = new AbortController();
  const stays = current?.key === `${name}/${args[0]}`;

  current?.controller.abort();
  current = { controller: page, key: `${name}/${args[0]}` };
  markCurrent(name);
  const held = stays && root.contains(document.activeElement);
  try {
    if (!load) throw new Error(`There is no page "${name}".`);
    if (!stays) replace(root, h("p", { class: "busy" }, "Loading…"));
    const module = await load();
    if (page.signal.aborted) return;
    await module.show({
      root, args, query, signal: page.signal,
      title: (text) => { document.title = `${text} · spiked`; },
    });
    if (page.signal.aborted) return;
    showTab(root, held);
    if (!stays) focusHeading(root);
  } catch (error) {
    if (!page.signal.aborted) replace(root, failure(error));
  }
}

/** Who uses a screen reader is told where he is; who uses the mouse sees no difference. */
function focusHeading(root) {
  const heading = root.querySelector("h1");
  scrollTo(0, 0);
  if (!heading || (root !== document.activeElement && root.contains(document.activeElement))) return; // somebody is at work here already
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** The chosen part of a page is in sight, and has the focus where the link that was followed had it. */
function showTab(root, held) {
  const tab = root.querySelector(".tabs [aria-current]");
  tab?.scrollIntoView({ inline: "nearest", block: "nearest" });
  if (held && document.activeElement === document.body) tab?.focus({ preventScroll: true });
}

export function start(pages, fallback) {
  addEventListener("hashchange", () => show(pages, fallback));
  show(pages, fallback);
}
