#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows: a job from submission to its weights, on a daemon and in a folder of its
# own. The folder stays, so that the weights can be looked at.
#
#   tests/e2e/demo.sh FOLDER-OF-THE-PROGRAMS
set -eu
bin=${1:-build/release}
dir=$(mktemp -d "${TMPDIR:-/tmp}/spiked-demo-XXXXXX")
daemon=

# Whatever goes wrong, the daemon does not outlive this script.
stop() {
    code=$?
    trap - EXIT
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null || :
        wait "$daemon" || :
    fi
    [ "$code" -eq 0 ] || { echo "demo failed; the daemon's log:"; tail -n 20 "$dir/log"; } >&2
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT TERM

bold= plain=
[ ! -t 1 ] || { bold=$(printf '\033[1m'); plain=$(printf '\033[0m'); }
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

say "1. Start the daemon on a free port, with its data in $dir"
"$bin/spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" >"$dir/address" 2>"$dir/log" &
daemon=$!
tries=0
until grep -q 'http://' "$dir/address"; do
    kill -0 "$daemon" 2>/dev/null || { echo "the daemon ended before it answered" >&2; exit 1; }
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || { echo "no address after 30 s" >&2; exit 1; }
    sleep 0.1
done
SPIKED_SERVER=$(sed -n 's/.*\(http:\/\/[^ ]*\).*/\1/p' "$dir/address" | head -n 1)
export SPIKED_SERVER
cat "$dir/address"

say "2. Submit a job with curl: handwritten digits, two layers, the arctan surrogate"
cat >"$dir/job.json" <<'JSON'
{"seed": 1, "dataset": {"name": "digits"},
 "encoding": {"kind": "constant", "time_steps": 16},
 "neuron": {"model": "lif", "tau": 2.0, "threshold": 1.0, "surrogate": "arctan"},
 "layers": [{"kind": "dense", "units": 128}, {"kind": "dense", "units": 10}],
 "readout": {"kind": "membrane_mean"},
 "training": {"epochs": 40, "batch_size": 64,
              "optimizer": {"kind": "adam", "learning_rate": 0.002}}}
JSON
cat "$dir/job.json"
echo "curl -H 'Content-Type: application/json' -d @job.json $SPIKED_SERVER/v1/jobs"
curl -sS --fail-with-body -H 'Content-Type: application/json' -d @"$dir/job.json" \
    "$SPIKED_SERVER/v1/jobs" >"$dir/accepted.json" || { cat "$dir/accepted.json" >&2; exit 1; }
id=$(sed 's/.*"id" *: *"\(job_[^"]*\)".*/\1/' "$dir/accepted.json" | head -n 1)
echo "accepted as $id"

say "3. Watch it train: spikectl watch $id"
"$bin/spikectl" watch "$id"

say "4. What it learned"
curl -sS --fail "$SPIKED_SERVER/v1/jobs/$id" >"$dir/job-done.json"
accuracy=$(sed -n 's/.*"test_accuracy" *: *\([0-9.eE+-]*\).*/\1/p' "$dir/job-done.json" | head -n 1)
[ -n "$accuracy" ] ||
    { echo "the job has no test accuracy:"; cat "$dir/job-done.json"; exit 1; } >&2
echo "test accuracy: $accuracy"

say "5. Its gradients: spikectl histogram $id gradients/layer1.weight"
"$bin/spikectl" histogram "$id" gradients/layer1.weight

say "6. Download the weights"
curl -sS --fail -o "$dir/weights.safetensors" \
    "$SPIKED_SERVER/v1/jobs/$id/weights?format=safetensors"
sha256sum "$dir/weights.safetensors"

say "7. Stop the daemon"
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
daemon=
echo "exit status $code"
[ "$code" -eq 0 ]
echo
echo "Everything of this run is in $dir"
