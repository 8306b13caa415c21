#!/bin/sh
# SPDX-License-Identifier: MIT
# What training through the daemon costs beside the bare step: an epoch of W1 on the 60,000 images of
# Fashion-MNIST over HTTP, and the memory of W1 and W2. Bench and job take turns, so that what else
# the machine does meets both; told is the lowest of the rounds.
#
#   tests/bench/served.sh BUILD_DIR [ROUNDS]
#
# Samples a second are by processor time, of one thread here and of the whole daemon there: from
# before the POST to the job's end, so that reading, evaluation, checkpoints and HTTP are in it.
set -eu
bin=$1 rounds=${2:-3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/served-XXXXXX")
daemon=
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

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

start() {
    : >"$dir/first"
    "$bin/spiked" --listen 127.0.0.1:0 --data-dir "$dir/$1" --workers 1 --threads-per-job 1 \
        >"$dir/first" 2>>"$dir/log" &
    daemon=$!
    tries=0
    until url=$(sed -n 's/^spiked listening on //p' "$dir/first") && [ -n "$url" ]; do
        kill -0 "$daemon" 2>/dev/null || die "the daemon ended"
        tries=$((tries + 1))
        [ "$tries" -le 600 ] || die "no address after 60 s"
        sleep 0.1
    done
    export SPIKED_SERVER="$url"
}
stop() {
    kill -TERM "$daemon"
    wait "$daemon" || die "the daemon did not end well"
    daemon=
}
# Hundredths of a second of processor time that the daemon has had, all threads.
ticks() { sed 's/.*) //' "/proc/$daemon/stat" | awk '{ print $12 + $13 }'; }
most_memory_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$daemon/status"; }
number() { tr -d ' \n' <"$1" | sed -n "s/.*\"$2\":\([-0-9.e+]*\).*/\1/p"; }
bench() { "$bin/bench_train" --workload "$1" --json >"$dir/bench.json"; }
# job FILE: submitted, waited for, and its object in done.json
job() {
    id=$("$bin/spikectl" submit "$1")
    "$bin/spikectl" watch "$id" >"$dir/watch" || die "the job did not succeed"
    "$bin/spikectl" --json show "$id" >"$dir/done.json"
}
neuron='{"model":"lif","tau":2.0,"threshold":1.0,"reset":"subtract","surrogate":"arctan","surrogate_scale":2.0}'
fires() { printf '"initialisation":{"kind":"rate","target":%s}' "$1"; }

cat >"$dir/W1.json" <<JOB
{"seed":1,"dataset":{"name":"fashion-mnist"},"encoding":{"kind":"constant","time_steps":25},"neuron":$neuron,
 "layers":[{"kind":"dense","units":1000,$(fires 0.14)},{"kind":"dense","units":10}],
 "training":{"epochs":1,"batch_size":128,"loss":{"kind":"cross_entropy_per_step"}}}
JOB
cat >"$dir/W2.json" <<JOB
{"seed":1,"dataset":{"name":"events"},"encoding":{"kind":"events","time_steps":100},"neuron":$neuron,
 "layers":[{"kind":"dense","units":256,$(fires 0.1)},{"kind":"dense","units":256,$(fires 0.1)},{"kind":"dense","units":20}],
 "training":{"epochs":2,"batch_size":128}}
JOB

# ---- samples a second --------------------------------------------------------------------------
start W1
: >"$dir/rows"
for round in $(seq "$rounds"); do
    bench W1
    before=$(ticks)
    job "$dir/W1.json"
    echo "$round $(number "$dir/bench.json" samples_per_second) $before $(ticks)" \
        "$(number "$dir/done.json" samples_per_second)" >>"$dir/rows"
done
awk '{ e = 60000 / ($4 - $3) * 100
       printf "round %d: bench %.0f samples/s, job %.0f end to end (its own rate, by the clock: %.0f), %.1f%%\n", $1, $2, e, $5, 100 * e / $2
       b = $2 > b ? $2 : b; j = e > j ? e : j }
     END { printf "best: bench %.0f, job %.0f: %.1f%%\n", b, j, 100 * j / b }' "$dir/rows"
memory() {
    awk -v name="$1" -v bench="$(number "$dir/bench.json" rss_mb)" -v kb="$(most_memory_kb)" -v data="$2" \
        'BEGIN { printf "%s: bench %.1f MB, daemon %.1f of which data %.1f, more by %.1f\n", name, bench, kb / 1024, data / 1048576, kb / 1024 - data / 1048576 - bench }'
}
memory W1 55280000
stop
