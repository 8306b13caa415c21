#!/bin/sh
# SPDX-License-Identifier: MIT
# core <- server <- api <- server/main.c: what each folder may include, and which files may see
# which library. A header that includes a library counts as that library for those who include it.
set -eu
cd "$(dirname "$0")/../.."

find core server api tests -name '*.[ch]' -exec \
    grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null {} + |
sort | awk '
BEGIN {
    # The first row that matches the including file says what may stand between quotes.
    nf = split("^core/|^core/|^server/main[.]c$|^(server/[^/]+$~api/~core/snn[.]h$)|" \
        "^server/ctl/|^server/ctl/|^server/|^(server/[^/]+$~core/snn[.]h$)|" \
        "^api/|^(api/~server/[^/]+$~core/snn[.]h$)|^tests/|^(core~server~api~tests)/", folder, "|")
    # A system header, and the files that may include it.
    nl = split("^jansson|^(api~server/ctl~tests)/|^microhttpd|^server/http(_head~_refuse~_reply~_internal)?[.][ch]$|" \
        "^sqlite3|^(server/(store_[a-z0-9_]+~db~migrate)[.][ch]$~tests/)|" \
        "^curl/|^(server/ctl/~server/webhook~tests/)|^zlib[.]h$|^(core/~tests/~api/gzip[.]c$)|^nettle/|^(core~tests)/|" \
        "^hdf5|^(core/nir~tests)/|" \
        "^cblas|^(core/math~tests/bench)/|" \
        "^(pthread~threads)[.]h|^(server/~api/~tests/~core/nir/hdf5~core/train/team[.]c$)|" \
        "^cmocka|^tests/support/test[.]h$", library, "|")
    for (i = 1; i <= nf; i++) gsub("~", "|", folder[i])
    for (i = 1; i <= nl; i++) gsub("~", "|", library[i])
}
function complain(text) { print place ": " text; bad = 1 }
{
    split($0, part, ":"); file = part[1]; place = file ":" part[2]
    line = substr($0, length(place) + 2)
}
match(line, /"[^"]*"/) {
    name = substr(line, RSTART + 1, RLENGTH - 2)
    for (i = 1; i < nf && file !~ folder[i]; i += 2) ;
    if (name !~ folder[i + 1]) complain("may not include \"" name "\"")
    if ((getline unused < name) < 0) complain("no \"" name "\" from the repository root")
    close(name)
    users[name] = users[name] " " place
    next
}
match(line, /<[^>]*>/) {
    name = substr(line, RSTART + 1, RLENGTH - 2)
    for (i = 1; i < nl; i += 2) {
        if (name !~ library[i]) continue
        if (file !~ library[i + 1]) complain("may not include <" name ">")
        if (file ~ /[.]h$/ && name !~ /^cmocka/) carries[file] = carries[file] " " i
    }
}
END {
    if (!NR) { print "found no include at all"; exit 1 }
    for (header in carries) {
        n = split(carries[header], rows, " "); m = split(users[header], who, " ")
        for (i = 1; i <= n; i++)
            for (j = 1; j <= m; j++) {
                file = who[j]; sub(/:.*/, "", file); place = who[j]
                if (file !~ library[rows[i] + 1]) complain("gets a library through \"" header "\"")
            }
    }
    exit bad
}'
