/* SPDX-License-Identifier: MIT */
/* A daemon with tokens: asked for, kept by the tab, said where they are not enough. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

/* Made by spikectl, as whoever runs the daemon makes it. */
static void add_token(struct page *p, const char *name, const char *scope, char out[128])
{
    char command[700];
    FILE *f;

    snprintf(command, sizeof command, "%s token add %s %s --data-dir %s/data",
             getenv("SPIKECTL_BIN"), name, scope, p->d->dir);
    f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(out, 128, f));
    assert_int_equal(pclose(f), 0);
    out[strcspn(out, "\n")] = '\0';
}

static void give(struct page *p, const char *token)
{
    browser_see(p->b, "dialog h2", "wants a token");
    browser_fill(p->b, "#token-given", token);
    browser_keys(p->b, KEY_ENTER);
}

static void see_no_dialog(struct page *p)
{
    browser_wait(p->b, "return document.querySelector('dialog') === null");
}

/* A window of the browser that is not this one; its handle, the caller's. */
static json_t *new_tab(struct page *p)
{
    json_t *made = browser_tell(p->b, "POST", "/window/new", json_pack("{s:s}", "type", "tab"));
    json_t *handle = json_incref(json_object_get(made, "handle"));

    json_decref(made);
    return handle;
}

static void switch_to(struct page *p, json_t *handle)
{
    json_decref(browser_tell(p->b, "POST", "/window", json_pack("{s:O}", "handle", handle)));
}

static void token__asked_for_once__is_kept_by_the_tab_and_no_other(void **state)
{
    struct page *p = *state;
    json_t *here, *there;
    char reader[128];

    daemon_stop(p->d, SIGTERM);
    add_token(p, "reader", "read", reader);
    daemon_start(p->d, NULL);
    page_open(p, "#/jobs");
    browser_see(p->b, "dialog h2", "wants a token");
    browser_wait(p->b, "return document.querySelectorAll('dialog').length === 1");
    browser_shot(p->b, "token");
    give(p, "spk_wrong");
    browser_see(p->b, "dialog .problem", "none that this server knows");
    browser_shot(p->b, "token-wrong");
    give(p, reader);
    browser_see(p->b, ".note", "No jobs yet");
    see_no_dialog(p);
    browser_see(p->b, "#connection", "live"); /* the stream of events too */
    browser_wait(p->b, "return !document.getElementById('token').hidden && "
                       "localStorage.length === 0 && document.cookie === ''");
    browser_forget(p->b); /* the refusals stand in the console, as the browser's own word */
    page_open(p, "#/system");
    browser_see(p->b, "h2", "Workers");
    see_no_dialog(p);
    page_done(p);
    here = browser_tell(p->b, "GET", "/window", NULL);
    there = new_tab(p);
    switch_to(p, there);
    page_open(p, "#/jobs");
    browser_see(p->b, "dialog h2", "wants a token");
    json_decref(browser_tell(p->b, "DELETE", "/window", NULL));
    switch_to(p, here);
    json_decref(there);
    json_decref(here);
    browser_forget(p->b);
}

static void token__not_enough_or_not_given__is_said_on_the_page(void **state)
{
    struct page *p = *state;
    char reader[128], writer[128];

    daemon_stop(p->d, SIGTERM);
    add_token(p, "reader", "read", reader);
    add_token(p, "writer", "write", writer);
    daemon_start(p->d, NULL);
    page_open(p, "#/jobs");
    give(p, reader);
    see_no_dialog(p);
    page_open(p, "#/new");
    browser_see(p->b, ".tiles", "Parameters");
    browser_click(p->b, "button[type=submit]");
    browser_see(p->b, ".problem", "the token reader has the scope read, want write");
    browser_shot(p->b, "token-not-enough");
    browser_click(p->b, "#token"); /* forgotten: asked for anew */
    browser_see(p->b, "dialog h2", "wants a token");
    browser_keys(p->b, "\uE00C"); /* Escape */
    see_no_dialog(p);
    browser_see(p->b, ".problem", "want a token");
    browser_click(p->b, ".problem button");
    give(p, writer);
    browser_see(p->b, ".tiles", "Parameters");
    browser_click(p->b, "button[type=submit]");
    browser_see(p->b, "h1 .badge", "succeeded");
    browser_click(p->b, "#token"); /* for whoever tests next */
    browser_forget(p->b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(token__asked_for_once__is_kept_by_the_tab_and_no_other),
        TEST(token__not_enough_or_not_given__is_said_on_the_page),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
