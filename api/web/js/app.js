// SPDX-License-Identifier: MIT
// Where the page starts: which module shows what, and the frame around it.
import { getBlob, Silence } from "./api.js";
import { toast } from "./dom.js";
import { download } from "./export.js";
import { start } from "./router.js";
import { live } from "./live.js";
import { forget, token } from "./token.js";

const pages = {
  jobs: () => import("./pages/jobs.js"),
  job: () => import("./pages/job.js"),
  new: () => import("./pages/new.js"),
  compare: () => import("./pages/compare.js"),
  sweep: () => import("./pages/sweep.js"),
  datasets: () => import("./pages/datasets.js"),
  system: () => import("./pages/system.js"),
};

const connection = document.getElementById("connection");
live.onState((state) => {
  connection.dataset.state = state;
  connection.textContent = { live: "live", lost: "no connection", connecting: "connecting" }[state];
});

const tokenButton = document.getElementById("token");
const showToken = () => { tokenButton.hidden = !token(); };
tokenButton.addEventListener("click", forget);
addEventListener("token", showToken);
showToken();

/* A link cannot send a token: what is behind it is fetched, and saved from here. */
addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[download]");
  if (!link || !token() || !link.pathname.startsWith("/v1/")) return;
  event.preventDefault();
  try {
    const blob = await getBlob(link.href);
    download(link.download || link.pathname.split("/").slice(-2).join("-"), blob.type, blob);
  } catch (error) { toast(error.message, true); }
});

/* What pages ask for by themselves, in the background, may fail with the connection, or be of no use any more. */
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Silence || event.reason?.name === "AbortError") event.preventDefault();
});

start(pages, "jobs");
