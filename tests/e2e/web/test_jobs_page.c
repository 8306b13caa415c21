/* SPDX-License-Identifier: MIT */
/* The jobs page and the form, as somebody uses them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\",\"units\":10}]"
#define SHORT                                                                                      \
    "{\"name\":\"short\",\"metadata\":{\"paper\":\"fig1\"},\"dataset\":{\"name\":\"digits\"}"      \
    "," LAYERS ",\"encoding\":{\"time_steps\":2},\"training\":{\"epochs\":2}}"
/* Far too long to end by itself while a test looks at it. */
#define LONG                                                                                       \
    "{\"name\":\"long\",\"dataset\":{\"name\":\"digits\"}," LAYERS                                 \
    ",\"training\":{\"epochs\":10000}}"

/* The JSON that the page shows is parsed and looked at: `want` is an expression over `job`. */
static void expect_json(struct page *p, const char *want)
{
    char script[400];

    snprintf(script, sizeof script,
             "const job = JSON.parse(document.getElementById('json').value); return %s", want);
    browser_wait(p->b, script);
}

static void form__submitted__trains_live_and_ends(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};

    page_open(p, "#/new");
    browser_see(p->b, ".tiles", "Parameters");
    browser_fill(p->b, "[data-pointer='/name']", "from the form");
    browser_fill(p->b, "[data-pointer='/training/epochs']", "6");
    expect_json(p, "job.name === 'from the form' && job.training.epochs === 6");
    browser_wait(p->b, "return !document.querySelector('button[type=submit]').disabled");
    browser_shot(p->b, "new");
    browser_click(p->b, "button[type=submit]");
    browser_see(p->b, "h1", "from the form");
    browser_see(p->b, "h1 .badge", "succeeded");
    browser_see(p->b, ".tiles", "6 of 6");
    browser_wait(p->b, "return document.querySelectorAll('.legend button').length >= 4");
    browser_shot(p->b, "job");
    daemon_get(p->d, &a, "/v1/jobs", 200);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 1);
    answer_clear(&a);
    page_done(p);
}

static void form__json_and_fields__follow_each_other(void **state)
{
    struct page *p = *state;

    page_open(p, "#/new");
    browser_see(p->b, ".tiles", "Parameters");
    /* a choice of the form, in the JSON and in the fields that come with it */
    browser_type(p->b, "[data-pointer='/neuron/model']", "alif");
    expect_json(p, "job.neuron.model === 'alif'");
    browser_type(p->b, "[data-pointer='/neuron/tau_adapt']", "30");
    expect_json(p, "job.neuron.tau_adapt === 30");
    /* the JSON, in the form */
    json_decref(browser_run(p->b,
                            "const area = document.getElementById('json'); const job = "
                            "JSON.parse(area.value); job.layers.push({kind: 'dense', units: 7}); "
                            "job.training.batch_size = -1; area.value = JSON.stringify(job); "
                            "area.dispatchEvent(new Event('input'))",
                            ""));
    browser_wait(p->b, "return document.querySelector(\"[data-pointer='/layers/2/units']\")?.value "
                       "=== '7'");
    /* what the daemon says of it, at the field; and no way to send it */
    browser_see(p->b, ".field .error", "batch_size is -1");
    browser_wait(p->b, "return document.querySelector('button[type=submit]').disabled");
    /* the curve, with its slider */
    json_decref(browser_run(p->b,
                            "const s = document.querySelector('input[type=range]'); s.value = 1; "
                            "s.dispatchEvent(new Event('input'))",
                            ""));
    expect_json(p, "job.neuron.surrogate_scale === 10");
    browser_see(p->b, ".readout", "Peak 5;"); /* arctan: scale / 2 */
    page_done(p);
}

static void jobs__running_job__moves_and_is_cancelled(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32];

    page_open(p, "#/jobs");
    browser_see(p->b, ".note", "No jobs yet");
    daemon_submit(p->d, LONG, id); /* the page hears of it */
    browser_see(p->b, "tbody tr .badge", "running");
    json_decref(
        browser_run(p->b, "window.before = document.querySelector('tr progress').value", ""));
    browser_wait(p->b, "return document.querySelector('tr progress').value > window.before");
    browser_see(p->b, ".col-progress", "left");
    browser_shot(p->b, "jobs-running");
    browser_click(p->b, "[aria-label='Pause long']");
    browser_see(p->b, "tbody tr .badge", "paused");
    browser_click(p->b, "[aria-label='Resume long']");
    browser_see(p->b, "tbody tr .badge", "running");
    browser_click(p->b, "[aria-label='Cancel long']");
    browser_see(p->b, "tbody tr .badge", "cancelled");
    daemon_wait(p->d, &a, id, "cancelled");
    browser_click(p->b, "[aria-label='Retry long']"); /* shows the job that is made of it */
    browser_see(p->b, "h1 .badge", "running");
    browser_click(p->b, "[aria-label='Cancel long']");
    browser_see(p->b, "h1 .badge", "cancelled");
    browser_click(p->b, "[aria-label='Delete long']");
    browser_click(p->b, "dialog .danger"); /* back to the list, which has the first one */
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 1");
    browser_click(p->b, "[aria-label='Delete long']");
    browser_click(p->b, "dialog .danger");
    browser_see(p->b, ".note", "No jobs yet");
    answer_clear(&a);
    page_done(p);
}

static void jobs__filters__show_what_fits(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32];

    for (int i = 0; i < 2; i++) {
        daemon_submit(p->d, i ? SHORT : LONG, id);
        if (i == 0) {
            char path[64];
            snprintf(path, sizeof path, "/v1/jobs/%s/cancel", id);
            daemon_post(p->d, &a, path, "{}", 202);
        }
    }
    daemon_wait(p->d, &a, id, "succeeded");
    page_open(p, "#/jobs");
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 2");
    browser_type(p->b, ".filters select", "succeeded");
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 1");
    assert_true(
        json_is_true(browser_run(p->b, "return location.hash === '#/jobs?status=succeeded'", "")));
    page_open(p, "#/jobs?metadata%5Bpaper%5D=fig2");
    browser_see(p->b, ".note", "No job fits");
    page_open(p, "#/jobs?metadata%5Bpaper%5D=fig1");
    browser_see(p->b, "tbody tr", "short");
    browser_wait(p->b,
                 "return document.querySelector('.spark path').getAttribute('d')?.length > 10");
    answer_clear(&a);
    page_done(p);
}

static void form__sweep__is_built_counted_and_trained(void **state)
{
    static const char two[] =
        "{\"name\":\"two\",\"base\":{\"dataset\":{\"name\":\"digits\"}," LAYERS
        ",\"encoding\":{\"time_steps\":2},\"training\":{\"epochs\":2}},"
        "\"grid\":{\"/neuron/tau\":[2,4]},\"early_stopping\":{\"kind\":\"successive_halving\","
        "\"epochs\":1,\"factor\":2}}";
    struct page *p = *state;

    page_open(p, "#/new");
    browser_see(p->b, ".tiles", "Parameters");
    browser_click(p->b, ".sweep > button");
    browser_see(p->b, ".sweep .readout", "3 surrogate × 3 seeds = 9 jobs.");
    expect_json(p, "job.base.layers.length > 0 && job.grid['/neuron/surrogate'].length === 3 && "
                   "job.seeds.length === 3 && job.layers === undefined");
    browser_fill(p->b, "[aria-label='Values of /neuron/surrogate']", "sigmoid, arctan");
    browser_fill(p->b, "[aria-label='Seeds of each combination']", "1, 2");
    browser_see(p->b, "button[type=submit]", "Train 4 jobs");
    expect_json(p, "job.grid['/neuron/surrogate'].join() === 'sigmoid,arctan'");
    json_decref(browser_run(p->b,
                            "[...document.querySelectorAll('.sweep button')].find((e) => "
                            "e.textContent === 'Add a field').click()",
                            ""));
    browser_type(p->b, "[aria-label='How /neuron/surrogate_scale differs']", "random, log");
    browser_see(p->b, ".sweep .readout", "2 surrogate × 10 samples × 2 seeds = 40 jobs.");
    browser_fill(p->b, "[aria-label='Least /neuron/surrogate_scale']", "0.5");
    expect_json(p, "job.random.parameters['/neuron/surrogate_scale'].kind === 'log_uniform' && "
                   "job.random.parameters['/neuron/surrogate_scale'].min === 0.5");
    browser_shot(p->b, "new-sweep");
    browser_fill(p->b, "#json", two); /* the form follows */
    browser_see(p->b, ".sweep .readout", "2 tau = 2 jobs.");
    browser_wait(p->b, "return document.querySelector(\"[aria-label='Values of "
                       "/neuron/tau']\").value === '2, 4' && "
                       "document.querySelector('.sweep input[type=checkbox]').checked");
    browser_fill(p->b, "[aria-label='Values of /neuron/tau']", "2, -4");
    browser_click(p->b, "button[type=submit]");
    browser_see(p->b, ".problem", "tau is -4");
    browser_forget(p->b); /* the refusal stands in the console, as the browser's own word */
    browser_fill(p->b, "[aria-label='Values of /neuron/tau']", "2, 4");
    browser_click(p->b, "button[type=submit]");
    browser_see(p->b, "h1 .badge", "finished");
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 2");
    page_done(p);
}

/* More jobs than the page loads: the one that is looked for is not among them. */
static void jobs__text_and_order__go_over_all_jobs(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char first[32], id[32];

    daemon_submit(p->d, SHORT, first);
    daemon_wait(p->d, &a, first, "succeeded");
    for (int i = 0; i < 51; i++)
        daemon_submit(p->d, LONG, id);
    page_open(p, "#/jobs");
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length >= 50");
    assert_true(json_is_true(
        browser_run(p->b,
                    "return [...document.querySelectorAll('tbody tr')].every(r => r.textContent"
                    ".includes('long'))",
                    "")));
    browser_type(p->b, ".filters > input", "SHOR");
    browser_wait(p->b, "const rows = document.querySelectorAll('tbody tr');"
                       "return rows.length === 1 && rows[0].textContent.includes('short')");
    browser_wait(p->b, "return location.hash === '#/jobs?text=SHOR'");
    browser_fill(p->b, ".filters > input", "aper=fig1"); /* of a pair of the metadata */
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 1");
    browser_fill(p->b, ".filters > input", "neither");
    browser_see(p->b, ".note", "No job fits");
    page_open(p, "#/jobs?sort=accuracy");
    browser_wait(p->b, "const rows = document.querySelectorAll('tbody tr');"
                       "return rows.length >= 50 && rows[0].textContent.includes('%')");
    browser_shot(p->b, "jobs-sorted");
    answer_clear(&a);
    page_done(p);
}

/* Of an order that changes only the top is asked for again: the rest of the rows stay, and what is
 * ticked among them. */
static void jobs__long_list_in_order__keeps_its_rows(void **state)
{
    enum { MANY = 110 };
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], path[64], script[160];

    for (int i = 0; i < MANY; i++)
        daemon_submit(p->d, LONG, id);
    page_open(p, "#/jobs?sort=name");
    snprintf(script, sizeof script,
             "document.querySelector('.more button').click(); return "
             "document.querySelectorAll('tbody tr').length === %d",
             MANY);
    browser_wait(p->b, script);
    json_decref(
        browser_run(p->b, "document.querySelector('tbody tr:last-child input').click()", ""));
    browser_see(p->b, ".head .button", "Compare 1 job");
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", id);
    daemon_post(p->d, &a, path, "{}", 202);
    browser_see(p->b, "tbody tr .badge", "cancelled");
    /* what was asked for because of it is there */
    json_decref(
        browser_run(p->b, "window.asked = performance.getEntriesByType('resource').length", ""));
    browser_wait(p->b, "return performance.getEntriesByType('resource').slice(window.asked).some("
                       "(e) => e.name.includes('/v1/jobs?') && e.responseEnd > 0)");
    snprintf(script, sizeof script,
             "return document.querySelectorAll('tbody tr').length === %d && "
             "document.querySelector('tbody tr:last-child input').checked",
             MANY);
    browser_wait(p->b, script);
    browser_see(p->b, ".head .button", "Compare 1 job");
    answer_clear(&a);
    page_done(p);
}

/* Tab until the element with the focus fits. */
static void tab_to(struct page *p, const char *selector)
{
    char script[200];

    snprintf(script, sizeof script, "return document.activeElement.matches(\"%s\")", selector);
    for (int i = 0; i < 80; i++) {
        json_t *there = browser_run(p->b, script, "");
        bool yes = json_is_true(there);

        json_decref(there);
        if (yes)
            return;
        browser_keys(p->b, KEY_TAB);
    }
    browser_shot(p->b, "failed");
    fail_msg("the focus never came to %s", selector);
}

static void keyboard__alone__is_enough_to_train_and_cancel(void **state)
{
    struct page *p = *state;

    page_open(p, "#/jobs");
    browser_keys(p->b, KEY_TAB);
    tab_to(p, "nav a[href='#/new']");
    browser_keys(p->b, KEY_ENTER);
    browser_see(p->b, "h1", "New job");
    browser_see(p->b, ".tiles", "Parameters");
    tab_to(p, "[data-pointer='/training/epochs']");
    browser_keys(p->b, "9000"); /* instead of what Tab has selected */
    expect_json(p, "job.training.epochs === 9000");
    browser_wait(p->b, "return !document.querySelector('button[type=submit]').disabled");
    browser_keys(p->b, KEY_ENTER); /* a form is sent by Enter in a field */
    browser_see(p->b, "h1 .badge", "running");
    tab_to(p, "button[aria-label^=Cancel]");
    browser_shot(p->b, "focus");
    browser_keys(p->b, KEY_ENTER);
    browser_see(p->b, "h1 .badge", "cancelled");
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(form__submitted__trains_live_and_ends),
        TEST(form__json_and_fields__follow_each_other),
        TEST(jobs__running_job__moves_and_is_cancelled),
        TEST(jobs__filters__show_what_fits),
        TEST(form__sweep__is_built_counted_and_trained),
        TEST(jobs__text_and_order__go_over_all_jobs),
        TEST(jobs__long_list_in_order__keeps_its_rows),
        TEST(keyboard__alone__is_enough_to_train_and_cancel),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
