#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls and words that have no place here. Comments and the text of strings are not looked at.
set -eu
cd "$(dirname "$0")/../.."
bad=0

# code FILE...: "file:line:code"; a function's format attribute is not a call of printf
code() {
    for f; do
        sed -E 's/"([^"\\]|\\.)*"/""/g; s/format\(printf/format(/g' "$f" | awk -v f="$f" '
        {
            out = ""
            while (length($0)) {
                if (inside) {
                    if (!(i = index($0, "*/"))) break
                    $0 = substr($0, i + 2); inside = 0
                }
                i = index($0, "/*"); j = index($0, "//")
                if (j && (!i || j < i)) { out = out substr($0, 1, j - 1); break }
                if (!i) { out = out $0; break }
                out = out substr($0, 1, i - 1) " "; $0 = substr($0, i + 2); inside = 1
            }
            if (out ~ /[^ \t]/) print f ":" NR ":" out
        }'
    done
}

# refuse REASON FILES PATTERN [EXCEPT]: what the pattern finds in the code of those files
refuse() {
    if grep -E "$2" "$scratch" | grep -E "$3" | grep -vE "${4:-^$}"; then
        echo "^^ $1"
        bad=1
    fi
}

all=$(find core server api tests -name '*.[ch]' | sort)
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
# shellcheck disable=SC2086 # no name here has a blank
code $all >"$scratch"

[ -s "$scratch" ] || { echo 'found no code at all'; exit 1; }

refuse 'unbounded or unchecked: use snprintf, strtol and the like' . \
    '\b(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|alloca) *\('
refuse 'random numbers come from the counter-based generator' . \
    '\b(rand|srand|random|srandom|drand48|rand_r) *\('
refuse 'no shell' '^(core|server|api)/' '\b(system|popen) *\('
refuse 'struct foo, not a typedef (real is the one exception)' . \
    '\btypedef\b' ':typedef (float|double) real;$'
refuse 'the core neither prints, exits, aborts nor reads the environment' '^core/' \
    '\b(exit|_exit|_Exit|abort|printf|vprintf|puts|putchar|perror|getenv|stdout|stderr)\b'
refuse 'a library neither prints, exits nor aborts' '^(server/[^/]*|api/.*)[.][ch]:' \
    '\b(exit|_exit|_Exit|abort|printf|puts|putchar|perror|stdout)\b' '^server/main[.]c:'
exit $bad
