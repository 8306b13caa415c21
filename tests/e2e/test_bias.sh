#!/bin/sh
# SPDX-License-Identifier: MIT
# Measurements of surrogates hold no thread of http, are given up with their clients, and do not keep
# a daemon from stopping.
#
#   SPIKED_BIN=... SPIKECTL_BIN=... tests/e2e/test_bias.sh
set -eu
. "$(dirname "$0")/daemon.sh"
ctl=$spikectl

start --data-dir "$dir/data" --threads-per-job 1
cat >"$dir/job.json" <<'JSON'
{"dataset": {"name": "digits"}, "encoding": {"kind": "rate", "time_steps": 16},
 "layers": [{"kind": "dense", "units": 64}, {"kind": "dense", "units": 10}], "training": {"epochs": 1}}
JSON
"$ctl" submit "$dir/job.json" --watch >"$dir/out" 2>&1 || die "the job failed: $(cat "$dir/out")"
id=$("$ctl" list --json | tr -d ' ' | sed -n 's/.*"id":"\(job_[0-9A-Z]*\)".*/\1/p')
[ -n "$id" ] || die "there is no job"

# More requests than http has threads, each of a measurement that takes long.
clients=
for n in 1 2 3 4 5 6; do
    "$ctl" bias "$id" --samples 128 --repeats 1600 --seed $n >"$dir/bias.$n" 2>&1 &
    clients="$clients $!"
done
waiting() { "$ctl" system --json | tr -d ' \n' | grep -q '"object":"system"'; }
for n in 1 2 3 4 5 6 7 8 9 10; do
    waiting || die "the daemon does not answer while it measures"
    "$ctl" show "$id" >"$dir/out" || die "the job cannot be looked at"
done

# Who goes away is not measured for: what is asked next is answered, long before those would be.
for client in $clients; do kill "$client" || die "a measurement ended at once: $(cat "$dir"/bias.*)"; done
for client in $clients; do wait "$client" || :; done
"$ctl" bias "$id" --samples 4 --repeats 32 >"$dir/out" || die "no answer behind those that were given up"
grep -q '^all ' "$dir/out" || die "want a row of all: $(cat "$dir/out")"

# One is under way: SIGTERM ends the daemon, and the client is told.
"$ctl" bias "$id" --samples 128 --repeats 1600 >"$dir/out" 2>&1 &
client=$!
waiting || die "the daemon does not answer"
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
[ "$code" -eq 0 ] || die "exit status $code, want 0"
daemon=
code=0
wait "$client" || code=$?
[ "$code" -ne 0 ] || die "the client of a daemon that stopped says: $(cat "$dir/out")"
echo "1 passed, 0 failed"
