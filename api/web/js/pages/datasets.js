// SPDX-License-Identifier: MIT
// The data there is to train on, and a place to drop one's own.
import { get, send, upload } from "../api.js";
import { confirm, empty, failure, h, replace, toast } from "../dom.js";
import { bytes, number } from "../format.js";
import { badge, segments } from "../parts.js";
import { samplePicture } from "../sample.js";
import { sortedTable } from "../table.js";

const SAMPLES = 40;

/* What the name of a file says of its part: MNIST's own names, and plain ones. */
const HINTS = [[/t10k.*images|test.*images/i, "test-images"], [/t10k.*labels|test.*labels/i, "test-labels"],
  [/images/i, "train-images"], [/labels/i, "train-labels"], [/test/i, "test"], [/train/i, "train"]];
const guessPart = (name) => HINTS.find(([pattern]) => pattern.test(name))?.[1];

function guessFormat(files) {
  const names = files.map((f) => f.name.toLowerCase());
  if (names.some((n) => /idx|ubyte/.test(n))) return "idx";
  if (names.some((n) => /\.h5|\.hdf5/.test(n))) return "hdf5";
  return names.some((n) => /event/.test(n)) ? "events" : "csv";
}

/* ---- upload ---- */

/* The chosen files with the part that each is to be; what fits no part is told. */
function plan(files, parts) {
  const rows = files.map((file) => ({ file, part: parts.find((p) => p === guessPart(file.name)) ?? "" }));
  for (const row of rows) // two files and two parts: the other one is the other
    if (!row.part) row.part = parts.find((p) => !rows.some((r) => r.part === p)) ?? "";
  return rows;
}

/* Parts of a set that is there already join it or take the place of its own. */
async function sendAll(name, format, rows, signal) {
  const { data } = await get("/v1/datasets?limit=100", signal);
  if (!data.some((d) => d.name === name)) await send("POST", "/v1/datasets", { name, format }, signal);
  let done = null;
  for (const row of rows) {
    done = await upload(`/v1/datasets/${encodeURIComponent(name)}/files/${row.part}`, row.file, (share) => { row.bar.value = share; }, signal);
    row.bar.value = 1;
  }
  return done;
}

function uploader(formats, signal, done) {
  const host = h("div", { class: "stack" }), message = h("div");
  const input = h("input", { type: "file", multiple: true, id: "files", class: "unseen", onchange: (e) => choose([...e.target.files]) });
  const drop = h("div", { class: "drop" }, input,
    h("p", null, "Drop the files of a data set here, or ", h("label", { htmlFor: "files", class: "button" }, "choose them"), "."),
    h("small", null, "CSV, lists of events, IDX as MNIST's, HDF5; plain or gzipped"));
  for (const [type, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]])
    drop.addEventListener(type, (e) => { e.preventDefault(); drop.classList.toggle("over", over); });
  drop.addEventListener("drop", (e) => choose([...e.dataTransfer.files]));

  function choose(files) {
    if (!files.length) return;
    const name = h("input", { type: "text", id: "set-name", value: files[0].name.replace(/[-_.].*$/, ""), required: true });
    const format = h("select", { id: "set-format", onchange: list }, formats.map((f) => h("option", { value: f.name, selected: f.name === guessFormat(files) }, f.name)));
    const body = h("tbody"), button = h("button", { type: "submit", class: "main" }, "Upload");
    let rows = [];
    function list() {
      const { parts } = formats.find((f) => f.name === format.value);
      rows = plan(files, parts);
      replace(body, rows.map((row) => {
        row.bar = h("progress", { max: 1, value: 0, "aria-label": `upload of ${row.file.name}` });
        return h("tr", null, h("th", { scope: "row", class: "first" }, row.file.name, " ", h("small", null, bytes(row.file.size))),
          h("td", null, h("select", { "aria-label": `part that ${row.file.name} is`, onchange: (e) => { row.part = e.target.value; } },
            parts.map((p) => h("option", { value: p, selected: p === row.part }, p)))), h("td", { class: "wide-bar" }, row.bar));
      }));
    }
    list();
    replace(message);
    replace(host, h("form", {
      class: "card stack", onsubmit: async (e) => {
        e.preventDefault();
        button.disabled = true;
        try {
          const set = await sendAll(name.value, format.value, rows, signal);
          if (set.status === "ready") toast(`${set.name} is ready.`);
          replace(host);
          replace(message, set.status === "ready" ? null : h("p", { class: "hint" }, `${set.name}: ${set.reason}`));
          done(set);
        } catch (error) { replace(message, failure(error)); button.disabled = false; }
      },
    }, h("div", { class: "fields" },
      h("div", { class: "field" }, h("label", { htmlFor: "set-name" }, "name"), name),
      h("div", { class: "field" }, h("label", { htmlFor: "set-format" }, "format"), format)),
    h("div", { class: "scroll" }, h("table", null, h("caption", { class: "unseen" }, "The files, and the part that each is"), body)), h("div", { class: "row" }, button)));
  }
  return h("div", { class: "stack" }, drop, host, message);
}

/* ---- preview ---- */

async function preview(set, signal) {
  const host = h("div", { class: "samples" }), note = h("p", { class: "readout" });
  let split = "train";
  const load = async () => {
    const answer = await get(`/v1/datasets/${encodeURIComponent(set.id)}/samples?split=${split}&limit=${SAMPLES}`, signal);
    note.textContent = `the first ${answer.data.length} of ${number(answer.count)} samples of ${answer.shape.join(" × ")}, ${answer.classes} classes`;
    replace(host, answer.data.map((s) => h("figure", null, samplePicture(s, answer.shape), h("figcaption", null, `class ${s.label}`))));
  };
  await load();
  return h("section", { class: "card", "aria-label": `Samples of ${set.name}` },
    h("header", null, h("h2", null, `Samples of ${set.name}`), segments("Split", [["train", "Training"], ["test", "Test"]], split, (v) => { split = v; load(); })), host, note);
}

/* ---- the page ---- */

const table = (sets, look, remove) => sortedTable("The data sets", [
  { name: "Name", value: (s) => s.name, show: (s) => h("strong", null, s.name) },
  { name: "Status", value: (s) => s.status, show: (s) => [badge(s.status), s.reason ? h("small", { class: "under" }, s.reason) : null] },
  { name: "Origin", value: (s) => `${s.origin}, ${s.format}` },
  { name: "Training", number: true, value: (s) => s.samples?.train, show: (s) => number(s.samples?.train) },
  { name: "Test", number: true, value: (s) => s.samples?.test, show: (s) => number(s.samples?.test) },
  { name: "Shape", value: (s) => s.shape?.join(" × ") ?? null },
  { name: "Classes", number: true, value: (s) => s.classes },
  { name: "Size", number: true, value: (s) => s.bytes, show: (s) => bytes(s.bytes) },
  {
    unseen: "What can be done", show: (s) => h("div", { class: "row end" },
      s.status === "ready" ? h("button", { type: "button", class: "small", "aria-label": `Samples of ${s.name}`, onclick: () => look(s) }, "Samples") : null,
      s.origin === "upload" ? h("button", { type: "button", class: "quiet small", "aria-label": `Delete ${s.name}`, onclick: () => remove(s) }, "Delete") : null),
  },
], sets);

export async function show({ root, signal, title }) {
  title("Data sets");
  const catalog = await get("/v1/catalog", signal);
  const formats = catalog.formats.filter((f) => f.parts.length);
  const list = h("div", { class: "card flush" }), samples = h("div");
  const look = async (set) => {
    try {
      replace(samples, await preview(set, signal));
      samples.scrollIntoView({ block: "nearest" });
    } catch (error) { replace(samples, failure(error)); }
  };
  const refresh = async () => {
    const { data } = await get("/v1/datasets?limit=100", signal);
    replace(list, data.length ? table(data, look, remove).node : empty("No data sets", "Drop some files above."));
  };
  const remove = async (set) => {
    if (!await confirm(`Delete ${set.name}?`, "Its files are removed.", "Delete", true)) return;
    try {
      await send("DELETE", `/v1/datasets/${encodeURIComponent(set.id)}`);
      replace(samples);
      await refresh();
    } catch (error) { toast(error.message, true); }
  };
  replace(root, h("div", { class: "head" }, h("div", { class: "grow" }, h("h1", null, "Data sets"),
    h("p", { class: "sub" }, "Built in, from folders of the daemon's machine, and uploaded."))),
  h("div", { class: "stack" }, uploader(formats, signal, async (set) => { await refresh(); if (set.status === "ready") await look(set); }), list, samples));
  await refresh();
}
