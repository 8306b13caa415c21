#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs make targets one after another, all of them whatever happens before, and adds up the last
# "N passed, N failed" line of each. A target that fails without having counted it is one failure.
#
#   tests/check.sh TARGET...
set -u
logs=$(mktemp -d "${TMPDIR:-/tmp}/spiked-check-XXXXXX") || exit 1
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 summary=

for target; do
    printf '\n==== make %s ====\n' "$target"
    start=$(date +%s)
    { "${MAKE:-make}" -j"${JOBS:-1}" "$target" 2>&1; echo $? >"$logs/code"; } | tee "$logs/out"
    code=$(cat "$logs/code")
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$logs/out" | tail -n 1)
    p=${line%% *} f=${line##*, } f=${f%% *}
    [ -n "$line" ] || p=0 f=0
    [ "$code" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f))
    summary="$summary$(printf '%-17s %4d passed, %d failed  (%d s)' \
        "$target" "$p" "$f" $(($(date +%s) - start)))
"
done

printf '\n%s\n' "$summary"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
