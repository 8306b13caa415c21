// SPDX-License-Identifier: MIT
// One stream of all that happens, for whoever shows it: /v1/events from now on.
import { follow } from "./api.js";

const listeners = new Set(), watchers = new Set();
let state = "connecting", started = false;

const pass = (event) => { for (const f of listeners) f(event); };

/* What happened while there was no connection is told by nobody. */
function tell(next) {
  state = next;
  for (const f of watchers) f(next);
  if (next === "live") pass({ type: "open", data: {} });
}

/* A page that is left lets go of its connection: the browser keeps such pages for a while, and has but six
 * connections to a host. One that is come back to follows anew. */
function begin() {
  const left = new AbortController();
  started = true;
  addEventListener("pagehide", () => left.abort(), { once: true });
  addEventListener("pageshow", (e) => { if (e.persisted) begin(); }, { once: true });
  follow("/v1/events?after=latest", {
    signal: left.signal,
    onState: tell,
    on: pass,
  }).catch(() => tell("lost"));
}

export const live = {
  /** f(event) until the signal is aborted: stored events (event.data.job), "progress" of the jobs that run
   * (event.data.id), and "open" where events may have been missed. Who shows what is fetched listens before
   * he asks for it: what happens in between is otherwise never seen. */
  on(f, signal) {
    if (!started) begin();
    listeners.add(f);
    signal.addEventListener("abort", () => listeners.delete(f));
  },
  /** f("connecting" | "live" | "lost"), also at once. */
  onState(f) {
    if (!started) begin();
    watchers.add(f);
    f(state);
  },
};
