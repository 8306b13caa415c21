// SPDX-License-Identifier: MIT
// What serves here, and how busy it is.
import { get } from "../api.js";
import { h, paced, replace } from "../dom.js";
import { bytes, duration, number, when } from "../format.js";
import { live } from "../live.js";
import { STATUSES, tile } from "../parts.js";
import { href } from "../router.js";

const POLL_MS = 3000;

const share = (label, part, whole, text) => h("div", { class: "share" },
  h("div", { class: "row spread" }, h("span", null, label), h("span", { class: "muted" }, text)),
  h("progress", { max: Math.max(1, whole), value: part, "aria-label": label }));

const card = (title, ...content) => h("section", { class: "card stack" }, h("h2", null, title), content);

function draw(s) {
  const threads = s.workers.threads_per_job;
  return [
    h("dl", { class: "tiles" }, tile("Version", s.version, h("small", null, s.revision)), tile("Up", duration(s.uptime_seconds), h("small", null, `since ${when(s.started_at)}`)),
      tile("Processors", s.processors), tile("Instruction set", s.instruction_set, h("small", null, `of ${s.instruction_sets.join(", ")}`)),
      tile("BLAS kernel", s.blas), tile("Schema", s.schema_version)),
    h("div", { class: "grid" },
      card("Workers", share("At work", s.workers.busy, s.workers.count, `${s.workers.busy} of ${s.workers.count}`),
        h("p", { class: "muted" }, threads ? `${threads} threads a job` : "the processors are shared among the jobs")),
      card("Memory", share("Reserved by running jobs", s.memory.reserved_bytes, s.memory.limit_bytes, `${bytes(s.memory.reserved_bytes)} of ${bytes(s.memory.limit_bytes)}`),
        share("Resident", s.memory.resident_bytes, s.memory.limit_bytes, bytes(s.memory.resident_bytes))),
      card("Queue", share("Waiting", s.jobs.queued, s.max_queued, `${number(s.jobs.queued)} of at most ${number(s.max_queued)}`)),
      card("Disk", h("dl", { class: "tiles" }, tile("Free", bytes(s.disk.free_bytes)), tile("Kept in reserve", bytes(s.disk.reserve_bytes))))),
    card("Jobs", h("dl", { class: "tiles" }, STATUSES.map((k) => tile(h("a", { href: href("jobs", { status: k }) }, k), number(s.jobs[k]))))),
  ];
}

export async function show({ root, signal, title }) {
  title("System");
  const host = h("div", { class: "stack" });
  const refresh = async () => replace(host, draw(await get("/v1/system", signal)));
  await refresh(); // again in a moment, whatever happens meanwhile
  replace(root, h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "System"), h("p", { class: "sub" }, "The daemon that serves this page."))), host);
  const again = paced(POLL_MS, () => refresh().catch(() => {}));
  live.on(again, signal);
  const timer = setInterval(again, POLL_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}
