#!/bin/sh
# SPDX-License-Identifier: MIT
# How long a poll of a job takes while every processor trains: GET /v1/jobs/{id} of a job that runs,
# a thousand times a second for SECONDS, and beside it of a daemon that has nothing else to do.
#
#   tests/bench/polled.sh BUILD_DIR [SECONDS]
set -eu
bin=$1 seconds=${2:-20}
dir=$(mktemp -d "${TMPDIR:-/tmp}/polled-XXXXXX")
daemon=

finish() {
    code=$?
    trap - EXIT
    [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || :
    [ "$code" -eq 0 ] || tail -n 20 "$dir/log" >&2 || :
    rm -rf "$dir"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM
die() { echo "FAILED: $*" >&2; exit 1; }

: >"$dir/first"
"$bin/spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" --workers "$(nproc)" --threads-per-job 1 \
    --log-level warning >"$dir/first" 2>"$dir/log" &
daemon=$!
tries=0
until url=$(sed -n 's/^spiked listening on //p' "$dir/first") && [ -n "$url" ]; do
    kill -0 "$daemon" 2>/dev/null || die "the daemon ended"
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "no address after 60 s"
    sleep 0.1
done
export SPIKED_SERVER="$url"
cat >"$dir/job.json" <<JOB
{"dataset":{"name":"digits"},"layers":[{"kind":"dense","units":512},{"kind":"dense","units":512},{"kind":"dense","units":10}],
 "training":{"epochs":100000}}
JOB
# measure WHAT ID
measure() {
    printf '%s: load %s, ' "$1" "$(cut -d' ' -f1 /proc/loadavg)"
    "$bin/bench_http" "${url##*:}" "/v1/jobs/$2" 1000 "$seconds" 16
}
id=$("$bin/spikectl" submit "$dir/job.json")
"$bin/spikectl" pause "$id" >/dev/null
measure "nothing trains" "$id"
"$bin/spikectl" resume "$id" >/dev/null
i=1
while [ "$i" -lt "$(nproc)" ]; do
    "$bin/spikectl" submit "$dir/job.json" >/dev/null
    i=$((i + 1))
done
measure "all processors train" "$id"
