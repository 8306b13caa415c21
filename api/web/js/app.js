// SPDX-License-Identifier: MIT
// Where the page starts: which module shows what, and the frame around it.
import { start } from "./router.js";
import { live } from "./live.js";

const pages = {
  jobs: () => import("./pages/jobs.js"),
  job: () => import("./pages/job.js"),
  new: () => import("./pages/new.js"),
  compare: () => import("./pages/compare.js"),
  datasets: () => import("./pages/datasets.js"),
  system: () => import("./pages/system.js"),
};

const connection = document.getElementById("connection");
live.onState((state) => {
  connection.dataset.state = state;
  connection.textContent = { live: "live", lost: "no connection", connecting: "connecting" }[state];
});

start(pages, "jobs");
