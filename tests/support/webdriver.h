/* SPDX-License-Identifier: MIT */
/* A real, headless Chromium, driven over WebDriver. Whatever cannot be done fails the running test,
 * with what was asked for and a picture of the page. */
#ifndef TESTS_SUPPORT_WEBDRIVER_H
#define TESTS_SUPPORT_WEBDRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct browser {
    char *dir; /* its profile, new and empty; its driver's log */
    char driver[64], session[80];
    pid_t pid;
    void *curl;
};

void browser_start(struct browser *b);
void browser_stop(struct browser *b);

/* Of the page's size, and whether the system wants it dark. */
void browser_look(struct browser *b, int width, int height, bool dark);
void browser_open(struct browser *b, const char *url);

/* Runs the body of a function in the page; what it returns, the caller's. `argument` is
 * arguments[0] in there, "" for none. */
json_t *browser_run(struct browser *b, const char *script, const char *argument);
/* Waits until the script returns something true. */
void browser_wait(struct browser *b, const char *script);
/* Waits for an element of that selector that has the text, anywhere in it. */
void browser_see(struct browser *b, const char *selector, const char *text);

/* As a user does it: scrolls to the first element of that selector and clicks, or types. */
void browser_click(struct browser *b, const char *selector);
void browser_type(struct browser *b, const char *selector, const char *text);
/* The same into a field that is emptied first. */
void browser_fill(struct browser *b, const char *selector, const char *text);
/* Keys without an element: to whatever has the focus. UTF-8; WebDriver's private characters are
 * keys without a letter. */
void browser_keys(struct browser *b, const char *text);
#define KEY_TAB "\uE004"
#define KEY_ENTER "\uE007"
#define KEY_SPACE " "
#define KEY_DOWN "\uE015"

/* Any other command of the session; its value, the caller's. `body` is stolen, NULL = none. */
json_t *browser_tell(struct browser *b, const char *method, const char *path, json_t *body);

/* The page as it is seen, in the folder of screenshots (SPIKED_SCREENSHOTS, or build/screenshots).
 */
void browser_shot(struct browser *b, const char *name);

/* What the page has done so far is no longer looked at. */
void browser_forget(struct browser *b);
/* Fails where the page wrote an error to the console, or asked another host than `own` for
 * anything, since the last call. */
void browser_check_quiet(struct browser *b, const char *own);

#endif
