# SPDX-License-Identifier: MIT
# Sourced by the scripts beside it: a scratch folder, and daemons that do not outlive the script.
#
#   root spiked spikectl dir    the repository, the programs (SPIKED_BIN, SPIKECTL_BIN), the folder
#   daemon                      the process of the daemon that was started, "" = none
#   url SPIKED_SERVER           its address
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck disable=SC2034 # not every script needs both
spiked=${SPIKED_BIN:-$root/build/release/spiked} spikectl=${SPIKECTL_BIN:-$root/build/release/spikectl}
dir=$(mktemp -d "${TMPDIR:-/tmp}/$(basename "$0" .sh)-XXXXXX")
daemon=
: >"$dir/log"

finish() {
    code=$?
    trap - EXIT
    [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || :
    [ "$code" -eq 0 ] || { echo "--- the daemon's log"; tail -n 20 "$dir/log"; } >&2
    rm -rf "$dir"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

die() { echo "FAILED: $*" >&2; exit 1; }

# start ARGUMENT...: on a free port (or $listen), its log at the end of $dir/log.
start() {
    : >"$dir/first"
    env -u SPIKED_SERVER "$spiked" --listen "${listen:-127.0.0.1:0}" "$@" >"$dir/first" 2>>"$dir/log" &
    daemon=$!
    tries=0
    until url=$(sed -n 's/^spiked listening on //p' "$dir/first") && [ -n "$url" ]; do
        kill -0 "$daemon" 2>/dev/null || die "the daemon ended before it answered"
        tries=$((tries + 1))
        [ "$tries" -le 600 ] || die "no address after 60 s"
        sleep 0.1
    done
    export SPIKED_SERVER="$url"
}

stop() {
    kill -TERM "$daemon"
    wait "$daemon" || die "the daemon did not end well"
    daemon=
}
