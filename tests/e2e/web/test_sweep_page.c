/* SPDX-License-Identifier: MIT */
/* Pages of several jobs, while they run: what a sweep's lets one do to all of it, and what stays as
 * jobs go on. Its ranking and map: test_job_page.c. */
#include <stdio.h>

#include "tests/e2e/web/page.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"
#include "tests/support/webdriver.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":10}]"
#define LONG_JOB "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":99999}}"
#define LONG_SWEEP                                                                                 \
    "{\"base\":" LONG_JOB ",\"grid\":{\"/neuron/tau\":[2,3],\"/neuron/surrogate\":[\"arctan\","    \
    "\"sigmoid\"]}}"

/* Its page; the sweep is in `a`. */
static void open_sweep(struct page *p, struct answer *a, const char *sweep)
{
    char hash[80];

    daemon_post(p->d, a, "/v1/sweeps", sweep, 201);
    snprintf(hash, sizeof hash, "#/sweep/%s", answer_text(a, "id"));
    page_open(p, hash);
}

static void sweep__paused_and_resumed__says_so(void **state)
{
    static const char sweep[] = "{\"base\":" LONG_JOB ",\"seeds\":[1]}";
    struct page *p = *state;
    struct answer a = {.status = 0};
    char path[80];

    open_sweep(p, &a, sweep);
    browser_see(p->b, ".head button", "Pause");
    browser_click(p->b, ".head button");
    browser_see(p->b, "h1 .badge", "paused");
    browser_click(p->b, ".head button");
    browser_see(p->b, "h1 .badge", "running");
    snprintf(path, sizeof path, "/v1/sweeps/%s/cancel", answer_text(&a, "id"));
    daemon_post(p->d, &a, path, "{}", 202);
    answer_clear(&a);
    page_done(p);
}

/* What is chosen on the page stays as the sweep goes on. */
static void sweep__goes_on__leaves_its_reader_alone(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};

    open_sweep(p, &a, LONG_SWEEP);
    browser_see(p->b, "h1 .badge", "running");
    browser_type(p->b, "header select", "surrogate");
    browser_click(p->b, "th .sort");
    browser_wait(p->b, "return document.querySelector('[aria-sort]') !== null");
    browser_click(p->b, ".head button:last-of-type"); /* Cancel */
    browser_click(p->b, "dialog .danger");
    browser_see(p->b, "h1 .badge", "cancelled");
    browser_see(p->b, ".tiles", "Cancelled");
    browser_wait(p->b, "return document.querySelector('[aria-sort]') !== null && "
                       "document.querySelector('header select').value === '/neuron/surrogate'");
    answer_clear(&a);
    page_done(p);
}

/* The table of jobs that are compared tells what they have become. */
static void compare__job_that_ends__is_told(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char hash[120], path[80], id[32];

    daemon_submit(p->d, LONG_JOB, id);
    snprintf(hash, sizeof hash, "#/compare?jobs=%s,job_01HZZZZZZZZZZZZZZZZZZZZZZZ", id);
    page_open(p, hash);
    browser_see(p->b, ".sub", "1 job of those asked for: deleted meanwhile");
    browser_see(p->b, "td .badge", "running");
    browser_forget(
        p->b); /* the one that is gone stands in the console, as the browser's own word */
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", id);
    daemon_post(p->d, &a, path, "{}", 202);
    browser_see(p->b, "td .badge", "cancelled");
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sweep__paused_and_resumed__says_so),
        TEST(sweep__goes_on__leaves_its_reader_alone),
        TEST(compare__job_that_ends__is_told),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
