#!/bin/sh
# SPDX-License-Identifier: MIT
# Tokens from end to end: made, shown by curl and spikectl, kept out of the log, taken back.
#
#   SPIKED_BIN=... SPIKECTL_BIN=... tests/e2e/test_tokens.sh
set -eu
. "$(dirname "$0")/daemon.sh"

# A door that others reach stays shut while there is no key to it.
code=0
"$spiked" --listen 192.0.2.1:0 --data-dir "$dir/data" 2>"$dir/out" || code=$?
[ "$code" -eq 78 ] || die "public address without a token: exit status $code, want 78"
grep -q 'there is no token' "$dir/out" || die "it says: $(cat "$dir/out")"

reader=$("$spikectl" token add reader read --data-dir "$dir/data")
writer=$("$spiked" token add writer --data-dir "$dir/data")
admin=$("$spiked" token add admin admin --data-dir "$dir/data")
"$spiked" token list --data-dir "$dir/data" >"$dir/out"
[ "$(wc -l <"$dir/out")" -eq 3 ] || die "the list is: $(cat "$dir/out")"

# Now it may: 192.0.2.1 is an example's address, which no machine has.
code=0
"$spiked" --listen 192.0.2.1:0 --data-dir "$dir/data" 2>"$dir/out" || code=$?
[ "$code" -eq 1 ] || die "public address with a token: exit status $code, want 1"
grep -q 'cannot listen on 192.0.2.1' "$dir/out" || die "it says: $(cat "$dir/out")"

start --data-dir "$dir/data" --log-level debug

# status WANT CURL_ARGUMENT...
status() {
    want=$1
    shift
    got=$(curl -sS --noproxy '*' -o "$dir/body" -w '%{http_code}' "$@")
    [ "$got" = "$want" ] || die "$*: status $got, want $want: $(cat "$dir/body")"
}
job='{"dataset":{"name":"digits"},"layers":[{"kind":"dense","units":10}],"training":{"epochs":1}}'
post="-X POST -H Content-Type:application/json"

status 200 "$url/livez"
status 200 "$url/readyz"
status 401 "$url/v1/jobs"
status 401 -H "Authorization: Bearer spk_wrong" "$url/v1/jobs"
status 200 -H "Authorization: Bearer $reader" "$url/v1/jobs"
# shellcheck disable=SC2086 # words
status 403 $post -H "Authorization: Bearer $reader" -d "$job" "$url/v1/jobs"
# shellcheck disable=SC2086
status 201 $post -H "Authorization: Bearer $writer" -d "$job" "$url/v1/jobs"
id=$(sed 's/.*"id":"\([^"]*\)".*/\1/' "$dir/body")
# Streams and downloads as well.
status 401 -H "Accept: text/event-stream" "$url/v1/jobs/$id/events"
status 401 -H "Accept: text/event-stream" "$url/v1/events"
status 401 "$url/v1/jobs/$id/weights"
status 401 -H "Range: bytes=0-3" "$url/v1/jobs/$id/weights"

# spikectl: by variable, by file, by flag; not at all.
code=0
"$spikectl" list >"$dir/out" 2>&1 || code=$?
[ "$code" -eq 3 ] || die "spikectl without a token: exit status $code, want 3"
SPIKED_TOKEN=$writer "$spikectl" watch "$id" >/dev/null || die "spikectl watch"
printf '%s\n' "$reader" >"$dir/secret"
"$spikectl" --token-file "$dir/secret" show "$id" >/dev/null || die "spikectl --token-file"
SPIKED_TOKEN_FILE=$dir/secret "$spikectl" show "$id" >/dev/null || die "SPIKED_TOKEN_FILE"
SPIKED_TOKEN=spk_wrong "$spikectl" --token "$admin" weights "$id" -o "$dir/w" ||
    die "spikectl --token"
status 200 -H "Authorization: Bearer $reader" -H "Accept: text/event-stream" \
    "$url/v1/jobs/$id/events"
grep -q 'event: done' "$dir/body" || die "the stream has no end: $(cat "$dir/body")"
"$spikectl" ready >/dev/null || die "spikectl ready wants a token"

# What is taken back is worth nothing, while the daemon runs.
"$spikectl" token remove reader --data-dir "$dir/data"
tries=0
until got=$(curl -sS --noproxy '*' -o "$dir/body" -w '%{http_code}' \
    -H "Authorization: Bearer $reader" "$url/v1/jobs") && [ "$got" -ne 200 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "the token is still good"
    sleep 0.1
done
status 200 -H "Authorization: Bearer $writer" "$url/v1/jobs"

stop
for secret in "$reader" "$writer" "$admin" spk_wrong; do
    if grep -q "$secret" "$dir/log" "$dir/first" || grep -rq "$secret" "$dir/data"; then
        die "a secret is in the log or in the data"
    fi
done
grep -q ' token=writer' "$dir/log" || die "the log does not say who asked"
