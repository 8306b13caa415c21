/* SPDX-License-Identifier: MIT */
/* The card of a job's page that measures how well its surrogates point. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

#define JOB                                                                                        \
    "{\"name\":\"pointed\",\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","     \
    "\"time_steps\":8},\"neuron\":{\"surrogate\":\"arctan\"},\"layers\":[{\"kind\":\"dense\","     \
    "\"units\":24},{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":2}}"

/* Asked for, the cosine of the gradient comes, per layer; and what is no number is refused in
 * words.
 */
static void bias__asked_for__is_shown_with_its_errors(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], hash[80];

    daemon_submit(p->d, JOB, id);
    daemon_wait(p->d, &a, id, "succeeded");
    snprintf(hash, sizeof hash, "#/job/%s/gradients", id);
    page_open(p, hash);
    browser_see(p->b, ".note strong", "How well does this surrogate point?");
    browser_fill(p->b, ".bias-form input[aria-label=samples]", "16");
    browser_fill(p->b, ".bias-form input[aria-label=repeats]", "64");
    browser_click(p->b, ".bias-form button");
    browser_see(p->b, "table.bias tbody th", "all");
    browser_see(p->b, "table.bias .whole th", "layer2");
    browser_see(p->b, "table.bias .part th", "weight");
    browser_see(p->b, "table.bias td.number", " \u00b1 0.");
    browser_see(p->b, ".card p", "16 samples, 64 repeats");
    browser_see(p->b, ".bias-form ~ div .exports button", "CSV");
    browser_wait(
        p->b,
        "const bar = document.querySelector('.bias-bar'), i = bar.querySelector('i');"
        "const told = Number(bar.getAttribute('aria-label').match(/cosine (-?[0-9.]+)/)[1]);"
        "const drawn = i.getBoundingClientRect().width / bar.getBoundingClientRect().width;"
        "return told > 0.2 && Math.abs(drawn - told) < 0.02 && bar.querySelector('b') !== null");
    browser_shot(p->b, "job-bias");
    browser_fill(p->b, ".bias-form input[aria-label=seed]", "1.5");
    json_decref(browser_run(p->b, "document.querySelector('.bias-form').noValidate = true", ""));
    page_done(p);
    browser_click(p->b, ".bias-form button");
    browser_see(p->b, ".problem", "seed is 1.5, want an integer");
    browser_forget(p->b); /* the console tells of a 422 */
    answer_clear(&a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(bias__asked_for__is_shown_with_its_errors)};

    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
