# SPDX-License-Identifier: MIT
# One sweep of results.jsonl as an SVG with logarithmic axes: a line for each workload, and dashed
# the least it could take. -v sweep=steps -v x=time_steps -v title=TEXT
function value(key,    at, rest) {
    at = index($0, "\"" key "\": ")
    rest = substr($0, at + length(key) + 4)
    return rest ~ /^"/ ? substr(rest, 2, index(substr(rest, 2), "\"") - 1) : rest + 0
}
function across(v) { return left + (log(v) - log(x0)) / (log(x1) - log(x0)) * wide }
function down(v) { return top + (log(y1) - log(v)) / (log(y1) - log(y0)) * high }
function line(name, of, style,    i, text) {
    for (i = 1; i <= n; i++)
        if (workload[i] == name)
            text = text sprintf("%.1f,%.1f ", across(at[i]), down(of[i]))
    printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" %s/>\n", text, color[name], style
}
value("sweep") == sweep {
    n++
    workload[n] = value("workload")
    at[n] = value(x)
    ms[n] = value("ms_per_batch")
    least[n] = value("floor_ms") / (x == "threads" ? value("threads") : 1)
    if (!(workload[n] in color)) {
        names[++m] = workload[n]
        color[workload[n]] = m == 1 ? "#1b6ca8" : m == 2 ? "#c0392b" : "#2e8b57"
    }
}
END {
    left = 70; top = 50; wide = 520; high = 300
    if (!n) { print "no rows of the sweep " sweep >"/dev/stderr"; exit 1 }
    x0 = x1 = at[1]; y0 = least[1]; y1 = ms[1]
    for (i = 1; i <= n; i++) {
        if (at[i] < x0) x0 = at[i]
        if (at[i] > x1) x1 = at[i]
        if (least[i] < y0) y0 = least[i]
        if (ms[i] < y0) y0 = ms[i]
        if (ms[i] > y1) y1 = ms[i]
        if (least[i] > y1) y1 = least[i]
    }
    if (x1 == x0) x1 = 2 * x0
    y0 /= 1.5; y1 *= 1.5
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"420\" font-family=\"sans-serif\" font-size=\"12\">\n"
    printf "<rect width=\"640\" height=\"420\" fill=\"white\"/>\n<text x=\"%d\" y=\"24\" font-size=\"15\">%s</text>\n", left, title
    printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#999\"/>\n", left, top, wide, high
    for (i = 1; i <= n; i++)
        if (!(at[i] in told)) {
            told[at[i]] = 1
            printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", across(at[i]), top + high + 18, at[i]
        }
    for (e = -3; e <= 6; e++)
        for (k = 1; k <= 5; k += k == 1 ? 1 : 3) {
            v = k * 10 ^ e
            if (v < y0 || v > y1) continue
            printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", left, left + wide, down(v), down(v)
            printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", left - 6, down(v) + 4, v
        }
    for (i = 1; i <= m; i++) {
        line(names[i], ms, "")
        line(names[i], least, "stroke-dasharray=\"5 4\" ")
        printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s (dashed: the least)</text>\n", left + 10, top + 18 * i, color[names[i]], names[i]
    }
    print "</svg>"
}
