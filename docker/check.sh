#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs an image as docker/README.md tells users to, and looks whether it does what it says there:
# hardened, healthy, trains, stops in time, goes on with its jobs. Leaves nothing behind.
#
#   docker/check.sh IMAGE
#
# Wants an engine on this machine (DOCKER_HOST says which; the port is published on 127.0.0.1) and
# curl.
set -eu
image=${1:?usage: docker/check.sh IMAGE}
name=spiked-check-$$
dir=$(mktemp -d "${TMPDIR:-/tmp}/spiked-docker-XXXXXX")
passed=0

finish() {
    code=$?
    trap - EXIT
    if [ "$code" -ne 0 ] && docker inspect "$name" >/dev/null 2>&1; then
        echo "failed; the container's log:"
        docker logs "$name" 2>&1 | tail -n 20
    fi >&2
    docker rm -f "$name" >/dev/null 2>&1 || :
    docker volume rm "$name" "$name-restored" >/dev/null 2>&1 || :
    rm -rf "$dir"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { passed=$((passed + 1)); echo "ok    $*"; }
fail() { echo "FAIL  $*" >&2; exit 1; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# until_ok SECONDS WHAT COMMAND...: tries every 20 ms.
until_ok() {
    deadline=$(($(now_ms) + $1 * 1000)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$deadline" ] || fail "$what: not in time"
        sleep 0.02
    done
}

# The engine picks a free port of the host, a new one at each start.
find_port() { url=http://$(docker port "$name" 8080/tcp | head -n 1) && [ "$url" != http:// ]; }
ready() { find_port && curl -sf -m 5 -o "$dir/ready" "$url/readyz"; }

get() { curl -sS --fail-with-body -m 60 -o "$2" "$url$1" || { cat "$2" >&2; return 1; }; }

# post PATH JSON: the answer is in $dir/answer.
post() {
    curl -sS --fail-with-body -m 60 -o "$dir/answer" -H 'Content-Type: application/json' \
        -d "$2" "$url$1" || { cat "$dir/answer" >&2; return 1; }
}

# field FILE NAME: the first one of that name.
field() { grep -o "\"$2\":[^,}]*" "$1" | head -n 1 | cut -d : -f 2- | tr -d '"'; }

job_is() { # JOB STATUS
    get "/v1/jobs/$1" "$dir/job" && [ "$(field "$dir/job" status)" = "$2" ]
}

# job_past JOB STEP: it runs, and is past that step.
job_past() { job_is "$1" running && [ "$(field "$dir/job" step)" -gt "$2" ]; }

healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$name")" = healthy ]; }

# stop WHAT: within the ten seconds that `docker stop` gives, after which it would kill.
stop() {
    start=$(now_ms)
    docker stop "$name" >/dev/null
    took=$(($(now_ms) - start))
    code=$(docker inspect -f '{{.State.ExitCode}}' "$name")
    [ "$code" -eq 0 ] || fail "stopped $1: exit status $code, want 0"
    ok "stopped $1: exit status 0, $took ms"
}

# resumed ATTEMPT: it has begun; $from is the step from which it goes on.
resumed() {
    get "/v1/jobs/$long/events" "$dir/events" || return 1
    from=$(sed -n "s/.*attempt $1 goes on from step \([0-9]*\).*/\1/p" "$dir/events")
    [ -n "$from" ]
}

# again WHAT STEP: starts it once more; the long job is to go on from that step or a later one.
again() {
    docker start "$name" >/dev/null
    attempt=$((attempt + 1))
    until_ok 30 "/readyz after it was $1" ready
    until_ok 60 "attempt $attempt of the long job, after it was $1" resumed "$attempt"
    [ "$from" -ge "$2" ] || fail "$1: the job goes on from step $from, want $2 or later"
    until_ok 60 "the long job's next steps" job_past "$long" "$from"
    ok "$1 and started: the job goes on from step $from"
}

digits() { # EPOCHS
    cat <<JSON
{"seed": 1, "dataset": {"name": "digits"},
 "encoding": {"kind": "constant", "time_steps": 16},
 "neuron": {"model": "lif", "tau": 2.0, "threshold": 1.0, "surrogate": "arctan"},
 "layers": [{"kind": "dense", "units": 128}, {"kind": "dense", "units": 10}],
 "readout": {"kind": "membrane_mean"},
 "training": {"epochs": $1, "batch_size": 64,
              "optimizer": {"kind": "adam", "learning_rate": 0.002}}}
JSON
}

size=$(docker image inspect -f '{{.Size}}' "$image")
echo "      $image is $((size / 1000000)) MB"

# The image's own health check, only more often, so that this is short.
docker create --name "$name" --read-only --tmpfs /tmp -v "$name":/data -p 127.0.0.1::8080 \
    --cap-drop ALL --security-opt no-new-privileges --health-interval 1s "$image" >/dev/null
start=$(now_ms)
docker start "$name" >/dev/null
until_ok 30 "/readyz" ready
ok "started: /readyz answers after $(($(now_ms) - start)) ms"

docker exec "$name" cat /proc/1/status >"$dir/status"
grep -Eq '^Uid:[[:space:]]+[1-9]' "$dir/status" || fail "the daemon runs as root"
grep -Eq '^CapEff:[[:space:]]+0+$' "$dir/status" || fail "the daemon has capabilities"
grep -Eq '^NoNewPrivs:[[:space:]]+1$' "$dir/status" || fail "the daemon could gain privileges"
docker exec "$name" touch /usr/spiked 2>/dev/null && fail "/usr can be written"
ok "not root, no capabilities, no new privileges, read-only"

docker exec "$name" test -s /etc/ssl/certs/ca-certificates.crt ||
    fail "there is no authority to believe a receiver of webhooks by"

until_ok 40 "the health check" healthy
ok "the health check says healthy"

post /v1/jobs "$(digits 40)"
first=$(field "$dir/answer" id)
until_ok 120 "the digits job" job_is "$first" succeeded
accuracy=$(field "$dir/job" test_accuracy)
case $accuracy in
0.9*) ok "trained digits: test accuracy $accuracy" ;;
*) fail "trained digits: test accuracy $accuracy, want 0.9 or more" ;;
esac
get "/v1/jobs/$first/weights?format=safetensors" "$dir/weights"

post /v1/jobs "$(digits 100000)"
long=$(field "$dir/answer" id)
attempt=1
until_ok 60 "the long job" job_past "$long" 200
step=$(field "$dir/job" step)
stop "with a job at step $step"

again "stopped" "$step"
get "/v1/jobs/$first/weights?format=safetensors" "$dir/weights-again"
cmp -s "$dir/weights" "$dir/weights-again" || fail "the first job's weights are not the same"
ok "the first job's weights are the same: $(sha256sum <"$dir/weights" | cut -c 1-16)..."

# What a crash, or a power failure of the host, does to it.
docker kill "$name" >/dev/null
again "killed" "$from"

# Backed up while it works, restored into another volume.
docker exec "$name" spikectl backup -o - >"$dir/backup.tar"
restored() { docker run --rm -i --read-only --cap-drop ALL --entrypoint spiked -v "$name-restored":/data "$image" "$@"; }
restored restore - <"$dir/backup.tar" >"$dir/answer" 2>&1 || fail "restore: $(cat "$dir/answer")"
restored admin check >"$dir/answer" 2>&1 || fail "check of what was restored: $(cat "$dir/answer")"
ok "backed up ($(($(wc -c <"$dir/backup.tar") / 1000)) kB), restored into another volume, and checked"

post "/v1/jobs/$long/cancel" ''
until_ok 30 "the cancelled job" job_is "$long" cancelled

# From the first token on everybody has to show one, but for the health check.
docker exec "$name" spiked token add ann >"$dir/token"
refused() { [ "$(curl -s -m 5 -o "$dir/answer" -w '%{http_code}' "$url/v1/jobs")" = 401 ]; }
until_ok 30 "a refusal without a token" refused
curl -sSf -m 5 -o "$dir/answer" -H "Authorization: Bearer $(cat "$dir/token")" "$url/v1/jobs" ||
    fail "the token is refused"
until_ok 40 "the health check with tokens" healthy
ok "a token is wanted, and taken"
stop "with nothing to do"
echo "$passed checks passed"
