// SPDX-License-Identifier: MIT
// One stream of all that happens, for whoever shows it: /v1/events from now on.
import { follow } from "./api.js";

const listeners = new Set(), watchers = new Set();
let state = "connecting", started = false;

function tell(next) {
  state = next;
  for (const f of watchers) f(next);
}

function begin() {
  started = true;
  follow("/v1/events?after=latest", {
    signal: new AbortController().signal,
    onState: tell,
    on: (event) => { for (const f of listeners) f(event); },
  }).catch(() => tell("lost"));
}

export const live = {
  /** f(event) until the signal is aborted: stored events (event.data.job) and "progress" of the jobs that
   * run (event.data.id). */
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
