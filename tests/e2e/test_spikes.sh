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

write_job() { # DATASET KIND MORE: into job.json
    printf '{"seed":3,"dataset":{"name":"%s"},"encoding":{"kind":"%s","time_steps":20%s},
        "layers":[{"kind":"dense","units":32},{"kind":"dense","units":3}],
        "training":{"epochs":10,"batch_size":16,"optimizer":{"learning_rate":0.01}}}' "$1" "$2" "$3" >"$dir/job.json"
}
train() { # DATASET MORE: the model's digest in $model
    write_job "$1" events "$2"
    job=$("$ctl" submit "$dir/job.json") && "$ctl" watch "$job" >"$dir/watch" 2>&1 || cat "$dir/watch"
    model=$("$ctl" --json show "$job" | get "['model']['sha256']")
    accuracy=$("$ctl" --json show "$job" | get "['metrics']['test_accuracy']")
    "$python" -c "import sys; sys.exit(not $accuracy > 0.9)" && say ok "learnt: $1 $2" ||
        say FAILED "accuracy $accuracy: $1 $2"
}
train text ''
first=$model
train heidelberg ''
[ "$model" = "$first" ] && say ok "one model from both" || say FAILED "$model, want $first"
more=',"mask":true,"time_shift":20000,"time_scale":0.1,"time_jitter":5000,"unit_shift":1,"unit_jitter":1,"drop":0.1'
train heidelberg "$more"
changed=$model
train text "$more"
[ "$model" = "$changed" ] && [ "$model" != "$first" ] && say ok "one model of changed, masked samples" ||
    say FAILED "$model, want $changed, other than $first"

# Fields where they mean nothing.
refused() { # DATASET KIND MORE WORDS
    write_job "$1" "$2" "$3"
    if "$ctl" validate "$dir/job.json" >"$dir/said" 2>&1; then say FAILED "accepted: $2$3"; else
        grep -q -- "$4" "$dir/said" && say ok "refused: $2$3" || say FAILED "$(cat "$dir/said")"
    fi
}
refused digits constant ',"mask":true' 'mask'
refused digits rate ',"drop":0.1' 'drop'
refused digits events ',"drop":0.1' "samples are features"
refused heidelberg delta '' 'want events'
refused digits delta ',"step_features":8' 'a sample is 8 steps of 8 features: want 8'
refused heidelberg events ',"drop":1' 'drop is 1'

# Files that are not what they claim to be.
head -c 3000 "$dir/made/half_train.h5" >"$dir/made/cut.h5"
if "$ctl" dataset upload cut --format hdf5 train="$dir/made/cut.h5" test="$dir/made/half_test.h5" >"$dir/cut" 2>&1
then say FAILED "a file cut off"; else
    grep -q "in a file of 3000 bytes" "$dir/cut" && say ok "a file cut off" || say FAILED "$(cat "$dir/cut")"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
