#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs test programs, a line for each, and ends with the plain line "N passed, N failed".
#
#   tests/run.sh PROGRAM...     cmocka programs, and shell scripts (*.sh), each of which is one test
#
# TEST_TIMEOUT: seconds a program may take (300). TEST_JOBS: how many run at once (the processors).
# The output of a program is shown whole when it fails.
set -u

if [ "${1-}" = --one ]; then # what xargs starts: one program, its results into $RESULTS
    program=$2
    log=$RESULTS/log_$(printf '%s' "$program" | tr '/' '_')
    timeout -k 10 "${TEST_TIMEOUT:-300}" "$program" >"$log.out" 2>"$log.err" </dev/null
    code=$?
    # "[  PASSED  ] N test(s)." closes each group of a cmocka program.
    count() { cat "$log.out" "$log.err" | sed -n "s/^\[ *$1 *\] *\([0-9][0-9]*\) test(s).*/\1/p" |
        awk '{ n += $1 } END { print n + 0 }'; }
    passed=$(count PASSED) failed=$(count FAILED) skipped=$(count SKIPPED) why=
    case $program in
    *.sh) [ "$code" -eq 0 ] && passed=1 || failed=1 ;;
    *) if ! cat "$log.out" "$log.err" | grep -q '^\[ *PASSED *\]'; then
        # It ended before it could count: what it had announced so far is all there is.
        passed=$(cat "$log.out" "$log.err" | grep -c '^\[ *OK *\]')
        failed=$(cat "$log.out" "$log.err" | grep -c '^\[ *FAILED *\]')
        [ "$failed" -gt 0 ] || failed=1
        why=" (did not finish)"
    fi ;;
    esac
    [ "$code" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    case $code in
    0) ;;
    124 | 137) why=" (stopped after ${TEST_TIMEOUT:-300} s)" ;;
    *) why="$why (exit status $code)" ;;
    esac
    [ "$skipped" -eq 0 ] || why=" ($skipped skipped)$why"
    verdict=ok
    [ "$failed" -eq 0 ] || verdict=FAIL
    printf '%s %s %s %s\n' "$passed" "$failed" "$log" "$program" >"$log.sum"
    printf '%-4s %s: %s passed, %s failed%s\n' "$verdict" "$program" "$passed" "$failed" "$why"
    exit 0
fi

RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/spiked-run-XXXXXX") || exit 1
trap 'rm -rf "$RESULTS"' EXIT
trap 'exit 130' INT TERM
mkdir "$RESULTS/tmp"
export RESULTS TMPDIR="$RESULTS/tmp"
export TEST_TIMEOUT="${TEST_TIMEOUT:-300}"

if [ $# -gt 0 ]; then
    printf '%s\n' "$@" | xargs -P "${TEST_JOBS:-$(nproc)}" -I{} "$0" --one {}
fi
cat "$RESULTS"/*.sum >"$RESULTS/all" 2>/dev/null
while read -r passed failed log program; do
    [ "$failed" -gt 0 ] || continue
    printf '\n---- %s ----\n' "$program"
    cat "$log.out" "$log.err"
done <"$RESULTS/all"

# A program of which there is no result is a failure too: the runner itself was disturbed.
awk -v want=$# '{ p += $1; f += $2 } END { f += want - NR; printf "%d passed, %d failed\n", p, f;
    exit f != 0 }' "$RESULTS/all"
