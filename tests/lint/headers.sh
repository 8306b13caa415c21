#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles on its own and has a guard; every source file names its licence on top.
set -eu
cd "$(dirname "$0")/../.."
bad=0
hdf5=$(pkg-config --cflags-only-I hdf5-serial | sed 's/-I/-isystem /g')

for h in $(find core server api tests -name '*.h' | sort); do
    grep -qE '^#pragma once|^#ifndef [A-Z0-9_]+_H_?$' "$h" ||
        { echo "$h: no include guard"; bad=1; }
    ${CC:-gcc} -std=c17 -D_GNU_SOURCE -I. $hdf5 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c \
        -include "$h" /dev/null || { echo "$h: does not compile on its own"; bad=1; }
done
for f in $(find core server api migrations tests docker -type f \( -name '*.[chS]' \
    -o -name '*.sh' -o -name '*.sql' -o -name '*.js' -o -name '*.css' -o -name '*.mk' \) | sort); do
    head -n 3 "$f" | grep -q 'SPDX-License-Identifier: MIT' ||
        { echo "$f: no SPDX line on top"; bad=1; }
done
exit $bad
