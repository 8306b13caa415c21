// SPDX-License-Identifier: MIT
// The jobs there are, newest first, alive.
import { get } from "../api.js";
import { choice, STATUSES } from "../parts.js";
import { h, empty, failure, later, paced, replace, setText } from "../dom.js";
import { count } from "../format.js";
import { live } from "../live.js";
import { note, href } from "../router.js";
import { makeRow } from "./jobs_row.js";

const PAGE = 50;

/* What the address says is to be shown, and the question to the server for it. */
function readFilter(query) {
  const metadata = [...query].filter(([k]) => /^metadata\[.+\]$/.test(k));
  return { status: query.get("status") ?? "", metadata, text: query.get("text") ?? "" };
}

function toQuery(filter) {
  const query = new URLSearchParams(filter.metadata);
  if (filter.status) query.set("status", filter.status);
  return query;
}

const fits = (filter, job) =>
  (!filter.status || job.status === filter.status) &&
  filter.metadata.every(([k, v]) => String(job.metadata?.[k.slice(9, -1)] ?? "") === v);

const hasText = (job, text) =>
  !text || `${job.name} ${job.id} ${job.dataset}`.toLowerCase().includes(text.toLowerCase());

function filterBar(filter, changed) {
  const metadata = h("input", {
    type: "search", placeholder: "paper=fig1", "aria-label": "Filter by metadata, as key=value",
    value: filter.metadata.map(([k, v]) => `${k.slice(9, -1)}=${v}`).join(" "),
    onchange: (e) => changed({
      metadata: e.target.value.split(/\s+/).filter((p) => p.includes("=")).map((p) => {
        const at = p.indexOf("=");
        return [`metadata[${p.slice(0, at)}]`, p.slice(at + 1)];
      }),
    }),
  });
  const text = h("input", {
    type: "search", placeholder: "Name, id or data set", "aria-label": "Filter what is shown by name, id or data set",
    value: filter.text, oninput: (e) => changed({ text: e.target.value }),
  });
  return h("form", { class: "filters", role: "search", "aria-label": "Jobs", onsubmit: (e) => e.preventDefault() },
    choice("Status", [["", "any"], ...STATUSES], filter.status, (status) => changed({ status })),
    h("label", { class: "row" }, h("span", { class: "muted" }, "Metadata"), metadata), text);
}

/* The rows on the page by the id of their job, and what is chosen among them. */
class Table {
  constructor(body, signal, onPick) {
    Object.assign(this, { body, signal, onPick, rows: new Map(), picked: new Set(), last: null });
  }
  row(job) {
    return makeRow(job, {
      signal: this.signal,
      picked: (on) => { if (on) this.picked.add(job.id); else this.picked.delete(job.id); this.onPick(this.picked); },
      changed: (next, action) => (action?.name === "Delete" && !next ? this.remove(job.id) : next && this.rows.get(next.id)?.update(next)),
    });
  }
  append(job) {
    if (this.rows.has(job.id)) return;
    const row = this.row(job);
    this.rows.set(job.id, row);
    this.body.append(row.node);
  }
  put(job) {
    const there = this.rows.get(job.id);
    if (there) { there.update(job); return; }
    const row = this.row(job);
    this.rows.set(job.id, row);
    this.body.prepend(row.node);
  }
  remove(id) {
    this.rows.get(id)?.node.remove();
    this.rows.delete(id);
    if (this.picked.delete(id)) this.onPick(this.picked);
  }
}

export async function show({ root, query, signal, title }) {
  title("Jobs");
  const filter = readFilter(query);
  const body = h("tbody");
  const more = h("button", { type: "button", hidden: true, onclick: () => load() }, "Show more");
  const state = h("div", { class: "busy", role: "status" }, "Loading…");
  const compare = h("a", { class: "button", hidden: true }, "Compare");
  const summary = h("p", { class: "sub" });
  const table = new Table(body, signal, (picked) => {
    compare.hidden = picked.size === 0;
    compare.href = href("compare", { jobs: [...picked].join(",") });
    setText(compare, `Compare ${count(picked.size, "job")}`);
  });

  const paint = () => {
    let shown = 0;
    for (const row of table.rows.values()) {
      row.node.hidden = !hasText(row.job, filter.text);
      shown += row.node.hidden ? 0 : 1;
    }
    setText(summary, table.rows.size ? `${count(shown, "job")} shown${more.hidden ? "" : ", there are more"}` : "");
    state.hidden = shown > 0;
    const filtered = filter.status || filter.metadata.length || filter.text;
    if (!shown)
      replace(state, filtered ? empty("No job fits", "Nothing here has that status, metadata or name.")
        : empty("No jobs yet", "A job trains one network. Start from a form, or POST its JSON to /v1/jobs.",
          h("a", { class: "button main", href: "#/new" }, "New job")));
  };
  const load = async () => {
    const page = toQuery(filter);
    page.set("limit", PAGE);
    if (table.last) page.set("after", table.last);
    more.disabled = true;
    try {
      const list = await get(`/v1/jobs?${page}`, signal);
      for (const job of list.data) table.append(job);
      table.last = list.last_id ?? table.last;
      more.hidden = !list.has_more;
      paint();
    } catch (error) {
      if (!signal.aborted) { state.hidden = false; replace(state, failure(error)); }
    }
    more.disabled = false;
  };
  const changed = later(60, (part) => {
    const reload = !("text" in part);
    Object.assign(filter, part);
    const all = toQuery(filter);
    if (filter.text) all.set("text", filter.text);
    note("jobs", all);
    if (!reload) { paint(); return; }
    for (const id of [...table.rows.keys()]) table.remove(id);
    table.last = null;
    load();
  });

  replace(root,
    h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "Jobs"), summary),
      compare, h("a", { class: "button main", href: "#/new" }, "New job")),
    filterBar(filter, changed),
    h("div", { class: "card flush" },
      h("div", { class: "scroll" }, h("table", { class: "jobs" },
        h("caption", { class: "unseen" }, "Jobs, newest first"),
        h("thead", null, h("tr", null,
          h("th", { scope: "col" }, h("span", { class: "unseen" }, "Compare")),
          ["Job", "Status", "Progress", "Accuracy", "Loss", "Created"].map((t) =>
            h("th", { scope: "col", class: t === "Accuracy" ? "number" : null }, t)),
          h("th", { scope: "col" }, h("span", { class: "unseen" }, "Actions")))),
        body)), state),
    h("div", { class: "row more" }, more));
  const end = new IntersectionObserver(([e]) => { if (e.isIntersecting && !more.hidden && !more.disabled) load(); });
  end.observe(more);
  signal.addEventListener("abort", () => end.disconnect());

  follow(table, filter, signal, paint);
  await load();
}

/* Progress comes whole; of other events only that the job is to be looked at again: at a pace, since a
 * small job ends hundreds of epochs a second. */
function follow(table, filter, signal, paint) {
  const due = new Set();
  const fetchDue = paced(120, async () => {
    const ids = [...due];
    due.clear();
    for (const id of ids) {
      const job = await get(`/v1/jobs/${id}`, signal).catch((e) => (e.status === 404 ? null : undefined));
      if (job && (table.rows.has(id) || fits(filter, job))) table.put(job);
      if (job === null || (job && !fits(filter, job))) table.remove(id);
    }
    paint();
  });
  live.on(({ type, data }) => {
    if (type === "progress") { table.rows.get(data.id)?.update(data); return; }
    if (!data.job || type === "checkpoint") return;
    due.add(data.job);
    fetchDue();
  }, signal);
}
