/* SPDX-License-Identifier: MIT */
/* WebDriver over libcurl: https://www.w3.org/TR/webdriver2/, and the log endpoints of chromedriver.
 */
#include "tests/support/webdriver.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define WAIT_SECONDS 60 /* generous: only a page that hangs reaches it */
#define POLL_MS 50
#define ELEMENT                                                                                    \
    "element-6066-11e4-a52e-4f735466cecf" /* the key of an element's id, by the standard */

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* --------------------------------------------------------------------------------- requests -- */

static size_t take(char *bytes, size_t size, size_t n, void *user)
{
    return fwrite(bytes, size, n, user) * size;
}

/* The answer's value, or NULL with `*why` (malloc'ed) told. `body` is stolen. */
static json_t *ask(struct browser *b, const char *method, const char *path, json_t *body,
                   char **why)
{
    char url[400], *text = NULL, *sent = body ? json_dumps(body, 0) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    long status = 0;

    assert_non_null(to);
    snprintf(url, sizeof url, "%s%s", b->driver, path);
    curl_easy_reset(b->curl);
    curl_easy_setopt(b->curl, CURLOPT_URL, url);
    curl_easy_setopt(b->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(b->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(b->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(b->curl, CURLOPT_WRITEDATA, to);
    if (sent)
        curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, sent);
    CURLcode code = curl_easy_perform(b->curl);
    curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &status);
    fclose(to);
    curl_slist_free_all(headers);
    free(sent);
    json_decref(body);
    json_t *answer = code == CURLE_OK ? json_loadb(text, size, JSON_DECODE_ANY, NULL) : NULL;
    json_t *value = json_incref(json_object_get(answer, "value"));
    json_decref(answer);
    if (status == 200 && value) {
        free(text);
        return value;
    }
    json_decref(value);
    *why = text;
    return NULL;
}

json_t *browser_tell(struct browser *b, const char *method, const char *path, json_t *body)
{
    char whole[300], *why = NULL;
    json_t *value;

    snprintf(whole, sizeof whole, "%s%s", b->session, path);
    value = ask(b, method, whole, body, &why);
    if (!value) {
        fprintf(stderr, "%s %s: %.800s\n", method, path, why ? why : "no answer");
        free(why);
        if (strcmp(path, "/screenshot") != 0)
            browser_shot(b, "failed");
        fail_msg("the browser could not do it");
    }
    return value;
}

static void tell_only(struct browser *b, const char *method, const char *path, json_t *body)
{
    json_decref(browser_tell(b, method, path, body));
}

void browser_open(struct browser *b, const char *url)
{
    tell_only(b, "POST", "/url", json_pack("{s:s}", "url", url));
}

/* ------------------------------------------------------------------------------------ start -- */

/* In the child: does not return. */
static void run_driver(const char *log, int out, pid_t parent)
{
    int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it takes the browser with it */
    if (getppid() == parent && err >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0)
        execlp("chromedriver", "chromedriver", "--port=0", (char *)NULL);
    _exit(127);
}

/* The driver names the port it took on one of its first lines. */
static int read_port(int in)
{
    static const char mark[] = "successfully on port ";
    FILE *from = fdopen(in, "r");
    char line[300];
    int port = 0;

    assert_non_null(from);
    while (port == 0 && fgets(line, sizeof line, from)) {
        const char *at = strstr(line, mark);
        if (at)
            port = (int)strtol(at + sizeof mark - 1, NULL, 10);
    }
    fclose(from);
    return port;
}

static json_t *capabilities(const struct browser *b)
{
    static const char *const flags[] = {"--headless",
                                        "--no-sandbox",
                                        "--disable-gpu",
                                        "--disable-quic",
                                        "--no-first-run",
                                        "--disable-background-networking",
                                        "--disable-component-update",
                                        "--disable-sync",
                                        "--hide-scrollbars",
                                        "--window-size=1360,900"};
    char profile[600];
    json_t *args = json_array();

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        json_array_append_new(args, json_string(flags[i]));
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", b->dir);
    json_array_append_new(args, json_string(profile));
    return json_pack("{s:{s:{s:{s:o}, s:{s:s, s:s}}}}", "capabilities", "alwaysMatch",
                     "goog:chromeOptions", "args", args, "goog:loggingPrefs", "browser", "ALL",
                     "performance", "ALL");
}

void browser_start(struct browser *b)
{
    char log[600], *why = NULL;
    pid_t parent = getpid();
    int out[2], port;

    *b = (struct browser){.dir = tmpdir_create(), .curl = curl_easy_init()};
    assert_non_null(b->curl);
    snprintf(log, sizeof log, "%s/driver.log", b->dir);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    b->pid = fork();
    assert_true(b->pid >= 0);
    if (b->pid == 0)
        run_driver(log, out[1], parent);
    close(out[1]);
    port = read_port(out[0]);
    if (port == 0)
        fail_msg("chromedriver did not start: want Debian's chromium-driver (make deps-check)");
    snprintf(b->driver, sizeof b->driver, "http://127.0.0.1:%d", port);
    json_t *made = ask(b, "POST", "/session", capabilities(b), &why);
    if (!made)
        fail_msg("no session with chromium: %.600s", why ? why : "no answer");
    snprintf(b->session, sizeof b->session, "/session/%s",
             json_string_value(json_object_get(made, "sessionId")));
    json_decref(made);
    browser_open(b, "about:blank"); /* instead of the browser's own first page */
}

void browser_stop(struct browser *b)
{
    char *why = NULL;

    if (b->session[0])
        json_decref(ask(b, "DELETE", b->session, NULL, &why));
    free(why);
    if (b->pid > 0) {
        kill(b->pid, SIGTERM);
        while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    curl_easy_cleanup(b->curl);
    tmpdir_remove(b->dir);
}

/* ------------------------------------------------------------------------------------- page -- */

static void devtools(struct browser *b, const char *command, json_t *params)
{
    tell_only(b, "POST", "/goog/cdp/execute",
              json_pack("{s:s, s:o}", "cmd", command, "params", params));
}

void browser_look(struct browser *b, int width, int height, bool dark)
{
    devtools(b, "Emulation.setDeviceMetricsOverride",
             json_pack("{s:i, s:i, s:i, s:b}", "width", width, "height", height,
                       "deviceScaleFactor", 1, "mobile", width < 700));
    devtools(b, "Emulation.setEmulatedMedia",
             json_pack("{s:[{s:s, s:s}]}", "features", "name", "prefers-color-scheme", "value",
                       dark ? "dark" : "light"));
}

json_t *browser_run(struct browser *b, const char *script, const char *argument)
{
    return browser_tell(b, "POST", "/execute/sync",
                        json_pack("{s:s, s:[s]}", "script", script, "args", argument));
}

static bool is_true(json_t *value)
{
    bool yes = json_is_true(value) || (json_is_string(value) && json_string_length(value) > 0);

    json_decref(value);
    return yes;
}

static void wait_for(struct browser *b, const char *script, const char *argument)
{
    time_t end = time(NULL) + WAIT_SECONDS;

    while (!is_true(browser_run(b, script, argument))) {
        if (time(NULL) > end) {
            browser_shot(b, "failed");
            fail_msg("the page never came so far: %s (%s)", script, argument);
        }
        pause_ms(POLL_MS);
    }
}

void browser_wait(struct browser *b, const char *script)
{
    wait_for(b, script, "");
}

void browser_see(struct browser *b, const char *selector, const char *text)
{
    char script[600];

    snprintf(script, sizeof script,
             "return [...document.querySelectorAll('%s')].some(e => "
             "e.textContent.includes(arguments[0]))",
             selector);
    wait_for(b, script, text);
}

/* ------------------------------------------------------------------------------------- user -- */

/* The path of a command of the first element there is of the selector; waits for it. */
static void element_path(struct browser *b, const char *selector, const char *command,
                         char path[160])
{
    wait_for(b, "return document.querySelector(arguments[0]) !== null", selector);
    json_t *found = browser_tell(
        b, "POST", "/element", json_pack("{s:s, s:s}", "using", "css selector", "value", selector));

    snprintf(path, 160, "/element/%s/%s", json_string_value(json_object_get(found, ELEMENT)),
             command);
    json_decref(found);
}

void browser_click(struct browser *b, const char *selector)
{
    char path[160];

    element_path(b, selector, "click", path);
    tell_only(b, "POST", path, json_object());
}

void browser_type(struct browser *b, const char *selector, const char *text)
{
    char path[160];

    element_path(b, selector, "value", path);
    tell_only(b, "POST", path, json_pack("{s:s}", "text", text));
}

void browser_fill(struct browser *b, const char *selector, const char *text)
{
    char path[160];

    element_path(b, selector, "clear", path);
    tell_only(b, "POST", path, json_object());
    browser_type(b, selector, text);
}

/* Bytes of the UTF-8 character at `text`. */
static size_t character(const char *text)
{
    size_t n = 1;

    while (((unsigned char)text[n] & 0xC0) == 0x80)
        n++;
    return n;
}

void browser_keys(struct browser *b, const char *text)
{
    json_t *keys = json_array();

    for (size_t n; *text; text += n) {
        n = character(text);
        json_array_append_new(keys, json_pack("{s:s, s:s%}", "type", "keyDown", "value", text, n));
        json_array_append_new(keys, json_pack("{s:s, s:s%}", "type", "keyUp", "value", text, n));
    }
    tell_only(b, "POST", "/actions",
              json_pack("{s:[{s:s, s:s, s:o}]}", "actions", "type", "key", "id", "keyboard",
                        "actions", keys));
}
