// SPDX-License-Identifier: MIT
// Requests to the daemon that served this page, and to nobody else.
import { another, token } from "./token.js";

/** An answer that is no success, with what the problem+json says. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The daemon answered ${status}.`);
    Object.assign(this, { status, code: body?.code, errors: body?.errors ?? [] });
  }
}

/** There was no answer, which the frame tells already. */
export class Silence extends Error {
  constructor() { super("The daemon does not answer."); }
}

const authorization = (used = token()) => (used ? { Authorization: `Bearer ${used}` } : {});

async function ask(path, options) {
  const used = token();
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...authorization(used), ...options?.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Silence();
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem = new Problem(answer.status, await answer.json().catch(() => null));
  if (answer.status === 401 && await another(used, problem.message)) return ask(path, options);
  throw problem;
}

export const get = async (path, signal) => (await ask(path, { signal })).json();
export const getText = async (path, signal) => (await ask(path, { signal })).text();
export const getBlob = async (path, signal) => (await ask(path, { signal })).blob();

export async function send(method, path, body, signal) {
  const answer = await ask(path, {
    method, signal,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
}

/** PUT of a file, with its course: fetch cannot tell how far an upload is. */
export function upload(path, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (e) => onProgress(e.loaded / Math.max(1, e.total)));
    request.addEventListener("load", () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* a proxy's page, perhaps */ }
      if (request.status < 300) resolve(body);
      else reject(new Problem(request.status, body));
    });
    request.addEventListener("error", () => reject(new Error("The connection broke.")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** {type, id, data} of one block of an event stream; null for a comment. */
export function parseEvent(block) {
  const event = { type: "message", id: null, data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at < 1) continue;
    const name = line.slice(0, at), value = line.slice(at + 2);
    if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
    else if (name === "data") event.data += value;
  }
  return event.data ? { ...event, data: JSON.parse(event.data) } : null;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Calls `on` with each event of one connection; the id of the last, or null. */
async function readStream(path, last, signal, on, onState) {
  const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
  const answer = await ask(path, { signal, headers });
  if (answer.status === 204) return { last, over: true };
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", over = false;
  onState?.("live");
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const blocks = (text + chunk.value).split("\n\n");
    text = blocks.pop();
    for (const event of blocks.map(parseEvent)) {
      if (!event) continue;
      last = event.id ?? last;
      over = over || event.type === "done";
      on(event);
    }
  }
  return { last, over };
}

/** Follows an event stream until `signal` is aborted or the server says that it is over. It comes
 * back after a break with the last id, so nothing is missed and nothing comes twice. */
export async function follow(path, { signal, on, onState }) {
  let last = null, wait = 500;
  while (!signal.aborted) {
    try {
      const end = await readStream(path, last, signal, on, onState);
      if (end.over) return;
      last = end.last;
      wait = 500;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
    }
    if (signal.aborted) return;
    onState?.("lost");
    await pause(wait);
    wait = Math.min(wait * 2, 8000);
  }
}
