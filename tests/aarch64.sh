#!/bin/sh
# SPDX-License-Identifier: MIT
# The project built for aarch64 by a cross compiler, and the core's tests under qemu-user.
#
#   MAKE=make tests/aarch64.sh [TEST...]      (tests/core/data/test_idx ...: these, and not the core's)
#
# Wants Debian's gcc-aarch64-linux-gnu, qemu-user, and for arm64 what a build wants; it says what is
# missing and installs nothing. HDF5 is the run-time library alone: its -dev packages for two
# architectures exclude each other, and the headers are the same.
set -eu
cd "$(dirname "$0")/.."
packages='libc6-dev libmicrohttpd-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev
libopenblas-pthread-dev libhdf5-103-1 zlib1g-dev nettle-dev libcmocka-dev'
missing=
for p in gcc-aarch64-linux-gnu qemu-user libhdf5-dev $(printf '%s:arm64 ' $packages); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
        missing="$missing $p"
done
if [ -n "$missing" ]; then
    echo "Wanted, and not there:$missing" >&2
    echo "dpkg --add-architecture arm64 && apt-get update && apt-get install --no-remove$missing" >&2
    exit 1
fi

# Where the tests' programs and what they load are found.
tests=$*
[ -n "$tests" ] || tests=$(find tests/core -name 'test_*.c' | sed 's/\.c$//' | sort)
b=build/aarch64
# The tests run by themselves: the kernel may have no interpreter registered for them.
run=$b/run
mkdir -p "$run"
# gcc 12 for aarch64 breaks ("internal compiler error") on a largest difference as a vector loop.
"${MAKE:-make}" ISA= VARIANT=release CC="${CC_AARCH64:-aarch64-linux-gnu-gcc}" B="$b" \
    TEST_CFLAGS=-fno-tree-vectorize HDF5_LIBS=-l:libhdf5_serial.so.103 "$b/spiked" "$b/spikectl" $(printf "$b/%s " $tests)
programs=
for t in $tests; do
    mkdir -p "$run/$(dirname "$t")"
    printf '#!/bin/sh\nexec qemu-aarch64 "%s"\n' "$PWD/$b/$t" >"$run/$t"
    chmod +x "$run/$t"
    programs="$programs $run/$t"
done
# OpenBLAS asks the emulated processor for its model; emulated time is no measure of a hang.
export OPENBLAS_CORETYPE=ARMV8 TEST_TIMEOUT="${TEST_TIMEOUT:-3600}"
"$b/spiked" --version 2>/dev/null || qemu-aarch64 "$b/spiked" --version
# shellcheck disable=SC2086
exec tests/run.sh $programs
