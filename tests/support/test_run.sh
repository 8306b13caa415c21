#!/bin/sh
# SPDX-License-Identifier: MIT
# The runners count what they must: a test that is not counted could fail unseen.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# program NAME: an executable of that name with the shell text on standard input
program() { { echo '#!/bin/sh'; cat; } >"$1" && chmod +x "$1"; }
program passes <<'END'
echo '[==========] Running 2 test(s).'
echo '[  PASSED  ] 2 test(s).' >&2
END
program fails <<'END'
echo '[  PASSED  ] 1 test(s).' >&2
echo '[  FAILED  ] 2 test(s), listed below:' >&2
exit 2
END
program crashes <<'END'
echo '[       OK ] first'
echo 'what it said'
kill -SEGV $$
END
program leaks <<'END'
echo '[  PASSED  ] 3 test(s).' >&2
exit 1
END
program counts_nothing </dev/null
program hangs <<'END'
sleep 60
END
program good.sh </dev/null
program bad.sh <<'END'
exit 9
END

# expect WANTED-LAST-LINE WANTED-STATUS COMMAND...
expect() {
    want=$1 status=$2
    shift 2
    code=0
    "$@" >out 2>&1 || code=$?
    [ "$(tail -n 1 out)" = "$want" ] && [ "$code" -eq "$status" ] && return
    echo "$*: ended with $code and '$(tail -n 1 out)', want $status and '$want'"
    cat out
    exit 1
}
run=$here/run.sh
expect '2 passed, 0 failed' 0 "$run" ./passes
expect '1 passed, 2 failed' 1 "$run" ./fails
expect '1 passed, 1 failed' 1 "$run" ./crashes
grep -q 'what it said' out
expect '3 passed, 1 failed' 1 "$run" ./leaks
expect '0 passed, 1 failed' 1 "$run" ./counts_nothing
expect '0 passed, 1 failed' 1 "$run" ./not_there
expect '1 passed, 1 failed' 1 "$run" ./good.sh ./bad.sh
expect '0 passed, 1 failed' 1 env TEST_TIMEOUT=1 "$run" ./hangs
expect '7 passed, 6 failed' 1 "$run" ./passes ./fails ./crashes ./leaks ./counts_nothing ./bad.sh
expect '0 passed, 0 failed' 0 "$run"

# A stand-in for make: what a target prints is its name's row here.
program make <<'END'
for target; do :; done
case $target in
good) echo '4 passed, 0 failed' ;;
twice) echo '9 passed, 9 failed'; echo '1 passed, 2 failed'; exit 1 ;;
broken) exit 2 ;;
silent) ;;
esac
END
export MAKE=./make
expect '4 passed, 0 failed' 0 "$here/check.sh" good silent
expect '5 passed, 3 failed' 1 "$here/check.sh" broken good twice
