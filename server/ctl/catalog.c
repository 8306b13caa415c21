/* SPDX-License-Identifier: MIT */
/* catalog, curve and ready. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define READY_SECONDS 4 /* a health check is not to hang */

/* A default or a bound: as JSON writes it, but in six digits. */
static void add_value(struct ctl_text *t, const json_t *v)
{
    char *text = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) : NULL;

    ctl_text_safe(t, text ? text : "");
    free(text);
}

/* "      tau (default 2.0, > 0): ..." */
static void add_param(struct ctl_text *t, const json_t *p)
{
    const json_t *value = json_object_get(p, "default"), *min = json_object_get(p, "min"),
                 *max = json_object_get(p, "max");

    const char *field = ctl_string(p, "field");

    ctl_text_add(t, "      ");
    ctl_text_safe(t, field[0] ? field : ctl_string(p, "name"));
    ctl_text_add(t, " (%s", json_is_true(ctl_at(p, "required")) ? "required, " : "");
    if (value && !json_is_null(value)) {
        ctl_text_add(t, "default ");
        add_value(t, value);
        ctl_text_add(t, ", ");
    }
    ctl_text_safe(t, ctl_string(p, "type"));
    if (json_is_number(min)) {
        ctl_text_add(t, json_is_true(ctl_at(p, "min_exclusive")) ? " > " : " >= ");
        add_value(t, min);
    }
    if (json_is_number(max)) {
        ctl_text_add(t, json_is_true(ctl_at(p, "max_exclusive")) ? " < " : " <= ");
        add_value(t, max);
    }
    if (json_is_integer(ctl_at(p, "max_items")))
        ctl_text_add(t, " of %lld to %lld", (long long)ctl_integer(p, "min_items"),
                     (long long)ctl_integer(p, "max_items"));
    ctl_text_add(t, "): ");
    ctl_text_safe(t, ctl_string(p, "doc"));
    ctl_text_add(t, "\n");
}

static void add_section(struct ctl *c, struct ctl_text *t, const char *name, const json_t *kinds)
{
    const json_t *kind, *param;
    size_t i, k;

    ctl_text_add(t, "%s", ctl_color(c, CTL_BOLD));
    ctl_text_safe(t, name);
    ctl_text_add(t, "%s\n", ctl_color(c, CTL_PLAIN));
    json_array_foreach(kinds, i, kind)
    {
        if (json_object_get(kind, "type")) { /* a list of parameters, not of kinds */
            add_param(t, kind);
            continue;
        }
        ctl_text_add(t, "  ");
        ctl_text_safe(t, ctl_string(kind, "name"));
        ctl_text_add(t, ": ");
        ctl_text_safe(t, ctl_string(kind, "doc"));
        ctl_text_add(t, "\n");
        json_array_foreach(ctl_at(kind, "params"), k, param) add_param(t, param);
    }
}

static enum ctl_exit show_catalog(struct ctl *c, json_t *catalog)
{
    const char *wanted = ctl_operand(c, 0), *name;
    struct ctl_text t = {0}, names = {0};
    json_t *section;

    json_object_foreach(catalog, name, section)
    {
        if (!json_is_array(section))
            continue;
        ctl_text_add(&names, " ");
        ctl_text_safe(&names, name);
        if (!wanted || strcmp(wanted, name) == 0)
            add_section(c, &t, name, section);
    }
    if (wanted && t.n == 0) {
        ctl_fail(c, CTL_USAGE, "the catalog has no section %.60s, want one of:%s", wanted,
                 ctl_text_of(&names));
        ctl_text_free(&names);
        return CTL_USAGE;
    }
    ctl_text_free(&names);
    return ctl_print(c, &t);
}

enum ctl_exit ctl_catalog(struct ctl *c)
{
    struct ctl_text path = {0};
    json_t *catalog;
    enum ctl_exit rc;

    ctl_text_add(&path, "/v1/catalog");
    rc = ctl_fetch(c, "GET", &path, &catalog);
    if (rc == CTL_OK && !c->json)
        rc = show_catalog(c, catalog);
    json_decref(catalog);
    return rc;
}

/* ----------------------------------------------------------------------------------- curve -- */

/* x or y of a curve; null is NaN. NULL: no memory. */
static double *numbers(const json_t *list, size_t n)
{
    double *v = calloc(n, sizeof *v);

    for (size_t i = 0; v && i < n; i++) {
        const json_t *x = json_array_get(list, i);

        v[i] = json_is_number(x) ? json_number_value(x) : (double)NAN;
    }
    return v;
}

static void add_curve(struct ctl *c, struct ctl_text *t, const json_t *answer, const char *name,
                      const char *title, size_t height)
{
    const json_t *xs = ctl_at(answer, "x"), *ys = ctl_at(answer, name);
    size_t n = json_array_size(xs);
    double *x = n && json_array_size(ys) == n ? numbers(xs, n) : NULL;
    double *y = x ? numbers(ys, n) : NULL;

    ctl_text_add(t, "%s%s%s\n", ctl_color(c, CTL_BOLD), title, ctl_color(c, CTL_PLAIN));
    if (y)
        ctl_draw_curve(t, x, y, n, c->width < 100 ? c->width : 100, height);
    free(x);
    free(y);
}

static enum ctl_exit show_curve(struct ctl *c, const json_t *answer)
{
    struct ctl_text t = {0};

    ctl_text_safe(&t, ctl_string(answer, "name"));
    if (isfinite(ctl_real(answer, "scale")))
        ctl_text_add(&t, ", scale %s", ctl_number(ctl_real(answer, "scale")).s);
    ctl_text_add(&t, "; x = membrane - threshold\n");
    add_curve(c, &t, answer, "derivative", "derivative", 11);
    /* `noisy` is another function while it trains. */
    add_curve(c, &t, answer, "spike",
              strcmp(ctl_string(answer, "name"), "noisy") == 0
                  ? "spike, in evaluation (in training it is smooth and random)"
                  : "spike",
              7);
    return ctl_print(c, &t);
}

enum ctl_exit ctl_curve(struct ctl *c)
{
    struct ctl_text path = {0};
    json_t *answer;
    enum ctl_exit rc;

    ctl_text_add(&path, "/v1/surrogates");
    if (!ctl_path_add(&path, ctl_operand(c, 0))) {
        ctl_text_free(&path);
        return ctl_fail(c, CTL_USAGE, "\"%s\" cannot be the name of a surrogate",
                        ctl_operand(c, 0));
    }
    ctl_query_add(&path, "scale", ctl_value(c, "scale"));
    ctl_query_add(&path, "from", ctl_value(c, "from"));
    ctl_query_add(&path, "to", ctl_value(c, "to"));
    rc = ctl_fetch(c, "GET", &path, &answer);
    if (rc == CTL_OK && !c->json)
        rc = show_curve(c, answer);
    json_decref(answer);
    return rc;
}

/* ----------------------------------------------------------------------------------- ready -- */

enum ctl_exit ctl_ready(struct ctl *c)
{
    struct ctl_text path = {0};
    json_t *answer;
    enum ctl_exit rc;

    if (c->timeout <= 0)
        c->timeout = READY_SECONDS;
    ctl_text_add(&path, "/readyz");
    rc = ctl_fetch(c, "GET", &path, &answer);
    if (rc == CTL_OK && !c->json)
        fprintf(c->out, "ready\n");
    json_decref(answer);
    return rc;
}
