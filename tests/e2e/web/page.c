/* SPDX-License-Identifier: MIT */
#include "tests/e2e/web/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

/* One browser for all tests of the program: it takes longer to start than most of them. */
static struct browser browser;

int page_group_setup(void **state)
{
    (void)state;
    browser_start(&browser);
    return 0;
}

int page_group_teardown(void **state)
{
    (void)state;
    browser_stop(&browser);
    return 0;
}

int page_setup(void **state)
{
    struct page *p = calloc(1, sizeof *p);
    void *daemon = NULL;

    assert_non_null(p);
    assert_int_equal(daemon_setup(&daemon), 0);
    p->d = daemon;
    p->b = &browser;
    *state = p;
    browser_forget(p->b);
    browser_look(p->b, 1360, 900, false);
    return 0;
}

int page_teardown(void **state)
{
    struct page *p = *state;
    void *daemon = p->d;

    browser_open(p->b, "about:blank"); /* else it asks for the daemon that is gone */
    daemon_teardown(&daemon);
    free(p);
    return 0;
}

void page_open(struct page *p, const char *hash)
{
    char url[300];

    browser_open(p->b, "about:blank");
    snprintf(url, sizeof url, "%s/%s", p->d->url, hash);
    browser_open(p->b, url);
    browser_wait(p->b, "return document.querySelector('main h1') !== null");
}

void page_done(struct page *p)
{
    browser_check_quiet(p->b, p->d->url);
}
