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

hidden='{"kind":"dense","units":24,"weight_scale":3}'
try() { # NAME NEURON LAYERS READOUT: trains it, exports it, compares
    printf '{"seed":3,"dataset":{"name":"digits"},"encoding":{"kind":"constant","time_steps":8},
        "neuron":%s,"layers":[%s,{"kind":"dense","units":10}],"readout":{"kind":"%s"},
        "training":{"epochs":2,"optimizer":{"learning_rate":0.01}}}' "$2" "$3" "$4" >"$dir/job.json"
    if job=$("$ctl" submit "$dir/job.json") && "$ctl" watch "$job" >"$dir/watch" 2>&1 &&
        "$ctl" --json predict "$job" "$dir/inputs.json" >"$dir/said.json" &&
        "$ctl" weights "$job" --format nir --approximate -o "$dir/m.nir" >"$dir/w" &&
        "$ctl" weights "$job" -o "$dir/m.safetensors" >>"$dir/w" &&
        "$python" tests/e2e/read_models.py "$dir/m.nir" "$dir/inputs.json" "$dir/said.json" &&
        "$python" tests/e2e/read_models.py "$dir/m.safetensors" "$dir/inputs.json" \
            "$dir/said.json" "$dir/m.nir"; then
        say ok "$1"
    else
        say FAILED "$1"
        cat "$dir/watch"
    fi
}

for reset in scaled subtract zero none; do
    try "lif, reset $reset" "{\"reset\":\"$reset\"}" "$hidden" spike_mean
    try "if, reset $reset" "{\"model\":\"if\",\"reset\":\"$reset\",\"threshold\":2}" "$hidden" spike_count
done
for readout in membrane_mean membrane_max membrane_last; do
    try "$readout" '{"surrogate":"arctan"}' "$hidden" $readout
done
for solver in gl l1 pred; do
    try "$solver" "{\"solver\":\"$solver\",\"alpha\":0.6,\"step\":0.8}" "$hidden" membrane_mean
    try "$solver, reset subtract, memory 3" \
        "{\"solver\":\"$solver\",\"alpha\":0.6,\"reset\":\"subtract\",\"memory\":3}" "$hidden" spike_mean
done
try "two orders" '{"solver":"gl","alpha":[0.8,0.4],"coefficients":[1,0.5]}' "$hidden" membrane_mean
for model in cuba_lif alif leaky synaptic; do
    try $model "{\"model\":\"$model\",\"reset\":\"subtract\"}" "$hidden" membrane_mean
    try "$model, reset zero" "{\"model\":\"$model\",\"reset\":\"zero\"}" "$hidden" spike_mean
done
try "tau and threshold of each neuron" '{"learn":{"tau":"neuron","threshold":"neuron"}}' "$hidden" membrane_mean
try "recurrent" '{}' '{"kind":"recurrent","units":24,"weight_scale":3,"recurrent_bias":true}' membrane_mean
try "recurrent, one to one" '{}' '{"kind":"recurrent","units":24,"weight_scale":3,"one_to_one":true}' membrane_mean
try "recurrent, one to one with a bias" '{}' '{"kind":"recurrent","units":24,"weight_scale":3,"one_to_one":true,"recurrent_bias":true}' membrane_mean
try "conv2d, avg_pool2d" '{}' '{"kind":"conv2d","filters":4,"kernel":3,"padding":1,"weight_scale":3},{"kind":"avg_pool2d","kernel":2}' membrane_mean
try "max_pool2d with neurons" '{}' '{"kind":"conv2d","filters":4,"kernel":3,"weight_scale":3,"neuron":null},{"kind":"max_pool2d","kernel":2,"neuron":{}},{"kind":"flatten"},{"kind":"dropout","rate":0.2}' membrane_mean
try "no neurons at the end" '{}' "$hidden"',{"kind":"dense","units":12,"neuron":null}' membrane_mean

# What NIR's nodes say in full is exported without leave, and they alone are enough to run it.
plain() { # NAME NEURON LAYERS
    printf '{"seed":4,"dataset":{"name":"digits"},"encoding":{"kind":"constant","time_steps":8},
        "neuron":%s,"layers":[%s,{"kind":"dense","units":10}],"readout":{"kind":"spike_count"},
        "training":{"epochs":2,"optimizer":{"learning_rate":0.01}}}' "$2" "$3" >"$dir/job.json"
    if job=$("$ctl" submit "$dir/job.json") && "$ctl" watch "$job" >"$dir/watch" 2>&1 &&
        "$ctl" --json predict "$job" "$dir/inputs.json" >"$dir/said.json" &&
        "$ctl" weights "$job" --format nir -o "$dir/m.nir" >"$dir/w" &&
        "$python" tests/e2e/read_models.py "$dir/m.nir" "$dir/inputs.json" "$dir/said.json" nodes
    then say ok "$1, by its nodes alone"; else say FAILED "$1, by its nodes alone"; fi
}
for model in lif if cuba_lif; do
    plain $model "{\"model\":\"$model\",\"reset\":\"zero\"}" "$hidden"
done
plain "conv2d" '{"reset":"zero"}' '{"kind":"conv2d","filters":4,"kernel":3,"weight_scale":3},{"kind":"avg_pool2d","kernel":2}'
plain "recurrent" '{"reset":"zero"}' '{"kind":"recurrent","units":24,"weight_scale":3}'

# What NIR's nodes cannot say is refused, with each reason.
try "one to be refused" '{"reset":"subtract"}' "$hidden" membrane_mean
if "$ctl" weights "$job" --format nir -o "$dir/x.nir" >"$dir/refused" 2>&1; then
    say FAILED "refusal"
elif grep -q "cannot say" "$dir/refused" &&
    curl -s "$SPIKED_SERVER/v1/jobs/$job/weights?format=nir" | grep -q "reset is subtract.*reads membranes"
then
    say ok "refusal"
else
    say FAILED "refusal: $(cat "$dir/refused")"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
