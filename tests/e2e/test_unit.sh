#!/bin/sh
# SPDX-License-Identifier: MIT
# The systemd unit as `make install` leaves it: the right path, and no more exposure than we say (2.0
# of 10, by systemd-analyze, where there is one that can look at a file).
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/unit-XXXXXX")
trap 'rm -rf "$dir"' EXIT
die() { echo "FAILED: $*" >&2; exit 1; }

unit=$dir/usr/lib/systemd/system/spiked.service
make -s install-unit PREFIX=/usr DESTDIR="$dir" >/dev/null || die "make install-unit"
grep -qx 'ExecStart=/usr/bin/spiked' "$unit" || die "ExecStart is $(grep ExecStart "$unit")"
for line in Type=notify DynamicUser=yes NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes \
    PrivateDevices=yes MemoryDenyWriteExecute=yes CapabilityBoundingSet= RestrictNamespaces=yes \
    'SystemCallFilter=@system-service' 'Environment=SPIKED_DATA_DIR=%S/spiked'; do
    grep -qxF "$line" "$unit" || die "no line $line"
done
if command -v systemd-analyze >/dev/null 2>&1; then
    systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" >"$dir/out" 2>&1 ||
        die "$(cat "$dir/out")"
    grep 'Overall exposure' "$dir/out"
fi
