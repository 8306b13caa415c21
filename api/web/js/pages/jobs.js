// SPDX-License-Identifier: MIT
// The jobs there are, newest first or ordered otherwise, alive.
import { get } from "../api.js";
import { choice, leaving, STATUSES } from "../parts.js";
import { h, empty, failure, later, paced, replace, setText } from "../dom.js";
import { count } from "../format.js";
import { live } from "../live.js";
import { note, href } from "../router.js";
import { makeRow } from "./jobs_row.js";

const PAGE = 50, MOST = 100;

/* What the list can be ordered by, and which way is of use. The server orders, over all jobs. */
const SORTS = [["", "newest"], ["status", "running first"], ["accuracy", "best accuracy"], ["loss", "least loss", "asc"], ["progress", "furthest"],
  ["updated", "last changed"], ["name", "name", "asc"]];

/* What the address says is to be shown, and the question to the server for it. */
function readFilter(query) {
  const metadata = [...query].filter(([k]) => /^metadata\[.+\]$/.test(k));
  return { status: query.get("status") ?? "", metadata, text: query.get("text") ?? "", sort: query.get("sort") ?? "" };
}

function toQuery(filter) {
  const query = new URLSearchParams(filter.metadata);
  for (const name of ["status", "text", "sort"]) if (filter[name]) query.set(name, filter[name]);
  return query;
}

function toServer(filter) {
  const query = toQuery(filter), way = SORTS.find(([key]) => key === filter.sort)?.[2];
  if (way) query.set("order", way);
  return query;
}

/* What the server looks for a text in. */
const places = (job) => [job.name, job.id, job.config?.dataset?.name, job.config?.dataset?.id, ...Object.entries(job.metadata ?? {}).map((pair) => pair.join("="))];

const fits = (filter, job) =>
  (!filter.status || job.status === filter.status) &&
  filter.metadata.every(([k, v]) => String(job.metadata?.[k.slice(9, -1)] ?? "") === v) &&
  (!filter.text || places(job).some((p) => p?.toLowerCase().includes(filter.text.toLowerCase())));

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
    type: "search", placeholder: "Name, id, data set or label", "aria-label": "Filter all jobs by name, id, data set or metadata", maxLength: 60,
    value: filter.text, oninput: (e) => changed({ text: e.target.value.trim() }),
  });
  return h("form", { class: "filters", role: "search", "aria-label": "Jobs", onsubmit: (e) => e.preventDefault() },
    choice("Status", [["", "any"], ...STATUSES], filter.status, (status) => changed({ status })),
    choice("Sort", SORTS, filter.sort, (sort) => changed({ sort })),
    h("label", { class: "row" }, h("span", { class: "muted" }, "Metadata"), metadata), text);
}

/* The rows on the page by the id of their job, and what is chosen among them. */
class Table {
  constructor(body, signal, onPick, onDelete) {
    Object.assign(this, { body, signal, onPick, onDelete, rows: new Map(), picked: new Set(), last: null });
  }
  row(job) {
    return makeRow(job, {
      signal: this.signal,
      picked: (on) => { if (on) this.picked.add(job.id); else this.picked.delete(job.id); this.onPick(this.picked); },
      changed: (next, action) => {
        if (next) { this.rows.get(next.id)?.update(next); return; }
        if (action.name === "Delete") { this.remove(job.id); this.onDelete(); }
      },
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
  /* These jobs in this order and, unless the rest stays behind them, no others; a row that stands where it
   * should is not touched, as it may have the focus. */
  arrange(jobs, restStays) {
    const wanted = new Set(jobs.map((j) => j.id));
    for (const id of [...this.rows.keys()]) if (!restStays && !wanted.has(id)) this.remove(id);
    jobs.forEach((job, i) => {
      if (this.rows.has(job.id)) this.rows.get(job.id).update(job);
      else this.rows.set(job.id, this.row(job));
      const { node } = this.rows.get(job.id), there = this.body.children[i];
      if (there !== node) this.body.insertBefore(node, there ?? null);
    });
    if (!restStays) this.last = jobs.at(-1)?.id ?? null;
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
  }, () => paint());

  const paint = () => {
    const shown = table.rows.size;
    setText(summary, shown ? `${count(shown, "job")} shown${more.hidden ? "" : ", there are more"}` : "");
    state.hidden = shown > 0;
    const filtered = filter.status || filter.metadata.length || filter.text;
    if (!shown)
      replace(state, filtered ? empty("No job fits", "None of all jobs has that status, metadata or text.")
        : empty("No jobs yet", "A job trains one network. Start from a form, or POST its JSON to /v1/jobs.",
          h("a", { class: "button main", href: "#/new" }, "New job")));
  };
  /* Whose answer comes when the filter is another one already is not looked at. */
  let asked = 0;
  const ask = async (page) => {
    const mine = ++asked;
    more.disabled = true;
    try {
      const list = await get(`/v1/jobs?${page}`, signal);
      if (mine === asked) { more.hidden = !list.has_more; return list.data; }
    } catch (error) {
      if (!signal.aborted) { state.hidden = false; replace(state, failure(error)); }
    } finally { if (mine === asked) more.disabled = false; }
    return null;
  };
  const load = async () => {
    const page = toServer(filter);
    page.set("limit", PAGE);
    if (table.last) page.set("after", table.last);
    const jobs = await ask(page);
    for (const job of jobs ?? []) table.append(job);
    table.last = jobs?.at(-1)?.id ?? table.last;
    if (jobs) paint();
  };
  /* From the start again: a new question, or an order that changes as jobs do. Of a long list the first
   * MOST are asked for, as an order changes at its top; all of it where any row may be old. */
  const again = async (rows, whole) => {
    const jobs = [];
    do {
      const page = toServer(filter);
      page.set("limit", Math.min(MOST, Math.max(PAGE, rows - jobs.length)));
      if (jobs.length) page.set("after", jobs.at(-1).id);
      const some = await ask(page);
      if (!some) return;
      jobs.push(...some);
    } while (whole && !more.hidden && jobs.length < rows);
    table.arrange(jobs, !more.hidden && jobs.length < rows);
    paint();
  };
  const settle = later(150, () => { note("jobs", toQuery(filter)); again(0); });
  const changed = (part) => { Object.assign(filter, part); settle(); };

  replace(root,
    h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "Jobs"), summary),
      compare, h("a", { class: "button main", href: "#/new" }, "New job")),
    filterBar(filter, changed),
    h("div", { class: "card flush" },
      h("div", { class: "scroll" }, h("table", { class: "jobs" },
        h("caption", { class: "unseen" }, "Jobs"),
        h("colgroup", null, ["pick", "job", "status", "progress", "accuracy", "spark", "created", "actions"].map((name) => h("col", { class: `wide-${name}` }))),
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

  const first = load();
  let whole = false;
  const refresh = paced(1500, async () => {
    const all = whole;
    whole = false;
    await first;
    await again(table.rows.size, all);
  });
  follow(table, filter, signal, paint, (all) => { whole ||= all; refresh(); });
  await first;
}

/* Progress comes whole; of other events only that the job is to be looked at again. Both at a pace, since
 * a small job ends hundreds of epochs a second, and a list may be long. */
function follow(table, filter, signal, paint, again) {
  const due = new Set(), moved = new Map();
  const fetchDue = paced(120, async () => {
    const ids = [...due];
    due.clear();
    for (const id of ids.filter((known) => !leaving.has(known))) {
      const job = await get(`/v1/jobs/${id}`, signal).catch((e) => (e.status === 404 ? null : undefined));
      if (job && (table.rows.has(id) || fits(filter, job))) table.put(job);
      if (job === null || (job && !fits(filter, job))) table.remove(id);
    }
    paint();
    if (filter.sort) again(false);
  });
  const move = paced(250, async () => {
    for (const [id, progress] of moved) table.rows.get(id)?.update(progress);
    moved.clear();
    if (filter.sort) again(false);
  });
  live.on(({ type, data }) => {
    if (type === "open") again(true);
    else if (type === "progress") { moved.set(data.id, data); move(); }
    else if (data.job && type !== "epoch" && type !== "checkpoint") { due.add(data.job); fetchDue(); }
  }, signal);
}
