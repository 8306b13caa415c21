#!/bin/sh
# SPDX-License-Identifier: MIT
# A daemon that was started without standard streams serves all the same: none of its own files
# takes their place, so nothing that is printed or logged goes into one.
#
#   SPIKED_BIN=... tests/e2e/test_streams.sh
set -eu
. "$(dirname "$0")/daemon.sh"

"$spiked" --listen 127.0.0.1:0 --data-dir "$dir/data" --log-level debug <&- >&- 2>&- &
daemon=$!
# The log of the database is there as soon as the daemon is about to answer.
tries=0
until [ -s "$dir/data/spiked.db-wal" ]; do
    kill -0 "$daemon" 2>/dev/null || die "the daemon ended"
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "no database after 60 s"
    sleep 0.1
done
for fd in 0 1 2; do
    target=$(readlink "/proc/$daemon/fd/$fd") || die "no descriptor $fd"
    [ "$target" = /dev/null ] || die "descriptor $fd is $target, want /dev/null"
done
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
[ "$code" -eq 0 ] || die "exit status $code, want 0"
[ "$(cat "$dir/data/lock")" = "$daemon" ] || die "the lock file has $(cat "$dir/data/lock")"
daemon=
