#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmarks run, and tell what their README says: a step of each kind of row. No time is judged.
#
#   BENCH_BIN=... tests/bench/test_bench.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bench=${BENCH_BIN:-$root/build/release/bench_train}
dir=$(mktemp -d "${TMPDIR:-/tmp}/bench-XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
die() { echo "FAILED: $*" >&2; exit 1; }

"$root/tests/bench/run.sh" "$bench" "$dir/out" quick >"$dir/table"
rows=$(wc -l <"$dir/out/results.jsonl")
[ "$rows" -ge 8 ] || die "$rows rows, want those of four sweeps"
[ "$(grep -c '%$' "$dir/table")" -eq "$rows" ] || { cat "$dir/table"; die "want a line for each of $rows rows"; }
for key in sweep workload surrogate path threads isa blas time_steps event_rate hidden_rate \
    ms_per_batch samples_per_second learning_ms rss_mb rates active input_ms diagnostic_ms sgemm_gflops same_shape_gflops \
    gflops floor_ms floor_share; do
    [ "$(grep -c "\"$key\": " "$dir/out/results.jsonl")" -eq "$rows" ] || die "rows lack $key"
done
for plot in steps density threads; do
    grep -q '<polyline points="[0-9]' "$dir/out/$plot.svg" || die "$plot.svg has no line"
    grep -q '^</svg>$' "$dir/out/$plot.svg" || die "$plot.svg has no end"
    ! grep -qi 'nan\|inf' "$dir/out/$plot.svg" || die "$plot.svg has a number that is none"
done

# A hidden rate that is asked for is the one that is met.
"$bench" --workload digits --hidden-rate 0.3 --quick --json | grep -q '"rates": \[0\.\(29\|30\)' ||
    die "the hidden layer does not fire at 0.3"
for wrong in '--workload none' '--workload W1 --threads 0' '--workload W1 --time-steps 1.5' \
    '--workload W1 --hidden-rate 2' '--workload W1 --colour red' '--threads 1'; do
    code=0
    # shellcheck disable=SC2086
    "$bench" $wrong >/dev/null 2>"$dir/err" || code=$?
    [ "$code" -eq 2 ] || die "bench_train $wrong: exit status $code, want 2"
    grep -q '^usage: ' "$dir/err" || die "bench_train $wrong does not say how it is used"
done
