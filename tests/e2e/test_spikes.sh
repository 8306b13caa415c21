#!/bin/sh
# SPDX-License-Identifier: MIT
# Spikes in HDF5 files that somebody else wrote (h5py): uploaded or found in a folder, they are the
# data set that the same spikes are as text, and a network learns them.
set -eu
bin=${SPIKED_BIN:-build/release/spiked} ctl=${SPIKECTL_BIN:-build/release/spikectl}
python=/usr/bin/python3
"$python" -c 'import numpy, h5py' 2>/dev/null ||
    { echo "wants python3-numpy and python3-h5py: make deps-check"; exit 1; }
dir=$(mktemp -d)
mkdir -p "$dir/made" "$dir/sets/heidelberg"
"$python" tests/e2e/write_spikes.py "$dir/made"
mv "$dir/made/shd_train.h5.gz" "$dir/made/shd_test.h5.gz" "$dir/sets/heidelberg"
"$bin" --listen 127.0.0.1:0 --data-dir "$dir/data" --datasets-dir "$dir/sets" >"$dir/out" 2>"$dir/log" &
pid=$!
trap 'kill $pid 2>/dev/null || :; wait $pid 2>/dev/null || :; rm -rf "$dir"' EXIT
for _ in $(seq 100); do grep -q http "$dir/out" && break; sleep 0.1; done
SPIKED_SERVER=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' "$dir/out")
export SPIKED_SERVER

passed=0 failed=0
say() { echo "$1 $2"; [ "$1" = ok ] && passed=$((passed + 1)) || failed=$((failed + 1)); }
get() { "$python" -c "import json, sys; print(eval('json.load(sys.stdin)' + sys.argv[1]))" "$1"; }

upload() { # NAME FORMAT TRAIN TEST: what it is then
    "$ctl" dataset upload "$1" --format "$2" train="$dir/made/$3" test="$dir/made/$4" >"$dir/upload" 2>&1 ||
        cat "$dir/upload"
    "$ctl" --json dataset show "$1" | get "['sha256'][:16]"
}
text=$(upload text events train-events.csv test-events.csv)
for form in half_train.h5:half_test.h5 packed_train.h5:packed_test.h5 \
    packed_train.h5.gz:packed_test.h5.gz half_train.h5:packed_test.h5.gz; do
    name=$(echo "set-$form" | tr ':_.' '---')
    found=$(upload "$name" hdf5 "${form%:*}" "${form#*:}")
    [ "$found" = "$text" ] && say ok "$form" || say FAILED "$form: $found, want $text"
done
found=$("$ctl" --json dataset show heidelberg | get "['sha256'][:16]")
[ "$found" = "$text" ] && say ok "a folder of shd_train.h5.gz, shd_test.h5.gz" || say FAILED "folder: $found"

train() { # DATASET: the model's digest and the accuracy
    printf '{"seed":3,"dataset":{"name":"%s"},"encoding":{"kind":"events","time_steps":20},
        "layers":[{"kind":"dense","units":32},{"kind":"dense","units":3}],
        "training":{"epochs":10,"batch_size":16,"optimizer":{"learning_rate":0.01}}}' "$1" >"$dir/job.json"
    job=$("$ctl" submit "$dir/job.json") && "$ctl" watch "$job" >"$dir/watch" 2>&1 || cat "$dir/watch"
    "$ctl" --json show "$job" | get "['model']['sha256']" >"$dir/result-$1"
}
train text
train heidelberg
cmp -s "$dir/result-text" "$dir/result-heidelberg" && say ok "one model from both" ||
    say FAILED "$(cat "$dir/result-text" "$dir/result-heidelberg")"
accuracy=$("$ctl" --json show "$job" | get "['metrics']['test_accuracy']")
"$python" -c "import sys; sys.exit(not $accuracy > 0.9)" && say ok "learnt" || say FAILED "accuracy $accuracy"

# Files that are not what they claim to be.
head -c 3000 "$dir/made/half_train.h5" >"$dir/made/cut.h5"
if "$ctl" dataset upload cut --format hdf5 train="$dir/made/cut.h5" test="$dir/made/half_test.h5" >"$dir/cut" 2>&1
then say FAILED "a file cut off"; else
    grep -q "in a file of 3000 bytes" "$dir/cut" && say ok "a file cut off" || say FAILED "$(cat "$dir/cut")"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
