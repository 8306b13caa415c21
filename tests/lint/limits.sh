#!/bin/sh
# SPDX-License-Identifier: MIT
# Files under 400 lines, functions of at most 60. There is no list of exceptions.
set -eu
cd "$(dirname "$0")/../.."
bad=0

files=$(find core server api tests docker Makefile -type f \
    \( -name '*.[chS]' -o -name '*.sh' -o -name '*.js' -o -name '*.css' -o -name Makefile -o -name '*.mk' \) | sort)
for f in $files; do
    n=$(wc -l <"$f")
    [ "$n" -lt 400 ] || { echo "$f: $n lines, want fewer than 400"; bad=1; }
done

# %N name, %F file, %n first line, %e last line
printf '%s\n' "$files" | grep '\.[ch]$' |
    ctags -L - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne --_xformat='%F %n %e %N' -x |
    awk '
    $3 - $2 >= 60 { print $1 ":" $2 ": " $4 " has " $3 - $2 + 1 " lines, want at most 60"; bad = 1 }
    END { if (!NR) { print "ctags found no function"; bad = 1 } exit bad }' || bad=1
exit $bad
