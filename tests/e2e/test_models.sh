#!/bin/sh
# SPDX-License-Identifier: MIT
# Trained networks of each kind, read by somebody else: numpy and h5py, from the exported file alone,
# say of samples what the daemon's own predict says.
set -eu
bin=${SPIKED_BIN:-build/release/spiked} ctl=${SPIKECTL_BIN:-build/release/spikectl}
python=/usr/bin/python3
"$python" -c 'import numpy, h5py' 2>/dev/null ||
    { echo "wants python3-numpy and python3-h5py: make deps-check"; exit 1; }
dir=$(mktemp -d)
"$bin" --listen 127.0.0.1:0 --data-dir "$dir/data" >"$dir/out" 2>"$dir/log" &
pid=$!
trap 'kill $pid 2>/dev/null || :; wait $pid 2>/dev/null || :; rm -rf "$dir"' EXIT
for _ in $(seq 100); do grep -q http "$dir/out" && break; sleep 0.1; done
SPIKED_SERVER=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' "$dir/out")
export SPIKED_SERVER

passed=0 failed=0
say() { echo "$1 $2"; [ "$1" = ok ] && passed=$((passed + 1)) || failed=$((failed + 1)); }

# Six samples that the network has not seen: pixels in sixteenths, by a rule.
"$python" -c '
import json
x = [[((7 * i * i + 13 * k + i * k) % 17) / 16 * (k % 3 != i % 3) for k in range(64)] for i in range(6)]
json.dump(x, open("'"$dir"'/inputs.json", "w"))'

"$ctl" --json catalog >"$dir/catalog.json"
rows() { # SECTION: its names. What is not exported and read here, fails here.
    "$python" -c 'import json, sys
print(*(row["name"] for row in json.load(open(sys.argv[1]))[sys.argv[2]]))' "$dir/catalog.json" "$1"
}

# Trains NEURON, LAYERS, READOUT into $job; writes $dir/said.json, what it says of the samples.
train() {
    printf '{"seed":3,"dataset":{"name":"digits"},"encoding":{"kind":"constant","time_steps":8},
        "neuron":%s,"layers":[%s],"readout":%s,
        "training":{"epochs":1,"optimizer":{"learning_rate":0.01}}}' "$@" >"$dir/job.json"
    job=$("$ctl" submit "$dir/job.json") && "$ctl" watch "$job" >"$dir/watch" 2>&1 &&
        "$ctl" --json predict "$job" "$dir/inputs.json" >"$dir/said.json"
}
hidden='{"kind":"dense","units":24,"weight_scale":3}' ten='{"kind":"dense","units":10}'
try() { # NAME NEURON LAYERS READOUT: trains it and exports it, to be compared
    mkdir -p "$dir/models/$1"
    if train "$2" "$3" "${4:-"{}"}" &&
        "$ctl" weights "$job" --format nir --approximate -o "$dir/models/$1/model.nir" >"$dir/w" &&
        "$ctl" weights "$job" -o "$dir/models/$1/model.safetensors" >>"$dir/w"; then
        mv "$dir/said.json" "$dir/models/$1"
    else
        cat "$dir/watch"
    fi
}

for model in $(rows neurons); do
    for reset in $(rows resets); do
        try "$model, reset $reset" "{\"model\":\"$model\",\"reset\":\"$reset\"}" "$hidden,$ten"
    done
    try "$model, recurrent" "{\"model\":\"$model\",\"reset\":\"zero\"}" \
        '{"kind":"recurrent","units":24,"weight_scale":3},{"kind":"recurrent","units":10,"one_to_one":true}'
done
for model in leaky synaptic; do
    for reset in zero subtract; do
        try "$model, reset $reset at once" "{\"model\":\"$model\",\"reset\":\"$reset\",\"reset_delay\":false}" "$hidden,$ten"
    done
done
for solver in $(rows solvers); do
    order=',"alpha":0.6' short=',"memory":3'
    [ "$solver" = euler ] && order= short=
    for model in lif if cuba_lif alif; do
        try "$solver, $model" "{\"model\":\"$model\",\"solver\":\"$solver\"$order,\"step\":0.8}" "$hidden,$ten"
    done
    for reset in subtract zero; do
        try "$solver, reset $reset, a short memory" \
            "{\"solver\":\"$solver\"$order$short,\"reset\":\"$reset\"}" "$hidden,$ten" '{"kind":"spike_mean"}'
    done
done
try "two orders" '{"solver":"gl","alpha":[0.8,0.4],"coefficients":[1,0.5]}' "$hidden,$ten"
for readout in $(rows readouts); do
    try "$readout" '{"surrogate":"arctan"}' "$hidden,$ten" "{\"kind\":\"$readout\"}"
done
try "a population" '{}' "$hidden,"'{"kind":"dense","units":30}' '{"kind":"spike_count","population":3}'

# What is learned: of each neuron, of each layer, of each order.
try "tau and threshold of each neuron" '{"learn":{"tau":"neuron","threshold":"neuron"}}' "$hidden,$ten"
try "tau and threshold of a layer" '{"model":"cuba_lif","learn":{"tau":"layer","threshold":"layer"}}' "$hidden,$ten"
try "orders and coefficients" '{"solver":"gl","alpha":[0.8,0.4],"coefficients":[1,0.5],
    "learn":{"alpha":"layer","coefficients":"layer","tau":"neuron"}}' "$hidden,$ten"
try "beta and alpha_syn of each neuron" '{"model":"synaptic","learn":{"beta":"neuron","alpha_syn":"neuron","threshold":"neuron"}}' "$hidden,$ten"

layer() { # KIND: layers with it, with neurons and without, but for the last
    case $1 in
    dense) echo "$hidden" ; echo '{"kind":"dense","units":24,"weight_scale":3,"neuron":null}' ;;
    recurrent)
        for bias in true false; do for one in true false; do
            echo "{\"kind\":\"recurrent\",\"units\":24,\"weight_scale\":3,\"recurrent_bias\":$bias,\"one_to_one\":$one}"
        done; done ;;
    conv2d)
        echo '{"kind":"conv2d","filters":4,"kernel":3,"padding":1,"weight_scale":3}'
        echo '{"kind":"conv2d","filters":4,"kernel_height":2,"kernel_width":3,"stride":2,"weight_scale":3}'
        echo '{"kind":"conv2d","filters":4,"kernel":3,"weight_scale":3,"neuron":null}' ;;
    max_pool2d | avg_pool2d)
        echo '{"kind":"conv2d","filters":4,"kernel":3,"weight_scale":3},{"kind":"'"$1"'","kernel":2}'
        echo '{"kind":"conv2d","filters":4,"kernel":3,"weight_scale":3,"neuron":null},{"kind":"'"$1"'","kernel":3,"stride":1,"neuron":{}}' ;;
    flatten | dropout)
        echo "$hidden"',{"kind":"'"$1"'"}'
        echo '{"kind":"dense","units":24,"weight_scale":3,"neuron":null},{"kind":"'"$1"'","neuron":{}}' ;;
    *) echo '{"kind":"'"$1"'"}' ;; # a new one: refused
    esac
}
for kind in $(rows layers); do
    layer "$kind" >"$dir/layers"
    n=0
    while read -r layers; do
        try "$kind $((n += 1))" '{}' "$layers,$ten"
    done <"$dir/layers"
done
try "no neurons at the end" '{}' "$hidden"',{"kind":"dense","units":10,"neuron":null}'

# What NIR's nodes say in full is exported without leave, and they alone are enough to run it.
plain() { # NAME NEURON LAYERS
    mkdir -p "$dir/models/$1, by its nodes alone"
    if train "$2" "$3,$ten" '{"kind":"spike_count"}' &&
        "$ctl" weights "$job" --format nir -o "$dir/models/$1, by its nodes alone/nodes.nir" >"$dir/w"
    then mv "$dir/said.json" "$dir/models/$1, by its nodes alone"; fi
}
for model in lif if cuba_lif; do
    plain $model "{\"model\":\"$model\",\"reset\":\"zero\"}" "$hidden"
done
for model in leaky synaptic; do
    plain $model "{\"model\":\"$model\",\"reset\":\"zero\",\"reset_delay\":false}" "$hidden"
done
for kind in recurrent conv2d avg_pool2d flatten dropout; do
    layer "$kind" >"$dir/layers"
    plain "$kind" '{"reset":"zero"}' "$(sed -n 1p "$dir/layers")"
done

"$python" tests/e2e/read_models.py "$dir/inputs.json" "$dir/models" >"$dir/read"
while read -r verdict name; do
    say "$verdict" "$name"
done <"$dir/read"

# What they cannot say is refused, with each reason.
refused() { # REASON NEURON LAYERS READOUT
    if ! train "$2" "$3" "$4"; then
        say FAILED "to be refused: $1"
    elif "$ctl" weights "$job" --format nir -o "$dir/x.nir" >"$dir/refused" 2>&1; then
        say FAILED "not refused: $1"
    elif grep -q "cannot say" "$dir/refused" && grep -q "^  .*$1" "$dir/refused" &&
        grep -q -e "--approximate" "$dir/refused" &&
        curl -s "$SPIKED_SERVER/v1/jobs/$job/weights?format=nir" | grep -q "\"reasons\":\[[^]]*$1"; then
        say ok "refused: $1"
    else
        say FAILED "refused without the reason: $1; $(cat "$dir/refused")"
    fi
}
count='{"kind":"spike_count"}'
for reset in scaled subtract none; do
    refused "reset is $reset" "{\"reset\":\"$reset\"}" "$hidden,$ten" "$count"
done
for solver in gl l1 trap pred; do
    refused "solver is $solver" "{\"solver\":\"$solver\",\"alpha\":0.7,\"reset\":\"zero\"}" "$hidden,$ten" "$count"
done
for model in leaky synaptic; do
    refused "a spike of $model resets in the step after" "{\"model\":\"$model\",\"reset\":\"zero\"}" "$hidden,$ten" "$count"
done
refused "threshold adapts (alif)" '{"model":"alif","reset":"zero"}' "$hidden,$ten" "$count"
refused "a step is 0.5" '{"step":0.5,"reset":"zero"}' "$hidden,$ten" "$count"
layer max_pool2d >"$dir/layers"
refused "NIR has no max_pool2d" '{"reset":"zero"}' "$(sed -n 1p "$dir/layers"),$ten" "$count"
for readout in membrane_mean membrane_max membrane_last; do
    refused "readout $readout reads membranes" '{"reset":"zero"}' "$hidden,$ten" "{\"kind\":\"$readout\"}"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
