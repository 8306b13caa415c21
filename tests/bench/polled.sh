#!/bin/sh
# SPDX-License-Identifier: MIT
# How long a poll of a job takes while every processor trains: GET /v1/jobs/{id} of a job that runs,
# a thousand times a second for SECONDS, and beside it of a daemon that has nothing else to do.
#
#   tests/bench/polled.sh BUILD_DIR [SECONDS]
set -eu
bin=$(cd "$1" && pwd) seconds=${2:-20}
SPIKED_BIN=$bin/spiked SPIKECTL_BIN=$bin/spikectl
. "$(dirname "$0")/../e2e/daemon.sh"
start --data-dir "$dir/data" --workers "$(nproc)" --threads-per-job 1 --log-level warning
cat >"$dir/job.json" <<JOB
{"dataset":{"name":"digits"},"layers":[{"kind":"dense","units":512},{"kind":"dense","units":512},{"kind":"dense","units":10}],
 "training":{"epochs":100000}}
JOB
# measure WHAT ID
measure() {
    printf '%s: load %s, ' "$1" "$(cut -d' ' -f1 /proc/loadavg)"
    "$bin/bench_http" "${url##*:}" "/v1/jobs/$2" 1000 "$seconds" 16
}
id=$("$spikectl" submit "$dir/job.json")
"$spikectl" pause "$id" >/dev/null
measure "nothing trains" "$id"
"$spikectl" resume "$id" >/dev/null
i=1
while [ "$i" -lt "$(nproc)" ]; do
    "$spikectl" submit "$dir/job.json" >/dev/null
    i=$((i + 1))
done
measure "all processors train" "$id"
