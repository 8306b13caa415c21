#!/bin/sh
# SPDX-License-Identifier: MIT
# The dashboard keeps to what its Content-Security-Policy allows, and to this host: no script or style
# within markup, no markup made of strings, no other address. Modules are imported where they are.
set -eu
cd "$(dirname "$0")/../.."
bad=0
[ -d api/web ] || exit 0

# refuse REASON PATTERN FILES...: lines that have the pattern, but for the namespace of SVG
refuse() {
    reason=$1 pattern=$2
    shift 2
    if grep -nE "$pattern" "$@" /dev/null | grep -v '"http://www.w3.org/2000/svg"'; then
        echo "^^ $reason"
        bad=1
    fi
}

pages=$(find api/web -name '*.html')
styles=$(find api/web -name '*.css')
scripts=$(find api/web -name '*.js')
# shellcheck disable=SC2086 # no name here has a blank
{
    refuse 'no address: what a page needs is on the host it came from' '(https?:|wss?:|[("'\'' ])//[a-z]' \
        $(printf '%s\n' $pages $styles | tr '\n' ' ')
    refuse 'no address: what a page needs is on the host it came from' '(https?|wss?)://' $scripts
    refuse 'no script within markup' '<script>|[ "]on[a-z]+=|javascript:' $pages
    refuse 'no style within markup' '<style|[ "]style=' $pages
    refuse 'elements are made by dom.js: text is never markup, attributes never code' \
        'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|"style":|\bstyle:' $scripts
    refuse 'styles come from the host too' '@import|expression\(' $styles
    refuse 'no word to the console, no debugger' '\bconsole\.|\bdebugger\b' $scripts
    refuse 'const or let' '\bvar ' $scripts
}

# Every module that is imported is there, by its path from the one that imports it.
for f in $scripts; do
    for m in $(grep -oE '(from|import\() *"\./[^"]*"|(from|import\() *"\.\./[^"]*"' "$f" | sed 's/.*"\(.*\)"/\1/'); do
        [ -f "$(dirname "$f")/$m" ] || { echo "$f: there is no $m"; bad=1; }
    done
done
exit $bad
