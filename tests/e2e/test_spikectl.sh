#!/bin/sh
# SPDX-License-Identifier: MIT
# spikectl against a real daemon: a job from submission to its weights, a data set, a restart in the
# middle of a watch, and the exit status of everything that can go wrong.
#
#   SPIKED_BIN=... SPIKECTL_BIN=... tests/e2e/test_spikectl.sh
set -eu
. "$(dirname "$0")/daemon.sh"
ctl=$spikectl

serve() { start --data-dir "$dir/data" --checkpoint-seconds 1; }

# expect STATUS ARGUMENT...: runs spikectl; what it says is in $dir/out and $dir/err
expect() {
    want=$1
    shift
    code=0
    "$ctl" "$@" >"$dir/out" 2>"$dir/err" </dev/null || code=$?
    [ "$code" -eq "$want" ] && return
    cat "$dir/out" "$dir/err" >&2
    die "spikectl $*: exit status $code, want $want"
}
says() { grep -q -- "$1" "$dir/out" || { cat "$dir/out" >&2; die "want '$1' in the output"; }; }
complains() { grep -q -- "$1" "$dir/err" || { cat "$dir/err" >&2; die "want '$1' on stderr"; }; }

# job EPOCHS LEARNING-RATE
job() {
    cat <<JSON
{"name": "tiny", "seed": 1, "metadata": {"who": "O'Hara", "n": "1"}, "dataset": {"name": "digits"},
 "encoding": {"kind": "constant", "time_steps": 4},
 "neuron": {"surrogate": "arctan"},
 "layers": [{"kind": "dense", "units": 16}, {"kind": "dense", "units": 10}],
 "training": {"epochs": $1, "optimizer": {"kind": "adam", "learning_rate": $2}},
 "diagnostics": {"every_steps": 20}}
JSON
}
job 3 0.01 >"$dir/job.json"
job 100000 0.001 >"$dir/long.json"
job 3 1e9 >"$dir/wild.json"
echo '{"dataset": {"name": "digits"}, "layers": [{"kind": "dense", "units": -1}], "colour": 1}' \
    >"$dir/wrong.json"

serve
expect 0 ready
expect 0 version
says '^spikectl [0-9]'
expect 0 system
says "^spiked  *$("$spiked" --version | sed 's/spiked \([^ ]*\).*/\1/') ("
says '^workers  *0 of 1 busy, [1-9][0-9]* threads a job, [1-9][0-9]* processors$'
says '^jobs  *none$'
expect 0 system --json
says '^{"object":"system"'
plainest=$(sed -n 's/.*"instruction_sets":\["\([^"]*\)".*/\1/p' "$dir/out")
expect 0 watch --help
says 'gives up after 60 s'
[ "$(wc -l <"$dir/out")" -le 4 ] || die "the help of watch repeats that of every command"

# ---- a job from submission to its weights ------------------------------------------------------
expect 0 validate "$dir/job.json"
says '^valid$'
says '^parameters  *1210$'
expect 0 submit "$dir/job.json" --watch
id=$(head -n 1 "$dir/out")
says '100% epoch 3/3 loss '
says '^succeeded after 3 of 3 epochs.*test accuracy [0-9.]*%'

expect 0 list --status succeeded
says "^$id  *succeeded  *100.0%"
expect 0 list --metadata "who=O'Hara" -m n=1
says "^$id "
expect 0 list -m n=2
[ "$(wc -l <"$dir/out")" -eq 1 ] || die "there is a job with the metadata n=2"
expect 2 list -m n
expect 0 list --json
says '^{"object":"list"'
expect 0 show "$id"
says '^data set  *builtin:digits'
expect 0 show --json "$id"
says "\"id\":\"$id\""
expect 0 watch "$id"
expect 0 events "$id"
says 'succeeded'
expect 0 metrics "$id"
says '^train_loss  *[0-9]'
expect 3 metrics "$id" train_loss no_such_series
complains 'no series no_such_series'
expect 0 metrics "$id" train_loss --format csv --max-points 2
says '^step,epoch,name,index,value$'
[ "$(grep -c '^[0-9]*,[0-9]*,train_loss,0,' "$dir/out")" -eq 2 ] || die "want 2 rows of train_loss"
expect 0 metrics "$id" -o "$dir/metrics.json"
grep -q '"object":"metrics"' "$dir/metrics.json" || die "metrics -o has not written the JSON"
expect 0 config "$id"
says '"name": "tiny"'
"$ctl" config "$id" >"$dir/again.json"
expect 0 validate "$dir/again.json"
expect 0 checkpoints "$id"
says '^ckpt_'
expect 0 bias "$id" --samples 8 --repeats 64 --sigma 0.2
says '^step [0-9]*, 8 samples, 64 repeats, sigma 0.2000; '
says '^layer1  *\[[#.]*\]  *[0-9.]* +- *[0-9.]*  *[0-9.]* +- *[0-9.]*$'
says '^  layer1.weight '
says '^all '
expect 0 bias "$id" --samples 8 --repeats 64 --json
says '"object":"bias".*"all":{"count":[0-9]*,"surrogate_norm":'
expect 3 bias "$id" --repeats few
complains '/repeats: repeats is "few", want an integer'
expect 0 verify "$id"
says "^identical: job_[0-9A-Z]* has the weights of $id, sha256 [0-9a-f]*\$"
expect 0 verify "$id" --json
says '"verdict":"identical".*"differences":\[\]}$'
expect 0 list -m "verifies=$id"
[ "$(wc -l <"$dir/out")" -eq 3 ] || die "want 2 jobs that verify $id"

quiet='{"dataset":{"name":"digits"},"encoding":{"time_steps":8},"neuron":{"surrogate":"arctan","threshold":50},
  "layers":[{"kind":"dense","units":32},{"kind":"dense","units":10}],
  "training":{"epochs":8,"optimizer":{"kind":"adam","learning_rate":0.005}},"diagnostics":{"every_steps":10}}'
printf '%s' "$quiet" >"$dir/quiet.json"
expect 0 submit "$dir/quiet.json" --watch
sick=$(head -n 1 "$dir/out")
expect 1 doctor "$sick"
says '^critical dead_layer of layer1$'
says 'the threshold is too high$'
says '^  turn /neuron/threshold from 50 to [0-9.]*: '
says '(because of dead_layer)$'
expect 1 doctor "$sick" --json
says '^{"healthy":false,.*"pointer":"/neuron/threshold"'
expect 0 doctor "$sick" --apply
healed=$(sed -n '$p' "$dir/out")
expect 0 watch "$healed"
expect 0 doctor "$healed"
says '^healthy: none of the [0-9]* rules found anything (step [0-9]*)$'
expect 3 doctor "$healed" --apply
complains 'nothing is suggested'

expect 0 histogram "$id"
says '^gradients/layer1.weight  *1024 '
says '^step '
expect 0 histogram "$id" gradients/layer1.weight
says '^1024 values, '
says ' \.\.  *-*2^-*[0-9]* |##*'
expect 0 histogram "$id" gradients/layer1.weight --step 20
says 'step 20,'
expect 3 histogram "$id" gradients/nothing
expect 0 histogram "$id" gradients/layer1.weight --step 20 --format csv
says '^step,epoch,name,left,right,count$'
[ "$(awk -F, 'NR > 1 && $1 == 20 { n += $6 } END { print n }' "$dir/out")" -eq 1024 ] || die "want the 1024 values"
expect 0 histogram "$id" -f csv -o "$dir/histograms.csv"
[ "$(cut -d, -f1 "$dir/histograms.csv" | sort -u | wc -l)" -gt 2 ] || die "want the rows of all steps"
expect 3 histogram "$id" --format xml
complains 'format is "xml", want json or csv'

expect 0 confusion "$id"
says '^ CLASS  *SAMPLES  *RIGHT  *0  *1 '
says '^     9  *[0-9][0-9]*  *[0-9.]*%'

{ printf '[['; printf '0.5,%.0s' $(seq 63); printf '1]]'; } >"$dir/samples.json"
expect 0 predict "$id" "$dir/samples.json"
says '^     0  *[0-9]  '
expect 0 predict "$id" "$dir/samples.json" --checkpoint last --json
says '"object":"predictions"'
echo '[[1,2]]' >"$dir/samples.json"
expect 3 predict "$id" "$dir/samples.json"
complains '/inputs/0: '
echo 'no' >"$dir/samples.json"
expect 2 predict "$id" "$dir/samples.json"

expect 0 weights "$id" -o "$dir/w.safetensors"
says "^file sha256   $(sha256sum <"$dir/w.safetensors" | cut -d ' ' -f 1)"
model=$("$ctl" show "$id" --json | sed -n 's/.*"model":{"sha256":"\([0-9a-f]*\)".*/\1/p')
says "^model sha256  $model\$"
expect 0 show "$id"
says "^model sha256  *$model\$"
expect 0 weights "$id" -o "$dir/w.json" --format json
says "^model sha256  $model\$"
[ ! -e "$dir/w.safetensors.part" ] || die "the part of the download is still there"
expect 0 weights "$id" -o - --format json
says '^{"object":"model"'
expect 6 weights "$id" -o "$dir/no/such/folder"

# ---- what can be chosen ------------------------------------------------------------------------
expect 0 catalog
says '^  arctan: '
expect 2 catalog no_such_section
expect 0 curve arctan --scale 4
says '^arctan, scale 4'
says '^        2 |.*\*'
expect 0 curve noisy
says '^spike, in evaluation'
expect 3 curve no_such_surrogate
expect 3 curve arctan --scale -1
complains '?scale: '

# ---- data sets ---------------------------------------------------------------------------------
awk 'BEGIN { print "a,b,label"; for (i = 0; i < 64; i++) print i / 64 "," i % 3 "," i % 2 }' \
    >"$dir/rows.csv"
echo 'a,b,label
1,2,x' >"$dir/broken.csv"
expect 3 dataset upload mine --format csv train="$dir/broken.csv" test="$dir/rows.csv"
complains 'train: line 2'
complains 'removed again'
expect 3 dataset upload mine --format csv train="$dir/rows.csv" test="$dir/broken.csv"
complains 'test: line 2'
complains 'stays with what came through'
expect 0 dataset upload mine --format csv train="$dir/rows.csv"
complains 'cannot be used yet: test is missing$'
complains '^go on with: spikectl dataset upload mine --format csv test=FILE$'
expect 3 dataset upload mine --format idx test-labels="$dir/rows.csv"
complains 'name_taken'
expect 0 dataset upload mine --format csv test="$dir/rows.csv"
says '^status  *ready$'
expect 3 dataset upload mine --format csv train="$dir/rows.csv" test="$dir/rows.csv"
complains '409'
expect 6 dataset upload other --format csv train="$dir/no.csv" test="$dir/rows.csv"
expect 2 dataset upload other --format csv rows
expect 2 dataset upload other train="$dir/rows.csv"
expect 0 dataset list
says '^mine  *csv  *upload  *ready  *64  *64 '
expect 0 dataset show mine
# The data of a name may change: a job's record says on which it was trained.
sed 's/"digits"/"mine"/; s/"units": 10/"units": 2/' "$dir/job.json" >"$dir/mine.json"
expect 0 submit "$dir/mine.json" --watch
mine=$(head -n 1 "$dir/out")
expect 0 verify "$mine"
expect 0 dataset delete mine
awk 'BEGIN { print "a,b,label"; for (i = 0; i < 64; i++) print i / 64 "," i % 5 "," i % 2 }' \
    >"$dir/others.csv"
expect 0 dataset upload mine --format csv train="$dir/others.csv" test="$dir/rows.csv"
expect 1 verify "$mine"
says "^not_comparable: job_[0-9A-Z]* has other weights than $mine: sha256 .* not all is as it was:\$"
says '^  data: [0-9a-f]* then, [0-9a-f]* now$'
expect 0 dataset delete mine
expect 3 verify "$mine"
complains '/dataset/name'
expect 3 dataset show mine
expect 3 dataset delete digits

# ---- what goes wrong ---------------------------------------------------------------------------
expect 3 validate "$dir/wrong.json"
says '^error /layers/0/units: '
says '^error /colour: '
expect 3 submit "$dir/wrong.json"
complains '  /layers/0/units: '
complains '  /colour: '
expect 3 submit --json "$dir/wrong.json"
complains '"pointer":"/colour"'
expect 6 submit "$dir/no-such-file"
expect 2 submit
expect 2 no_such_command
expect 2 show ../../livez
expect 3 show job_00000000000000000000000000
expect 4 --server http://127.0.0.1:1 list
expect 2 --server ftp://127.0.0.1 list
expect 1 submit "$dir/wild.json" --watch
complains 'diverged'

expect 0 submit "$dir/long.json"
long=$(cat "$dir/out")
expect 4 watch "$long" --timeout 0.5
complains 'goes on'

# ---- the daemon restarts while a job is watched ------------------------------------------------
: >"$dir/watched"
"$ctl" watch "$long" >"$dir/watched" 2>"$dir/watched.err" &
watcher=$!
tries=0
until grep -q epoch "$dir/watched"; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || die "nothing is watched after 30 s"
    sleep 0.1
done
stop
tries=0
until grep -q 'trying again' "$dir/watched.err"; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || die "the watch has not missed the daemon"
    sleep 0.1
done
export SPIKED_ISA="$plainest"
listen=${SPIKED_SERVER#http://} serve
expect 0 system
says "^kernels  *$plainest[,;]"
says '^jobs .*8 succeeded'
expect 0 pause "$long"
expect 0 resume "$long"
says "^$long \(queued\|running\)\$"
expect 0 cancel "$long"
code=0
wait "$watcher" || code=$?
[ "$code" -eq 5 ] || { cat "$dir/watched" "$dir/watched.err" >&2; die "watch: status $code, want 5"; }
grep -q '^cancelled after ' "$dir/watched" || die "the watch does not say how the job ended"

# ---- a sweep ---------------------------------------------------------------------------------
printf '{"name": "rates", "base": %s, "grid": {"/neuron/surrogate": ["arctan", "linear"]}, "seeds": [1, 2]}' \
    "$(cat "$dir/job.json")" >"$dir/sweep.json"
expect 0 sweep "$dir/sweep.json"
sweep=$(cat "$dir/out")
complains '^4 jobs, 2 combinations'
tries=0
until [ "$(grep -c 'finished: succeeded 4 of 4' "$dir/out")" -eq 1 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "the sweep is not over after 60 s"
    sleep 0.1
    expect 0 sweep show "$sweep"
done
says '^    1  *0[.0-9]*  *0[.0-9]*  2/2 .* neuron/surrogate='
expect 0 sweeps
says "^$sweep  *finished"
expect 0 sweep results "$sweep"
says '^combination,/neuron/surrogate,seed,job,'
expect 0 sweep results "$sweep" -f json -o "$dir/results.json"
grep -q '"parameters":{"/neuron/surrogate":"linear"}' "$dir/results.json" || die "no JSON results"
expect 0 sweep cancel "$sweep"
says "^$sweep finished"
expect 3 sweep pause "$sweep"
complains 'is finished and cannot be paused'
expect 0 sweep delete "$sweep"
job 100000 0.001 >"$dir/long.json"
printf '{"base":%s,"seeds":[1,2]}' "$(cat "$dir/long.json")" >"$dir/sweep.json"
expect 0 sweep "$dir/sweep.json"
sweep=$(cat "$dir/out")
expect 0 sweep pause "$sweep"
says "^$sweep paus"
expect 0 sweep resume "$sweep"
says "^$sweep running"
expect 0 sweep delete "$sweep"
tries=0
while "$ctl" sweep show "$sweep" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "the sweep is not gone after 60 s"
    sleep 0.1
done
expect 3 sweep show "$sweep"
expect 2 sweep show ../jobs
expect 3 sweep "$dir/job.json"

expect 0 webhooks --state dead
says '^ID  *STATE  *SENT'
expect 2 webhooks retry ../jobs
expect 3 webhooks retry evt_00000000000000000000000000
complains 'there is no webhook'
expect 3 webhooks --state alive

expect 0 delete "$long"
expect 3 delete "$long"
expect 0 delete "$id" --json
says "^{\"id\":\"$id\",\"deleted\":true}\$"
