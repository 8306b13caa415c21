# SPDX-License-Identifier: MIT
# Rows of results.jsonl as a table; -v head=1 with a heading.
function value(key,    at, rest) {
    at = index($0, "\"" key "\": ")
    rest = substr($0, at + length(key) + 4)
    return rest ~ /^"/ ? substr(rest, 2, index(substr(rest, 2), "\"") - 1) : rest + 0
}
BEGIN {
    if (head)
        print "sweep       workload  surrogate threads     T  hidden  ms/batch samples/s  MB  sgemm  its shape  dense GF/s  floor ms  share"
}
{
    printf "%-11s %-9s %-9s %7d %5d %7g %9.3f %9d %3d %6.0f %10.0f %11.0f %9.3f %5.0f%%\n",
        value("sweep"), value("workload"), value("surrogate"), value("threads"), value("time_steps"),
        value("hidden_rate"), value("ms_per_batch"), value("samples_per_second"), value("rss_mb"),
        value("sgemm_gflops"), value("same_shape_gflops"), value("gflops"), value("floor_ms"),
        100 * value("floor_share")
}
