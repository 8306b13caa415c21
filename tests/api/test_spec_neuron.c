/* SPDX-License-Identifier: MIT */
/* A neuron's solver, orders, memory and learned constants: what is taken, what is refused, and that
 * what is written can be read again. */
#include <stdio.h>
#include <string.h>

#include "tests/api/forms.h"
#include "tests/support/test.h"

#define NEURON(neuron) JOB(",\"neuron\":" neuron)
#define WITH(neuron, layer)                                                                        \
    "{\"dataset\":{\"name\":\"digits\"},\"neuron\":" neuron                                        \
    ",\"layers\":[{\"kind\":\"dense\",\"units\":10,\"neuron\":" layer "}]}"

/* ------------------------------------------------------------------------------------ taken -- */

static void neuron__least__is_euler_of_order_one(void **state)
{
    struct snn_spec s = form_compile(JOB(""));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_string_equal(n->solver.kind->name, "euler");
    assert_int_equal(n->n_terms, 1);
    assert_near(n->alpha[0], 1, 0);
    assert_true(n->memory == SNN_ALL_STATES);
    for (size_t i = 0; i < SNN_LEARNABLE_COUNT; i++)
        assert_int_equal(n->learn[i], SNN_FIXED);
}

static void neuron__every_field__is_taken(void **state)
{
    struct snn_spec s =
        form_compile(NEURON("{\"solver\":\"gl\",\"alpha\":[0.5,0.75,1],\"coefficients\":[2,-0.5,3],"
                            "\"memory\":15,\"learn\":{\"tau\":\"neuron\",\"threshold\":\"layer\","
                            "\"alpha\":false,\"coefficients\":\"layer\"}}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_string_equal(n->solver.kind->name, "gl");
    assert_int_equal(n->n_terms, 3);
    assert_near(n->alpha[0], 0.5, 0);
    assert_near(n->alpha[1], 0.75, 0);
    assert_near(n->alpha[2], 1, 0);
    assert_near(n->coefficients[0], 2, 0);
    assert_near(n->coefficients[1], -0.5, 0);
    assert_near(n->coefficients[2], 3, 0);
    assert_int_equal(n->memory, 15);
    assert_int_equal(n->learn[SNN_LEARN_tau], SNN_PER_NEURON);
    assert_int_equal(n->learn[SNN_LEARN_threshold], SNN_PER_LAYER);
    assert_int_equal(n->learn[SNN_LEARN_alpha], SNN_FIXED);
    assert_int_equal(n->learn[SNN_LEARN_coefficients], SNN_PER_LAYER);
}

static void neuron__each_solver__takes_an_order(void **state)
{
    static const char *const names[] = {"gl", "l1", "trap", "pred"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[200];
        struct snn_spec s;

        snprintf(text, sizeof text, NEURON("{\"solver\":\"%s\",\"alpha\":0.25}"), names[i]);
        s = form_compile(text);
        assert_string_equal(s.layers[0].neuron.solver.kind->name, names[i]);
        assert_near(s.layers[0].neuron.alpha[0], 0.25, 0);
        assert_int_equal(s.layers[0].neuron.n_terms, 1);
    }
}

static void alpha__list_alone__has_coefficients_of_one(void **state)
{
    struct snn_spec s = form_compile(NEURON("{\"solver\":\"gl\",\"alpha\":[0.5,0.75]}"));

    (void)state;
    assert_int_equal(s.layers[0].neuron.n_terms, 2);
    assert_near(s.layers[0].neuron.coefficients[0], 1, 0);
    assert_near(s.layers[0].neuron.coefficients[1], 1, 0);
}

static void alpha__one_for_euler__is_no_error(void **state)
{
    struct snn_spec s = form_compile(NEURON("{\"solver\":\"euler\",\"alpha\":1,\"memory\":null}"));

    (void)state;
    assert_near(s.layers[0].neuron.alpha[0], 1, 0);
}

/* -------------------------------------------------------------------------------- overrides -- */

#define TERMS                                                                                      \
    "{\"solver\":\"gl\",\"alpha\":[0.5,0.75],\"coefficients\":[2,3],\"memory\":15,"                \
    "\"learn\":{\"tau\":\"layer\",\"alpha\":\"layer\"}}"

static void layer__alpha__replaces_the_list_and_its_coefficients(void **state)
{
    struct snn_spec s = form_compile(WITH(TERMS, "{\"alpha\":[0.1,0.2,0.3]}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_int_equal(n->n_terms, 3);
    assert_near(n->alpha[2], 0.3, 0);
    for (size_t i = 0; i < 3; i++)
        assert_near(n->coefficients[i], 1, 0);
    assert_int_equal(n->memory, 15);
    s = form_compile(WITH(TERMS, "{\"alpha\":0.9}"));
    assert_int_equal(s.layers[0].neuron.n_terms, 1);
    assert_near(s.layers[0].neuron.alpha[0], 0.9, 0);
}

static void layer__coefficients__leave_alpha_alone(void **state)
{
    struct snn_spec s = form_compile(WITH(TERMS, "{\"coefficients\":[5,6]}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_near(n->alpha[1], 0.75, 0);
    assert_near(n->coefficients[0], 5, 0);
    assert_near(n->coefficients[1], 6, 0);
    s = form_compile(WITH(TERMS, "{\"coefficients\":null}"));
    assert_near(s.layers[0].neuron.coefficients[1], 1, 0);
}

static void layer__learn__overrides_single_keys(void **state)
{
    struct snn_spec s =
        form_compile(WITH(TERMS, "{\"learn\":{\"tau\":null,\"threshold\":\"neuron\"}}"));
    const enum snn_learn *learn = s.layers[0].neuron.learn;

    (void)state;
    assert_int_equal(learn[SNN_LEARN_tau], SNN_FIXED);
    assert_int_equal(learn[SNN_LEARN_threshold], SNN_PER_NEURON);
    assert_int_equal(learn[SNN_LEARN_alpha], SNN_PER_LAYER);
    s = form_compile(WITH(TERMS, "{\"learn\":null}"));
    for (size_t i = 0; i < SNN_LEARNABLE_COUNT; i++)
        assert_int_equal(s.layers[0].neuron.learn[i], SNN_FIXED);
}

static void layer__learning_rate__is_its_own_or_the_optimizers(void **state)
{
    struct snn_spec s = form_compile(WITH("{\"learning_rate\":0.25}", "{}"));

    (void)state;
    assert_near(s.layers[0].neuron.learning_rate, 0.25, 0);
    s = form_compile(WITH("{\"learning_rate\":0.25}", "{\"learning_rate\":3}"));
    assert_near(s.layers[0].neuron.learning_rate, 3, 0);
    s = form_compile(WITH("{\"learning_rate\":0.25}", "{\"learning_rate\":null}"));
    assert_near(s.layers[0].neuron.learning_rate, 0, 0);
}

static void layer__memory__null_is_all_again(void **state)
{
    struct snn_spec s = form_compile(WITH(TERMS, "{\"memory\":null}"));

    (void)state;
    assert_true(s.layers[0].neuron.memory == SNN_ALL_STATES);
    s = form_compile(WITH(TERMS, "{\"memory\":0}"));
    assert_int_equal(s.layers[0].neuron.memory, 0);
}

static void layer__euler__drops_what_only_the_others_know(void **state)
{
    struct snn_spec s = form_compile(WITH(TERMS, "{\"solver\":\"euler\"}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_int_equal(n->n_terms, 1);
    assert_near(n->alpha[0], 1, 0);
    assert_true(n->memory == SNN_ALL_STATES);
    assert_int_equal(n->learn[SNN_LEARN_tau], SNN_PER_LAYER);
    assert_int_equal(n->learn[SNN_LEARN_alpha], SNN_FIXED);
}

static void layer__other_solver__keeps_the_order(void **state)
{
    struct snn_spec s =
        form_compile(WITH("{\"solver\":\"gl\",\"alpha\":0.5,\"memory\":9}", "{\"solver\":\"l1\"}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_string_equal(n->solver.kind->name, "l1");
    assert_near(n->alpha[0], 0.5, 0);
    assert_int_equal(n->memory, 9);
    /* an order for all, and the solver of each layer its own */
    s = form_compile(WITH("{\"alpha\":0.5}", "{\"solver\":\"pred\"}"));
    assert_near(s.layers[0].neuron.alpha[0], 0.5, 0);
}

static void layer__exponentials__are_the_jobs_until_euler_drops_them(void **state)
{
#define STATES "{\"solver\":\"gl\",\"alpha\":0.5,\"exponentials\":10}"
    struct snn_spec s = form_compile(WITH(STATES, "{\"solver\":\"l1\"}"));

    (void)state;
    assert_int_equal(s.layers[0].neuron.exponentials, 10);
    s = form_compile(WITH(STATES, "{\"exponentials\":24}"));
    assert_int_equal(s.layers[0].neuron.exponentials, 24);
    s = form_compile(WITH(STATES, "{\"exponentials\":0,\"memory\":3}"));
    assert_int_equal(s.layers[0].neuron.exponentials, 0);
    s = form_compile(WITH(STATES, "{\"solver\":\"euler\"}"));
    assert_int_equal(s.layers[0].neuron.exponentials, 0);
}

static void model__one_of_its_own_steps__is_read_with_its_parameters(void **state)
{
    const struct snn_spec s =
        form_compile(NEURON("{\"model\":\"leaky\",\"beta\":0.75,\"learn\":{\"beta\":\"neuron\"}}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_string_equal(n->model.kind->name, "leaky");
    assert_near(snn_choice_value(&n->model, "beta", 0), 0.75, 0);
    assert_int_equal(n->learn[SNN_LEARN_beta], SNN_PER_NEURON);
}

/* ------------------------------------------------------------------------------------ wrong -- */

#define GL(rest) NEURON("{\"solver\":\"gl\"," rest "}")
#define NINE "[0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1]"

static const struct {
    const char *job, *pointer, *code, *detail;
} wrong[] = {
    {NEURON("{\"solver\":\"rk4\"}"), "/neuron/solver", "unknown_name",
     "solver is \"rk4\", want one of: euler, gl, l1, trap, pred"},
    {NEURON("{\"solver\":1}"), "/neuron/solver", "wrong_type", "want a string"},
    {GL("\"step\":[1,0.5]"), "/neuron/step", "wrong_type", "want a number"},
    {GL("\"alpha\":0"), "/neuron/alpha", "out_of_range", "alpha is 0, want a number > 0 and <= 1"},
    {GL("\"alpha\":1.5"), "/neuron/alpha", "out_of_range", "alpha is 1.5"},
    {GL("\"alpha\":\"x\""), "/neuron/alpha", "wrong_type", "want a number or a list of numbers"},
    {GL("\"alpha\":null"), "/neuron/alpha", "wrong_type", "alpha is null"},
    {GL("\"alpha\":[]"), "/neuron/alpha", "out_of_range", "alpha has 0 numbers, want 1 to 8"},
    {GL("\"alpha\":" NINE), "/neuron/alpha", "out_of_range", "alpha has 9 numbers, want 1 to 8"},
    {GL("\"alpha\":[0.5,2]"), "/neuron/alpha/1", "out_of_range", "alpha is 2"},
    {GL("\"alpha\":[\"a\",0.5]"), "/neuron/alpha/0", "wrong_type", "want a number"},
    {GL("\"alpha\":[0.5,0.6],\"coefficients\":[1]"), "/neuron/coefficients", "invalid",
     "coefficients has 1 numbers, want 2"},
    {GL("\"alpha\":[0.5,0.6],\"coefficients\":[1,true]"), "/neuron/coefficients/1", "wrong_type",
     "true"},
    {GL("\"alpha\":[0.5,0.6],\"coefficients\":[1,1e9]"), "/neuron/coefficients/1", "out_of_range",
     "1e+09"},
    {GL("\"alpha\":[0.5,0.6],\"coefficients\":3"), "/neuron/coefficients", "wrong_type",
     "want a list of numbers"},
    {GL("\"alpha\":[0.5,0.6],\"coefficients\":[1,-1]"), "/layers/0/neuron/coefficients", "invalid",
     "add up to 0"},
    {GL("\"alpha\":0.5,\"coefficients\":[1]"), "/neuron/coefficients", "invalid",
     "only with a list of two or more in alpha"},
    {GL("\"memory\":-1"), "/neuron/memory", "out_of_range", "memory is -1, want an integer >= 0"},
    {GL("\"memory\":2.5"), "/neuron/memory", "wrong_type", "want an integer"},
    {GL("\"memory\":\"all\""), "/neuron/memory", "wrong_type", "want an integer or null"},
    {GL("\"exponentials\":-1"), "/neuron/exponentials", "out_of_range",
     "exponentials is -1, want an integer >= 0 and <= 24"},
    {GL("\"exponentials\":25"), "/neuron/exponentials", "out_of_range", "exponentials is 25"},
    {GL("\"exponentials\":null"), "/neuron/exponentials", "wrong_type", "want an integer"},
    {GL("\"exponentials\":3"), "/layers/0/neuron/exponentials", "invalid",
     "exponentials is 3, want 4 to 24, or 0 for exact sums"},
    {GL("\"exponentials\":8,\"memory\":9"), "/layers/0/neuron/exponentials", "invalid",
     "exponentials is 8 with a memory of 9 past states"},
    {NEURON("{\"exponentials\":8}"), "/layers/0/neuron/exponentials", "invalid",
     "exponentials is 8, but solver euler keeps no past states"},
    {GL("\"order\":0.5"), "/neuron/order", "unknown_field", "solver"},
    {GL("\"learning_rate\":0"), "/neuron/learning_rate", "out_of_range", "learning_rate is 0"},
    {GL("\"learning_rate\":\"x\""), "/neuron/learning_rate", "wrong_type", "want a number"},
    {GL("\"learn\":[]"), "/neuron/learn", "wrong_type", "want an object"},
    {GL("\"learn\":true"), "/neuron/learn", "wrong_type", "want an object"},
    {GL("\"learn\":{\"gamma\":\"layer\"}"), "/neuron/learn/gamma", "unknown_field",
     "want one of: tau, threshold, alpha, coefficients"},
    {GL("\"learn\":{\"tau\":\"all\"}"), "/neuron/learn/tau", "unknown_name",
     "tau is \"all\", want \"layer\", \"neuron\" or false"},
    {GL("\"learn\":{\"tau\":true}"), "/neuron/learn/tau", "wrong_type", "true"},
    {GL("\"learn\":{\"alpha\":\"neuron\"}"), "/neuron/learn/alpha", "invalid",
     "alpha cannot be learned per neuron, want \"layer\""},
    {GL("\"learn\":{\"alpha\":\"layer\"}"), "/layers/0/neuron/learn/alpha", "invalid",
     "alpha is 1, and one that is learned must begin inside (0, 1)"},
    {GL("\"alpha\":0.5,\"learn\":{\"coefficients\":\"layer\"}"),
     "/layers/0/neuron/learn/coefficients", "invalid", "a single order has no coefficient"},
    {NEURON("{\"threshold\":-1,\"learn\":{\"threshold\":\"layer\"}}"),
     "/layers/0/neuron/learn/threshold", "invalid", "must begin above 0"},
    {NEURON("{\"alpha\":0.5}"), "/layers/0/neuron/alpha", "invalid",
     "alpha is 0.5, but solver euler knows order 1 only, want for other orders one of the solvers: "
     "gl, l1, trap, pred"},
    {NEURON("{\"memory\":4}"), "/layers/0/neuron/memory", "invalid",
     "solver euler keeps no past states"},
    {NEURON("{\"learn\":{\"alpha\":\"layer\"}}"), "/layers/0/neuron/learn/alpha", "invalid",
     "solver euler has no alpha to learn"},
    {NEURON("{\"solver\":\"l1\",\"alpha\":[0.5,0.6]}"), "/layers/0/neuron/alpha", "invalid",
     "2 orders for solver l1, want one, or one of the solvers: gl"},
    {GL("\"model\":\"leaky\""), "/layers/0/neuron/solver", "invalid",
     "solver gl for neuron model leaky, whose steps are its own, want euler"},
    {NEURON("{\"model\":\"leaky\",\"learn\":{\"tau\":\"layer\"}}"), "/layers/0/neuron/learn/tau",
     "invalid", "neuron model leaky has no tau to learn"},
    {NEURON("{\"learn\":{\"beta\":\"layer\"}}"), "/layers/0/neuron/learn/beta", "invalid",
     "neuron model lif has no beta to learn"},
    {NEURON("{\"model\":\"synaptic\",\"alpha_syn\":1,\"learn\":{\"alpha_syn\":\"neuron\"}}"),
     "/layers/0/neuron/learn/alpha_syn", "invalid",
     "alpha_syn is 1, and one that is learned must begin inside (0, 1)"},
    {WITH("{\"solver\":\"gl\",\"alpha\":0.5}", "{\"alpha\":[1,7]}"), "/layers/0/neuron/alpha/1",
     "out_of_range", "alpha is 7"},
    {WITH("{\"solver\":\"gl\",\"alpha\":0.5}", "{\"solver\":\"euler\",\"alpha\":0.5}"),
     "/layers/0/neuron/alpha", "invalid", "solver euler knows order 1 only"},
};

static void neuron__one_thing_wrong__is_the_one_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct api_errors e = {0};
        struct api_form form;

        form_judge(&form, wrong[i].job, &e);
        if (!form_has(&e, wrong[i].pointer, wrong[i].code) || api_errors_count(&e) != 1) {
            form_print(&e);
            fail_msg("%s: want one error, %s at %s", wrong[i].job, wrong[i].code, wrong[i].pointer);
        }
        assert_contains(form_detail(&e, 0), wrong[i].detail);
        api_errors_clear(&e);
    }
}

/* ------------------------------------------------------------------------------------ write -- */

static void neuron_json__read_again__is_the_same_neuron(void **state)
{
    static const char *const neurons[] = {
        "{}",
        TERMS,
        "{\"solver\":\"pred\",\"alpha\":0.3,\"memory\":7}",
        "{\"solver\":\"l1\",\"alpha\":0.3,\"exponentials\":12}",
        "{\"model\":\"if\",\"reset\":\"zero\",\"learn\":{\"threshold\":\"neuron\"}}",
        "{\"learn\":{\"tau\":\"layer\"},\"learning_rate\":0.5}"};

    (void)state;
    for (size_t i = 0; i < sizeof neurons / sizeof neurons[0]; i++) {
        struct snn_neuron_spec first = snn_neuron_spec_default(), second = first;
        json_t *given = json_loads(neurons[i], 0, NULL);
        struct api_errors e = {0};

        api_read(&e, &api_neuron_shape, "", given, &first);
        json_t *written = api_neuron_json(&first);
        api_read(&e, &api_neuron_shape, "", written, &second);
        json_t *again = api_neuron_json(&second);
        assert_int_equal(api_errors_count(&e), 0);
        assert_non_null(written);
        assert_true(json_equal(written, again));
        assert_int_equal(second.n_terms, first.n_terms);
        assert_memory_equal(second.alpha, first.alpha, first.n_terms * sizeof *first.alpha);
        assert_true(second.memory == first.memory);
        assert_int_equal(second.exponentials, first.exponentials);
        assert_memory_equal(second.learn, first.learn, sizeof first.learn);
        assert_near(second.learning_rate, first.learning_rate, 0);
        json_decref(given);
        json_decref(written);
        json_decref(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neuron__least__is_euler_of_order_one),
        cmocka_unit_test(neuron__every_field__is_taken),
        cmocka_unit_test(neuron__each_solver__takes_an_order),
        cmocka_unit_test(alpha__list_alone__has_coefficients_of_one),
        cmocka_unit_test(alpha__one_for_euler__is_no_error),
        cmocka_unit_test(layer__alpha__replaces_the_list_and_its_coefficients),
        cmocka_unit_test(layer__coefficients__leave_alpha_alone),
        cmocka_unit_test(layer__learn__overrides_single_keys),
        cmocka_unit_test(layer__learning_rate__is_its_own_or_the_optimizers),
        cmocka_unit_test(layer__memory__null_is_all_again),
        cmocka_unit_test(layer__euler__drops_what_only_the_others_know),
        cmocka_unit_test(layer__other_solver__keeps_the_order),
        cmocka_unit_test(layer__exponentials__are_the_jobs_until_euler_drops_them),
        cmocka_unit_test(model__one_of_its_own_steps__is_read_with_its_parameters),
        cmocka_unit_test(neuron__one_thing_wrong__is_the_one_error),
        cmocka_unit_test(neuron_json__read_again__is_the_same_neuron),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
