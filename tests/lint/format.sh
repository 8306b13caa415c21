#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file looks as .clang-format says; `make format` mends it.
set -eu
cd "$(dirname "$0")/../.."
bad=0
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

for f in $(find core server api tests -name '*.[ch]' | sort); do
    "${CLANG_FORMAT:-clang-format-14}" "$f" | diff -u --label "$f" --label formatted "$f" - \
        >"$scratch" || { bad=1; head -n 20 "$scratch"; }
done
exit $bad
