#!/bin/sh
# SPDX-License-Identifier: MIT
# The page that Prometheus reads: by the letter of its format, and by promtool where there is one
# (PATH, or build/tools/, where `make check` puts it).
#
#   SPIKED_BIN=... tests/e2e/test_prometheus.sh
set -eu
. "$(dirname "$0")/daemon.sh"
PATH=$PATH:$root/build/tools

start --data-dir "$dir/data" --log-format json --log-level debug
get() { curl -sS --noproxy '*' -o "$dir/$1" "$url$2"; }

trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
# Some of each: answers of several kinds, a job from its start to its end.
get a /v1/jobs; get a /v1/nothing; get a /v1/jobs/nope; get a '/v1/jobs?limit=0'
curl -sS --noproxy '*' -o "$dir/a" -H 'Host: evil.example' "$url/v1/jobs"
curl -sS --noproxy '*' -o "$dir/job" -H 'Content-Type: application/json' -H 'Prefer: wait=60' -d \
    '{"dataset":{"name":"digits"},"layers":[{"kind":"dense","units":10}],"training":{"epochs":2}}' \
    "$url/v1/jobs"
grep -q '"status":"succeeded"' "$dir/job" || die "the job: $(cat "$dir/job")"
curl -sS --noproxy '*' -o "$dir/a" -H "traceparent: $trace" "$url/v1/jobs"
get page /metrics

awk '
function bad(why) { print FILENAME ":" NR ": " why ": " $0; failed = 1 }
/^# HELP / {
    if ($3 in help) bad("a family twice")
    if (NF < 4) bad("no help")
    help[$3] = 1; family = $3; next
}
/^# TYPE / {
    if ($3 != family) bad("TYPE is not behind its HELP")
    if ($4 !~ /^(counter|gauge|histogram)$/) bad("no type")
    if ($4 == "counter" && $3 !~ /_total$/) bad("a counter without _total")
    if ($4 != "counter" && $3 ~ /_total$/) bad("_total of no counter")
    type = $4; types++; next
}
/^#/ || /^$/ { bad("neither a sample nor HELP nor TYPE"); next }
{
    if ($0 !~ /^[a-z_][a-z0-9_]*([{][a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*[}])? -?[0-9][0-9.e+-]*$/) bad("no sample")
    name = $0; sub(/[{ ].*/, "", name)
    series = $0; sub(/ [^ ]*$/, "", series); value = $NF + 0
    if (series in seen) bad("a series twice")
    seen[series] = 1
    if (type != "histogram" && name != family) bad("a sample of another family")
    if (type != "gauge" && value < 0) bad("below 0")
    if (type != "histogram") next
    if (name == family "_bucket") {
        labels = series; sub(/,?le="[^"]*"/, "", labels); sub(/^[^{]*/, "", labels)
        edge = series; sub(/.*le="/, "", edge); sub(/".*/, "", edge)
        if (labels == before && value < last) bad("buckets are not cumulative")
        if (labels == before && edge != "+Inf" && edge + 0 <= lastedge) bad("edges do not ascend")
        before = labels; last = value; lastedge = edge + 0; inf = edge == "+Inf"
    } else if (name == family "_count") {
        if (!inf || value != last) bad("count is not the last bucket")
        before = ""
    } else if (name != family "_sum") bad("a sample of another family")
}
END { if (types < 20) { print "only " types " families"; failed = 1 } exit failed }' "$dir/page"

# sample SERIES: its value
sample() { grep -v '^#' "$dir/page" | grep -F "$1 " | sed 's/.* //'; }
want() { [ "$(sample "$1")" = "$2" ] || die "$1 is $(sample "$1"), want $2"; }
want spiked_jobs_submitted_total 1
want 'spiked_jobs_finished_total{outcome="succeeded"}' 1
want 'spiked_jobs{status="succeeded"}' 1
want 'spiked_http_rejected_total{reason="malformed"}' 1
want 'spiked_http_request_duration_seconds_count{method="POST",route="/v1/jobs",status="201"}' 1
want 'spiked_http_request_duration_seconds_count{method="",route="",status="404"}' 2
want 'spiked_job_duration_seconds_count{outcome="succeeded"}' 1
want spiked_database_damaged 0
tries=0
until [ "$(sample spiked_last_integrity_check_timestamp_seconds)" -gt 0 ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "the database is not looked at"
    sleep 0.1
    get page /metrics
done
grep -q '"event":"database_checked"' "$dir/log" || die "the log does not tell of the look at the database"
[ "$(sample spiked_training_samples_total)" -ge 2000 ] || die "samples: $(sample spiked_training_samples_total)"

if command -v promtool >/dev/null 2>&1; then
    promtool check metrics <"$dir/page" >"$dir/out" 2>&1 || die "promtool: $(cat "$dir/out")"
    [ ! -s "$dir/out" ] || die "promtool: $(cat "$dir/out")"
    echo "promtool has nothing to say"
fi

# The log, which is JSON here.
stop
grep -q "\"traceparent\":\"$trace\"" "$dir/log" || die "no trace in the log"
grep -q '"event":"request","request_id":"req_' "$dir/log" || die "no request id in the log"
awk '!/^[{]"time":"[^"]*Z","level":"[a-z]+","event":"[a-z_]+"(,"[a-z_]+":("([^"\\]|\\.)*"|-?[0-9]+))*[}]$/ {
    print "no JSON in the log: " $0; failed = 1 } END { exit failed || !NR }' "$dir/log"
