#!/bin/sh
# SPDX-License-Identifier: MIT
# Each test that core/spikede.md names for a rule is run: a test program has it in its list.
set -eu
cd "$(dirname "$0")/../.."

code=0
for name in $(grep -o '`[a-z0-9_]*__[a-z0-9_]*__[a-z0-9_]*`' core/spikede.md | tr -d '`' | sort -u); do
    grep -rqE "(unit_test[a-z_]*|TEST|EACH)\($name\b" tests --include='test_*.c' || {
        echo "core/spikede.md names $name, which no test program runs"
        code=1
    }
done
exit $code
