/* SPDX-License-Identifier: MIT */
/* What a sweep's page lets one do to all of it. Its ranking and map: test_job_page.c. */
#include <stdio.h>

#include "tests/e2e/web/page.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"
#include "tests/support/webdriver.h"

static void sweep__paused_and_resumed__says_so(void **state)
{
    static const char sweep[] =
        "{\"base\":{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"
        "\"dense\",\"units\":10}],\"training\":{\"epochs\":99999}},\"seeds\":[1]}";
    struct page *p = *state;
    struct answer a = {.status = 0};
    char hash[80];

    daemon_post(p->d, &a, "/v1/sweeps", sweep, 201);
    snprintf(hash, sizeof hash, "#/sweep/%s", answer_text(&a, "id"));
    page_open(p, hash);
    browser_see(p->b, ".head button", "Pause");
    browser_click(p->b, ".head button");
    browser_see(p->b, "h1 .badge", "paused");
    browser_click(p->b, ".head button");
    browser_see(p->b, "h1 .badge", "running");
    snprintf(hash, sizeof hash, "/v1/sweeps/%s/cancel", answer_text(&a, "id"));
    daemon_post(p->d, &a, hash, "{}", 202);
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sweep__paused_and_resumed__says_so),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
