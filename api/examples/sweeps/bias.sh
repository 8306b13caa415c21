#!/bin/sh
# SPDX-License-Identifier: MIT
# sh bias.sh SWEEP [--samples N ...]: how well the gradients point of every job of a sweep that
# succeeded, beside its accuracy, as CSV; the options are those of `spikectl bias`. Wants spikectl on
# the PATH. Measured on the same samples with the same noise for all. For example:
#
#   sweep=$(spikectl sweep api/examples/sweeps/bias.json)
#   sh api/examples/sweeps/bias.sh "$sweep" --samples 256 --repeats 64 >bias.csv
set -eu
sweep=${1:?a sweep, as spikectl sweep prints it}
shift

# The number at a key of the part for all layers.
at() {
    printf '%s' "$answer" | tr -d ' \n' | sed -n "s/.*\"all\":{[^}]*\"$1\":\([^,}]*\).*/\1/p"
}

echo 'neuron,epochs,seed,test_accuracy,cosine,cosine_error,ratio,ratio_error'
# A row ends with epochs, seed, job, status, epoch, four numbers, test loss and accuracy, error, digest.
spikectl sweep results "$sweep" | awk -F, 'NR > 1 && $(NF - 9) == "succeeded" {
    neuron = $0
    sub(/^[^{]*/, "", neuron); sub(/}.*/, "}", neuron); gsub(/[{}"]/, "", neuron); gsub(/surrogate(_scale)?:/, "", neuron); sub(/,/, " ", neuron)
    print $(NF - 10), $(NF - 2), $(NF - 12), $(NF - 11), neuron
}' | while read -r job accuracy epochs seed neuron; do
    answer=$(spikectl bias "$job" --json "$@" </dev/null)
    echo "$neuron,$epochs,$seed,$accuracy,$(at cosine),$(at cosine_error),$(at ratio),$(at ratio_error)"
done
