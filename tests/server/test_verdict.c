/* SPDX-License-Identifier: MIT */
#include "server/verdict.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

static struct snn_verdict sample(void)
{
    struct snn_verdict v = {.known = true, .step = 1234, .n = 2};
    struct snn_finding *f = &v.findings[0];

    *f = (struct snn_finding){
        .rule = "dead_layer",
        .severity = SNN_SEVERITY_critical,
        .layer = "a\tname\nof two lines",
        .sentence = "none of them fires",
        .facts = {{"silent_share", 0.1}, {"threshold", (double)NAN}},
        .n_facts = 2,
        .change = {.pointer = "/neuron/threshold", .from = 50, .to = 1.0 / 3, .why = "it is 50"}};
    v.findings[1] = (struct snn_finding){
        .rule = "vanishing_gradient",
        .because = "dead_layer",
        .sentence = "nothing comes back",
        .change = {
            .pointer = "/initialisation/kind", .is_word = true, .was = "uniform", .word = "rate"}};
    return v;
}

static void write__a_verdict__reads_back(void **state)
{
    const struct snn_verdict v = sample();
    char text[SRV_VERDICT_SIZE];
    const char *at = text;
    struct srv_finding f;
    int64_t step;

    (void)state;
    srv_verdict_write(text, &v);
    assert_true(srv_verdict_step(&at, &step));
    assert_int_equal(step, 1234);
    assert_true(srv_verdict_read(&at, &f));
    assert_string_equal(f.rule, "dead_layer");
    assert_string_equal(f.severity, "critical");
    assert_string_equal(f.layer, "a name of two lines");
    assert_string_equal(f.because, "");
    assert_string_equal(f.sentence, "none of them fires");
    assert_int_equal(f.n_facts, 2);
    assert_string_equal(f.facts[0].name, "silent_share");
    assert_near(f.facts[0].value, 0.1, 0);
    assert_true(isnan(f.facts[1].value));
    assert_string_equal(f.pointer, "/neuron/threshold");
    assert_false(f.is_word);
    assert_near(f.from, 50, 0);
    assert_near(f.to, 1.0 / 3, 0);
    assert_string_equal(f.why, "it is 50");
    assert_true(srv_verdict_read(&at, &f));
    assert_string_equal(f.severity, "warning");
    assert_string_equal(f.because, "dead_layer");
    assert_true(f.is_word);
    assert_string_equal(f.was, "uniform");
    assert_string_equal(f.word, "rate");
    assert_false(srv_verdict_read(&at, &f));
}

static void write__nothing_to_judge__is_the_empty_text(void **state)
{
    const struct snn_verdict unknown = {.known = false}, healthy = {.known = true, .step = 7};
    char text[SRV_VERDICT_SIZE];
    const char *at = text;
    struct srv_finding f;
    int64_t step;

    (void)state;
    srv_verdict_write(text, &unknown);
    assert_string_equal(text, "");
    assert_false(srv_verdict_step(&at, &step));
    srv_verdict_write(text, &healthy);
    assert_true(srv_verdict_step(&at, &step));
    assert_int_equal(step, 7);
    assert_false(srv_verdict_read(&at, &f));
}

/* As many and as long as can be: those that fit are whole. */
static void write__more_than_there_is_room_for__ends_with_a_whole_finding(void **state)
{
    struct snn_verdict v = {.known = true, .step = 1, .n = SNN_MAX_FINDINGS};
    char text[SRV_VERDICT_SIZE];
    const char *at = text;
    struct srv_finding f;
    size_t read = 0;
    int64_t step;

    (void)state;
    for (size_t i = 0; i < v.n; i++) {
        v.findings[i] = (struct snn_finding){.rule = "surrogate_narrow", .n_facts = SNN_MAX_FACTS};
        memset(v.findings[i].sentence, 's', sizeof v.findings[i].sentence - 1);
        memset(v.findings[i].change.why, 'w', sizeof v.findings[i].change.why - 1);
        memset(v.findings[i].layer, 'l', sizeof v.findings[i].layer - 1);
        for (size_t k = 0; k < SNN_MAX_FACTS; k++)
            v.findings[i].facts[k] = (struct snn_fact){"membrane_median", -1.0 / 3};
    }
    srv_verdict_write(text, &v);
    assert_true(strlen(text) < SRV_VERDICT_SIZE);
    assert_true(srv_verdict_step(&at, &step));
    while (srv_verdict_read(&at, &f))
        read++;
    assert_true(read >= 8 && read < SNN_MAX_FINDINGS);
    assert_int_equal(*at, '\0');
}

static void read__what_is_no_line_of_ours__is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "dead_layer\n",
        "dead_layer\tcritical\tlayer1\t\ts\t7\t",
        "dead_layer\tcritical\tlayer1\t\ts\tx\t/p\tnumber\t1\t2\t\t\tw\t\n",
        "dead_layer\tcritical\tlayer1\t\ts\t0\t/p\tnumber\t1\t2\t\t\tw\n",
        ("a-rule-whose-name-is-longer-than-that-of-any-there-is\tcritical\t\t\ts\t0\t\tnumber\t0\t0"
         "\t\t\t\t\n"),
    };
    struct srv_finding f;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *at = texts[i];
        assert_false(srv_verdict_read(&at, &f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__a_verdict__reads_back),
        cmocka_unit_test(write__nothing_to_judge__is_the_empty_text),
        cmocka_unit_test(write__more_than_there_is_room_for__ends_with_a_whole_finding),
        cmocka_unit_test(read__what_is_no_line_of_ours__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
