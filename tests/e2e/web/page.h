/* SPDX-License-Identifier: MIT */
/* The dashboard of a daemon of its own, in a browser that the tests of a program share. */
#ifndef TESTS_E2E_WEB_PAGE_H
#define TESTS_E2E_WEB_PAGE_H

#include "tests/support/daemon.h"
#include "tests/support/webdriver.h"

struct page {
    struct daemon *d;
    struct browser *b;
};

/* For cmocka, of the group and of each test: *state becomes a struct page. */
int page_group_setup(void **state);
int page_group_teardown(void **state);
int page_setup(void **state);
int page_teardown(void **state);

/* Opens "#/jobs" and the like, anew, and waits for its heading. */
void page_open(struct page *p, const char *hash);
/* The test is over: no error in the console, no request to anybody else. */
void page_done(struct page *p);

#endif
