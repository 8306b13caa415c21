#!/bin/sh
# SPDX-License-Identifier: MIT
# Each lint check says no to the fault it is there for, and yes to the same tree without it.
set -eu
lint=$(cd "$(dirname "$0")/../lint" && pwd)
dir=$(mktemp -d)
out=$(mktemp)
trap 'rm -rf "$dir" "$out"' EXIT
cd "$dir"
mkdir -p api/web/js core/math core/train server/ctl api migrations tests/lint tests/support docker
cp "$lint"/*.sh tests/lint/
cp "$lint/../../.clang-format" .
touch Makefile core/spikede.md
spdx='/* SPDX-License-Identifier: MIT */'
printf '%s\n' "$spdx" '#pragma once' '#include <stddef.h>' 'size_t snn_one(void);' >core/snn.h
printf '%s\n' "$spdx" '#include "core/snn.h"' '' '/* exit( strcpy( */' 'size_t snn_one(void)' \
    '{' '    return sizeof "exit(1)";' '}' >core/one.c
cp core/one.c good.c
printf '%s\n' '// SPDX-License-Identifier: MIT' 'export const one = 1;' >api/web/js/one.js

# refuses CHECK FILE WANTED-TEXT: the file's content is standard input
refuses() {
    cat >"$2"
    if "tests/lint/$1.sh" >"$out" 2>&1; then
        echo "$1 accepts $2, want '$3':"
        cat "$2"
        exit 1
    fi
    grep -qF "$3" "$out" || { echo "$1 on $2, want '$3', got:"; cat "$out"; exit 1; }
    rm -f "$2"
    cp good.c core/one.c
}
# line CHECK FILE WANTED-TEXT LINE...: a file of the licence line and those lines
line() {
    check=$1 file=$2 want=$3
    shift 3
    printf '%s\n' "$spdx" "$@" | refuses "$check" "$file" "$want"
}

for check in banned format headers layers limits spikede todo web; do
    "tests/lint/$check.sh" || { echo "$check refuses a good tree"; exit 1; }
done

echo '| own | `rule__that_nobody__proves` |' | refuses spikede core/spikede.md 'rule__that_nobody__proves'
line layers core/two.c 'may not include "server/job.h"' '#include "server/job.h"'
line layers core/two.c 'may not include <jansson.h>' '#include <jansson.h>'
line layers core/two.c 'may not include <pthread.h>' '#include <pthread.h>'
line layers core/two.c 'may not include <cblas.h>' '#include <cblas.h>'
line layers core/train/two.c 'may not include <pthread.h>' '#include <pthread.h>'
line layers server/two.c 'may not include "api/api.h"' '#include "api/api.h"'
line layers server/two.c 'may not include "core/one.h"' '#include "core/one.h"'
line layers server/two.c 'may not include <microhttpd.h>' '#include <microhttpd.h>'
line layers server/two.c 'may not include <sqlite3.h>' '#include <sqlite3.h>'
line layers server/ctl/two.c 'may not include "core/snn.h"' '#include "core/snn.h"'
line layers api/two.c 'no "api/none.h" from the repository root' '#include "api/none.h"'
line layers api/two.c 'may not include <zlib.h>' '#include <zlib.h>'
line layers tests/two.c 'may not include <cmocka.h>' '#include <cmocka.h>'
printf '%s\n' "$spdx" '#include <sqlite3.h>' >server/db.h
line layers server/two.c 'gets a library through "server/db.h"' '#include "server/db.h"'
rm server/db.h

line banned api/two.c 'strcpy' '    strcpy(a, b);'
line banned tests/two.c 'sprintf' '    sprintf(a, "%d", b);'
line banned core/two.c 'rand' '    return rand();'
line banned server/two.c 'system' '    system("ls");'
line banned core/two.c 'typedef' 'typedef int number;'
line banned core/two.c 'abort' '    abort();'
line banned core/two.c 'getenv' '    getenv("HOME");'
line banned server/two.c 'exit' '    exit(1);'
line banned api/two.c 'stdout' '    fputs("x", stdout);'

line headers core/two.h 'no include guard' 'int snn_two(void);'
line headers core/two.h 'does not compile on its own' '#pragma once' 'size_t snn_two(void);'
echo 'int x;' | refuses headers core/two.c 'no SPDX line'
line format core/two.c 'core/two.c' 'int  x;'
line todo core/two.c 'core/two.c' '/* TO''DO: later */'

web() { printf '%s\n' '// SPDX-License-Identifier: MIT' "$3" | refuses web "api/web/js/$1" "$2"; }
web two.js 'no address' 'fetch("http://example.org/")'
web two.js 'text is never markup' 'node.innerHTML = text;'
web two.js 'attributes never code' 'eval(text);'
web two.js 'no word to the console' 'console.log(1);'
web two.js 'there is no ./none.js' 'import { a } from "./none.js";'
echo '<body><p onclick="f()">' | refuses web api/web/two.html 'no script within markup'
echo '<p style="color: red">' | refuses web api/web/two.html 'no style within markup'
echo '<script src="//example.org/x.js"></script>' | refuses web api/web/two.html 'no address'

yes '' | head -n 400 | refuses limits core/two.c 'core/two.c: 400 lines'
{ printf '%s\n' 'void g(void)' '{'; yes '    ;' | head -n 58; echo '}'; } |
    refuses limits core/two.c 'g has 61 lines'
