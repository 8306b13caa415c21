/* SPDX-License-Identifier: MIT */
/* What holds for every table of the catalog, so for every row added later. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/snn.h"
#include "tests/support/test.h"

static void registries__in_the_catalogs_order__are_all_there(void **state)
{
    const char *const want[] = {"neurons",      "solvers",   "surrogates", "resets",
                                "encoders",     "layers",    "readouts",   "losses",
                                "optimizers",   "schedules", "samplings",  "learnables",
                                "initialisers", "formats"};
    size_t n = 0;

    (void)state;
    for (; snn_registries[n]; n++) {
        assert_true(n < sizeof want / sizeof want[0]);
        assert_string_equal(snn_registries[n]->name, want[n]);
        assert_true(strlen(snn_registries[n]->noun) > 0);
        assert_true(snn_registries[n]->count > 0);
    }
    assert_int_equal(n, sizeof want / sizeof want[0]);
}

/* Names are JSON keys and words on a command line. */
static void check_name(const char *name)
{
    assert_true(islower((unsigned char)name[0]));
    for (const char *c = name; *c; c++)
        assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
}

static void check_kind(const struct snn_registry *r, size_t i)
{
    const struct snn_kind *kind = snn_registry_at(r, i);

    check_name(kind->name);
    assert_ptr_equal(snn_registry_find(r, kind->name), kind); /* no other row has this name */
    assert_true(kind->doc && strlen(kind->doc) > 0);
    assert_true(kind->n_params <= SNN_MAX_PARAMS);
    for (size_t p = 0; p < kind->n_params; p++) {
        const struct snn_param *param = &kind->params[p];
        struct snn_error err = {0};

        check_name(param->name);
        assert_string_not_equal(param->name, "kind"); /* the job's own keys beside them */
        assert_string_not_equal(param->name, "time_steps");
        assert_true(param->doc && strlen(param->doc) > 0);
        for (size_t q = 0; q < p; q++)
            assert_string_not_equal(param->name, kind->params[q].name);
        if (param->required)
            continue;
        if (snn_param_check(param, param->value, &err) != SNN_OK)
            print_error("%s %s: %s\n", r->noun, kind->name, err.message);
        assert_int_equal(err.code, SNN_OK);
    }
}

static void registries__every_row__is_named_documented_and_legal_by_default(void **state)
{
    (void)state;
    for (size_t n = 0; snn_registries[n]; n++)
        for (size_t i = 0; i < snn_registries[n]->count; i++)
            check_kind(snn_registries[n], i);
}

static void registries__unknown_name__message_has_every_name_whole(void **state)
{
    (void)state;
    for (size_t n = 0; snn_registries[n]; n++) {
        const struct snn_registry *r = snn_registries[n];
        const struct snn_kind *kind = NULL;
        struct snn_error err = {0};

        assert_int_equal(snn_registry_get(&kind, r, "no such thing", &err), SNN_NOT_FOUND);
        for (size_t i = 0; i < r->count; i++)
            assert_contains(err.message, snn_registry_at(r, i)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registries__in_the_catalogs_order__are_all_there),
        cmocka_unit_test(registries__every_row__is_named_documented_and_legal_by_default),
        cmocka_unit_test(registries__unknown_name__message_has_every_name_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
