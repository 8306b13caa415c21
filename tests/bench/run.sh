#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmarks, each a JSON line in OUT/results.jsonl and a row of the table on standard output;
# then three plots.
#
#   tests/bench/run.sh BENCH_TRAIN OUT [quick]      (quick: a step of each kind of row, untimed)
set -eu
bench=$1 out=$2 quick=${3:-}
here=$(dirname "$0")
# OpenBLAS would take another kernel than the processor's best.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
mkdir -p "$out"
: >"$out/results.jsonl"

# row SWEEP ARGUMENT...
row() {
    sweep=$1
    shift
    line=$("$bench" --json ${quick:+--quick} "$@")
    printf '{"sweep": "%s", %s\n' "$sweep" "${line#?}" >>"$out/results.jsonl"
    tail -n 1 "$out/results.jsonl" | awk -f "$here/table.awk" -v head="$first"
    first=
}
first=1
processors=$(nproc)

for w in ${quick:+digits} ${WORKLOADS:-$([ "$quick" ] || echo W1 W2 W3-T8 W3-T32 W3-T64 W4)}; do
    for s in arctan sigmoid linear; do row surrogates --workload "$w" --surrogate "$s"; done
done
for w in ${quick:+digits} $([ "$quick" ] || echo W1 W2); do
    n=1
    while [ "$n" -le "$processors" ] && [ "$n" -le 4 ]; do # no more than shards
        row threads --workload "$w" --threads "$n"
        n=$((n + 1))
    done
done
for t in 8 ${quick:+20} $([ "$quick" ] || echo 32 100 300 1000); do
    row steps --workload "${quick:+digits}$([ "$quick" ] || echo W2)" --time-steps "$t"
done
for r in 0.01 ${quick:+0.2} $([ "$quick" ] || echo 0.02 0.05 0.1 0.2 0.35 0.5); do
    row density --workload "${quick:+digits}$([ "$quick" ] || echo W2)" --hidden-rate "$r"
done

plot() { awk -f "$here/plot.awk" -v sweep="$1" -v x="$2" -v title="$3" "$out/results.jsonl" >"$out/$1.svg"; }
plot steps time_steps 'ms per batch by time steps'
plot density hidden_rate 'ms per batch by firing rate of the hidden layers'
plot threads threads 'ms per batch by threads'
echo "$out: results.jsonl steps.svg density.svg threads.svg"
