#!/bin/sh
# SPDX-License-Identifier: MIT
# What training through the daemon costs beside the bare step: an epoch of W1 on the 60,000 images of
# Fashion-MNIST over HTTP, and the most memory that W1 and W2 take.
#
#   tests/bench/served.sh [ROUNDS]                (BENCH_BIN, SPIKED_BIN, SPIKECTL_BIN: the programs)
#
# Bench and job take turns, so that what else the machine does meets both. Samples a second are by
# processor time, of one thread there and of the whole daemon here, from before the POST: until the
# epoch's end, and until the job's, which has the test, the last checkpoint and its digests in it.
# The first job finds the data set unopened.
set -eu
. "$(dirname "$0")/../e2e/daemon.sh"
bench=${BENCH_BIN:-$root/build/release/bench_train} rounds=${1:-4}
# OpenBLAS would take another kernel than the processor's best.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

# Hundredths of a second of processor time that the daemon has had, all threads.
ticks() { sed 's/.*) //' "/proc/$daemon/stat" | awk '{ print $12 + $13 }'; }
most_memory_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$daemon/status"; }
# number FILE KEY: of JSON, the first
number() { tr -d ' \n' <"$1" | sed "s/.*\"$2\":\([-0-9.e+]*\).*/\1/"; }
bench() { "$bench" --workload "$1" --json >"$dir/bench.json"; }
# job FILE: until it is over; $id is the job, $epoch the daemon's ticks at the epoch's end
job() {
    id=$("$spikectl" submit "$1")
    epoch=$(curl -sN "$url/v1/jobs/$id/events" -H 'Accept: text/event-stream' |
        while read -r line; do
            case $line in "event: epoch") ticks ;; esac
        done | tail -n 1)
    [ "$("$spikectl" --json show "$id" | sed 's/.*"status" *: *"\([a-z]*\)".*/\1/')" = succeeded ] ||
        die "job $id did not succeed"
}

neuron='"neuron":{"tau":2,"threshold":1,"reset":"subtract","surrogate":"arctan","surrogate_scale":2}'
fires() { printf '"initialisation":{"kind":"rate","target":%s}' "$1"; }
cat >"$dir/W1.json" <<JOB
{"seed":1,"dataset":{"name":"fashion-mnist"},"encoding":{"kind":"constant","time_steps":25},$neuron,
 "layers":[{"kind":"dense","units":1000,$(fires 0.14)},{"kind":"dense","units":10}],
 "training":{"epochs":1,"batch_size":128,"loss":{"kind":"cross_entropy_per_step"}}}
JOB
cat >"$dir/W2.json" <<JOB
{"seed":1,"dataset":{"name":"events"},"encoding":{"kind":"events","time_steps":100},$neuron,
 "layers":[{"kind":"dense","units":256,$(fires 0.1)},{"kind":"dense","units":256,$(fires 0.1)},
           {"kind":"dense","units":20}],
 "training":{"epochs":4,"batch_size":128}}
JOB
# events SAMPLES: each of 700 units fires with 2% in each of 100 steps, 20 classes
events() {
    awk -v n="$1" 'BEGIN { srand(n)
        for (i = 0; i < n; i++) { print i "," (i < 20 ? i : int(20 * rand()))
            for (k = 0; k < 1400; k++) print i "," int(100 * rand()) "," int(700 * rand()) } }'
}

# memory NAME JOB...: of the daemon, less the data set, and the bench's
memory() {
    "$spikectl" --json dataset show "$2" >"$dir/set.json"
    awk -v name="$1" -v bench="$(number "$dir/bench.json" rss_mb)" -v kb="$(most_memory_kb)" \
        -v data="$(number "$dir/set.json" 'classes":[0-9]*,"bytes')" 'BEGIN {
        printf "%s: bench %.1f MB, daemon %.1f with %.1f of data: more by %.1f\n", name, bench,
            kb / 1024, data / 1048576, kb / 1024 - data / 1048576 - bench }'
}

start --data-dir "$dir/W1" --workers 1 --threads-per-job 1
for round in $(seq "$rounds"); do
    bench W1
    before=$(ticks)
    job "$dir/W1.json"
    echo "$(number "$dir/bench.json" samples_per_second) $before $epoch $(ticks)" |
        awk -v round="$round" '{ e = 6e6 / ($3 - $2); j = 6e6 / ($4 - $2)
            printf "round %d: bench %.0f samples/s; epoch %.0f, %.1f%%; job %.0f, %.1f%%\n", round,
                $1, e, 100 * e / $1, j, 100 * j / $1 }' | tee -a "$dir/rounds"
done
sed 's/[;,%]//g' "$dir/rounds" | awk 'NR > 1 { b = $4 > b ? $4 : b; e = $7 > e ? $7 : e; j = $10 > j ? $10 : j }
    END { if (b) printf "the best, data open: bench %.0f; epoch %.0f, %.1f%%; job %.0f, %.1f%%\n", b,
        e, 100 * e / b, j, 100 * j / b }'
memory W1 fashion-mnist
stop

events 512 >"$dir/train.csv"
events 64 >"$dir/test.csv"
start --data-dir "$dir/W2" --workers 1 --threads-per-job 1
"$spikectl" dataset upload events --format events "train=$dir/train.csv" "test=$dir/test.csv" >/dev/null
bench W2
job "$dir/W2.json"
memory W2 events
stop
