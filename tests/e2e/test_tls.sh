#!/bin/sh
# SPDX-License-Identifier: MIT
# HTTPS: a certificate of our own, believed by curl and spikectl where they are told to, and nothing
# older than TLS 1.2.
#
#   SPIKED_BIN=... SPIKECTL_BIN=... tests/e2e/test_tls.sh
set -eu
. "$(dirname "$0")/daemon.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=spiked \
    -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$dir/key" -out "$dir/cert" 2>"$dir/out" ||
    die "openssl: $(cat "$dir/out")"

# A key that others may read is none.
chmod 644 "$dir/key"
if "$spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" --tls-cert "$dir/cert" \
    --tls-key "$dir/key" 2>"$dir/out"; then
    die "it takes a key that others may read"
fi
grep -q 'mode 0644' "$dir/out" || die "it says: $(cat "$dir/out")"
chmod 600 "$dir/key"
if "$spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" --tls-cert "$dir/cert" 2>"$dir/out"; then
    die "it takes a certificate without a key"
fi
if "$spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" --tls-cert "$dir/key" \
    --tls-key "$dir/key" 2>"$dir/out"; then
    die "it takes a key for a certificate"
fi

start --data-dir "$dir/data" --tls-cert "$dir/cert" --tls-key "$dir/key" --log-level debug
case $url in https://*) ;; *) die "the address is $url" ;; esac
port=${url##*:}

ask() { curl -sS --noproxy '*' --cacert "$dir/cert" -o "$dir/body" -w '%{http_code}' "$@"; }
[ "$(ask "$url/livez")" = 200 ] || die "curl over TLS"
! curl -sS --noproxy '*' "$url/livez" 2>/dev/null || die "curl believes a certificate of nobody"
! ask --tls-max 1.1 "$url/livez" 2>/dev/null || die "TLS 1.1 is spoken"
[ "$(ask --tlsv1.2 --tls-max 1.2 "$url/livez")" = 200 ] || die "TLS 1.2 is not spoken"
[ "$(ask --tlsv1.3 "$url/livez")" = 200 ] || die "TLS 1.3 is not spoken"
! curl -sS --noproxy '*' -m 20 "http://127.0.0.1:$port/livez" >/dev/null 2>&1 || die "plain HTTP is answered"

# A whole job, its stream and its weights.
export SPIKED_CACERT="$dir/cert"
cat >"$dir/job.json" <<'JOB'
{"dataset":{"name":"digits"},"layers":[{"kind":"dense","units":10}],"training":{"epochs":1}}
JOB
id=$("$spikectl" submit "$dir/job.json")
"$spikectl" watch "$id" >/dev/null || die "spikectl over TLS"
"$spikectl" weights "$id" -o "$dir/w" >/dev/null || die "weights over TLS"
[ "$(ask -H 'Accept: text/event-stream' "$url/v1/jobs/$id/events")" = 200 ] || die "a stream over TLS"
grep -q 'event: done' "$dir/body" || die "the stream has no end"
code=0
SPIKED_CACERT='' "$spikectl" ready >/dev/null 2>&1 || code=$?
[ "$code" -eq 4 ] || die "spikectl believes a certificate of nobody: exit status $code, want 4"

stop
