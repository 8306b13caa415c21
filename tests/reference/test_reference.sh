#!/bin/sh
# SPDX-License-Identifier: MIT
# run_reference must pass what is right and fail, by name, all that is not: it is the judge of the core.
set -eu
cd "$(dirname "$0")/../.."
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "${MAKE:-make}" -s VARIANT=double ISA= \
    build/double/run_reference >/dev/null
program=$PWD/build/double/run_reference
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

# optimizers OPTIMIZER EXPECTED: a file with one case, p = 1, g = 1, lr = 0.5, so p becomes 0.5
optimizers() {
    cat >"$scratch/optimizers.json" <<JSON
{"inputs": {"params0": {"shape": [1], "data": [1]}, "grads": {"shape": [1, 1], "data": [1]}},
 "expected": {"cases": [{"name": "the_case", "inputs": {},
   "parameters": {"optimizer": "$1", "lr": 0.5}, "expected": {$2}}]}}
JSON
}

# surrogates EXPECTED: linear, g = 1, at x = -2, 0, 1
surrogates() {
    cat >"$scratch/surrogates.json" <<JSON
{"inputs": {}, "expected": {"cases": [{"name": "the_case",
   "parameters": {"surrogate": "linear", "gamma": 1, "is_default": true},
   "inputs": {"x": {"shape": [3], "data": [-2, -0.0, 1]}}, "expected": {$1}}]}}
JSON
}

# want STATUS TEXT...: what run_reference says of the folder, which is then emptied
want() {
    status=0
    "$program" "$scratch" >"$scratch/out" 2>&1 || status=$?
    [ "$status" -eq "$1" ] || { echo "exit status $status, want $1:"; cat "$scratch/out"; bad=1; }
    shift
    for text; do
        grep -qF -e "$text" "$scratch/out" || {
            echo "\"$text\" is not in:"; cat "$scratch/out"; bad=1; }
    done
    rm -f "$scratch"/*
}

params='"params": {"shape": [1, 1], "data": [0.5]}'
optimizers SGD "$params"
want 0 'optimizers.json: 1 cases, 1 passed, worst error 0' '1 passed, 0 failed'
optimizers SGD '"params": {"shape": [1, 1], "data": [0.5000000003]}'
want 1 'optimizers.json: the_case: params[0] is 0.5, want 0.5000000003' '0 passed, 1 failed'
optimizers SGD '"params": {"shape": [2, 1], "data": [0.5, 0.5]}'
want 1 'the_case: params has 2 entries, want 1'
optimizers SGD "$params, \"surprise\": 1"
want 1 'the_case: surprise is expected and was not compared'
optimizers Lion "$params"
want 1 'the_case: optimizer Lion is not known'
optimizers SGD ''
want 1 'the_case: has no parameters or expects nothing'
optimizers SGD '"params": {"shape": [1, 1], "data": ["x"]}'
want 1 'params holds something that is not a number'
optimizers SGD "$params"
sed -i 's/"grads"/"gradients"/' "$scratch/optimizers.json"
want 1 'the_case: grads is missing'

derivative='"derivative": {"shape": [3], "data": [0, 0.5, 0.5]}'
surrogates "\"spike\": [0, 1, 1], $derivative"
want 0 '1 passed, 0 failed'
surrogates "\"spike\": [0, 0, 1], $derivative"
want 1 'the_case: spike[1] is 1, want 0 exactly'
surrogates "\"spike\": [0, 1, 1], $(printf %s "$derivative" | sed 's/0.5]/0]/')"
want 1 'the_case: derivative[2] is 0.5, want 0'

optimizers SGD "$params"
echo '{}' >"$scratch/other.json"
want 0 'other.json: not covered' '1 passed, 0 failed'
echo '{"expected": ' >"$scratch/if_step.json"
want 1 'if_step.json: line' 'if_step.json: 0 cases' '0 passed, 1 failed'
echo '{"expected": {"cases": []}}' >"$scratch/bptt_dense.json"
want 1 'bptt_dense.json: 0 cases' '0 passed, 1 failed'
want 1 'no reference file'
exit $bad
