/* SPDX-License-Identifier: MIT */
/* What a page looks like, and what it did behind its looks: pictures, console, requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/support/test.h"
#include "tests/support/webdriver.h"

/* ------------------------------------------------------------------------------------ shots -- */

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

void browser_shot(struct browser *b, const char *name)
{
    const char *folder = getenv("SPIKED_SCREENSHOTS");
    json_t *picture = browser_tell(b, "GET", "/screenshot", NULL);
    const char *text = json_string_value(picture);
    char path[600];
    unsigned bits = 0;
    int n = 0;

    folder = folder ? folder : "build/screenshots";
    mkdir("build", 0777);
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    FILE *to = fopen(path, "wb");
    for (; to && text && *text && sextet(*text) >= 0; text++) {
        bits = bits << 6 | (unsigned)sextet(*text);
        n += 6;
        if (n >= 8)
            fputc((int)(bits >> (n -= 8) & 0xFF), to);
    }
    if (to)
        fclose(to);
    json_decref(picture);
}

/* ------------------------------------------------------------------------------------- logs -- */

static json_t *read_log(struct browser *b, const char *type)
{
    return browser_tell(b, "POST", "/se/log", json_pack("{s:s}", "type", type));
}

static void check_console(struct browser *b)
{
    json_t *log = read_log(b, "browser"), *entry;
    size_t i;

    json_array_foreach(log, i, entry)
    {
        const char *level = json_string_value(json_object_get(entry, "level"));
        if (level && strcmp(level, "SEVERE") == 0)
            fail_msg("the console has: %s", json_string_value(json_object_get(entry, "message")));
    }
    json_decref(log);
}

/* What is no request to anybody: pictures of the page's own, and the empty page. */
static bool stays_inside(const char *url)
{
    return strncmp(url, "data:", 5) == 0 || strncmp(url, "blob:", 5) == 0 ||
           strncmp(url, "about:", 6) == 0;
}

/* The URL of a performance entry that is a request of the page; "" for any other. */
static const char *requested(json_t *message)
{
    json_t *inner = json_object_get(message, "message");
    const char *method = json_string_value(json_object_get(inner, "method"));
    json_t *request = json_object_get(json_object_get(inner, "params"), "request");
    const char *url = json_string_value(json_object_get(request, "url"));

    return method && url && strcmp(method, "Network.requestWillBeSent") == 0 ? url : "";
}

void browser_forget(struct browser *b)
{
    json_decref(read_log(b, "performance"));
    json_decref(read_log(b, "browser"));
}

void browser_check_quiet(struct browser *b, const char *own)
{
    json_t *log = read_log(b, "performance"), *entry;
    size_t i, requests = 0;

    json_array_foreach(log, i, entry)
    {
        const char *text = json_string_value(json_object_get(entry, "message"));
        json_t *message = text ? json_loads(text, 0, NULL) : NULL;
        const char *url = requested(message);

        if (url[0] && !stays_inside(url)) {
            requests++;
            if (strncmp(url, own, strlen(own)) != 0)
                fail_msg("the page asked for %s, want nothing but %s", url, own);
        }
        json_decref(message);
    }
    json_decref(log);
    assert_true(requests > 0); /* else the log is not what this takes it for */
    check_console(b);
}
