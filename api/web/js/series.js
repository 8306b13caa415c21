// SPDX-License-Identifier: MIT
// Series of a job's metrics, fetched once and then only what is new of them.
import { get } from "./api.js";

export class Series {
  /** `names` as the server takes them: "train_loss", "spike_rate/*". */
  constructor(job, names, maxPoints, signal) {
    Object.assign(this, { job, names, maxPoints, signal, all: {}, last: -1, turn: Promise.resolve() });
  }
  /** One at a time: two would both bring what is new. */
  refresh() {
    this.turn = this.turn.catch(() => {}).then(() => this.more());
    return this.turn;
  }
  async more() {
    const query = new URLSearchParams({ names: this.names.join(","), max_points: this.maxPoints, from_step: this.last + 1 });
    const answer = await get(`/v1/jobs/${this.job}/metrics?${query}`, this.signal);
    for (const [name, s] of Object.entries(answer.series)) {
      const to = (this.all[name] ??= { step: [], epoch: [], value: [] });
      for (const key of ["step", "epoch", "value"]) to[key].push(...s[key]);
      this.last = Math.max(this.last, s.step.at(-1) ?? -1);
    }
    return this.all;
  }
  /** Lines for a chart of all series that begin so; the rest of the name is the line's. */
  lines(prefix, rename = (name) => name.slice(prefix.length)) {
    return Object.entries(this.all).filter(([name]) => name.startsWith(prefix))
      .map(([name, s]) => ({ name: rename(name), x: s.step, y: s.value }));
  }
}
