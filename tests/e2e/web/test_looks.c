/* SPDX-License-Identifier: MIT */
/* The pages in every size and theme, with jobs that are over, run and wait, each left as a picture:
 * nothing overflows, all text stands out from what is behind it (WCAG 2.1 AA), and all that can be
 * used has a name. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

#define JOB(name, epochs, more)                                                                    \
    "{\"name\":\"" name "\",\"metadata\":{\"paper\":\"fig1\"},\"dataset\":{\"name\":\"digits\"},"  \
    "\"layers\":[{\"kind\":\"dense\",\"units\":16},{\"kind\":\"dense\",\"units\":10}],"            \
    "\"encoding\":{\"kind\":\"rate\",\"time_steps\":8},\"training\":{\"epochs\":" epochs           \
    ",\"validation_fraction\":0.1" more "},\"diagnostics\":{\"every_steps\":5}}"
/* Its first loss is not a number any more. */
#define DIVERGES ",\"optimizer\":{\"kind\":\"sgd\",\"learning_rate\":1e9}"
#define SWEEP                                                                                      \
    "{\"name\":\"a sweep\",\"base\":{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"     \
    "\"dense\",\"units\":10}],\"encoding\":{\"time_steps\":2},\"training\":{\"epochs\":1}},"       \
    "\"grid\":{\"/neuron/surrogate\":[\"sigmoid\",\"arctan\"],\"/neuron/tau\":[2,4]},"             \
    "\"seeds\":[1,2]}"

/* What is wider than the page, other than what scrolls by itself. */
static const char overflow[] =
    "if (document.documentElement.scrollWidth <= innerWidth) return '';"
    "return [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right "
    "> innerWidth + 1 && !e.closest('.scroll, .tabs')).slice(0, 3).map((e) => e.outerHTML.slice(0, "
    "120)).join(' | ') || 'something'";

/* Colours are put over one another by the browser itself, from the page up to the text. */
static const char contrast[] =
    "const c = Object.assign(document.createElement('canvas'), {width: 1, height: 1})"
    "  .getContext('2d', {willReadFrequently: true});"
    "const put = (color, alpha) => { c.globalAlpha = alpha; c.fillStyle = color; c.fillRect(0, 0, "
    "1, "
    "1); return [...c.getImageData(0, 0, 1, 1).data]; };"
    "const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + "
    "0.055)"
    " / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };"
    "const seen = new Map();"
    "const ratio = (styles) => {"
    "  const key = styles.map((s) => s.backgroundColor + s.opacity).join() + styles[0].color;"
    "  if (!seen.has(key)) {"
    "    let under; for (const s of [...styles].reverse()) under = put(s.backgroundColor, 1);"
    "    const alpha = styles.reduce((a, s) => a * Number(s.opacity), 1);"
    "    const over = put(styles[0].color, alpha), [a, b] = [light(under), light(over)];"
    "    seen.set(key, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));"
    "  }"
    "  return seen.get(key);"
    "};"
    "const bad = [];"
    "for (const e of document.querySelectorAll('body *')) {"
    "  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;"
    "  if (!e.checkVisibility() || e.closest('svg, canvas, .unseen, .skip, :disabled, option, "
    "noscript')) continue;"
    "  const styles = []; for (let up = e; up; up = up.parentElement) "
    "styles.push(getComputedStyle(up));"
    "  const size = parseFloat(styles[0].fontSize), bold = styles[0].fontWeight >= 700;"
    "  const want = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5, got = ratio(styles);"
    "  if (got < want) bad.push(`${e.tagName}.${e.className} \"${e.textContent.slice(0, 30)}\" "
    "${got.toFixed(2)}`);"
    "}"
    "return [...new Set(bad)].slice(0, 6).join(' | ')";

/* What a screen reader has to call it by; a placeholder is none. */
static const char nameless[] =
    "return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, "
    "[role=img], [role=radiogroup], [tabindex=\"0\"], table, dialog')].filter((e) => {"
    "  if (!e.checkVisibility()) return false;"
    "  const by = e.getAttribute('aria-labelledby');"
    "  const text = e.matches('select, input, textarea') ? '' : e.matches('table') ? "
    "e.caption?.textContent : e.textContent;"
    "  return ![e.getAttribute('aria-label'), by && document.getElementById(by)?.textContent, "
    "...[...(e.labels ?? [])].map((l) => l.textContent), text].some((t) => t?.trim());"
    "}).slice(0, 4).map((e) => e.outerHTML.slice(0, 120)).join(' | ')";

static void expect_nothing(struct page *p, const char *what, const char *where, const char *script)
{
    json_t *found = browser_run(p->b, script, "");

    if (!json_is_string(found) || json_string_length(found) > 0)
        fail_msg("%s, %s: %s", where, what, json_string_value(found));
    json_decref(found);
}

static void look_at(struct page *p, const char *hash, const char *name)
{
    static const struct {
        const char *name;
        int width, height;
        bool dark;
    } looks[] = {{"wide-light", 1360, 900, false},
                 {"wide-dark", 1360, 900, true},
                 {"narrow-light", 360, 780, false},
                 {"narrow-dark", 360, 780, true}};

    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        char shot[80];

        browser_look(p->b, looks[i].width, looks[i].height, looks[i].dark);
        page_open(p, hash);
        browser_wait(p->b, "return document.querySelector('main .card') !== null && "
                           "![...document.querySelectorAll('.busy')].some((e) => !e.hidden && "
                           "e.textContent.startsWith('Loading'))");
        browser_wait(p->b, "return [...document.querySelectorAll('.drawn canvas, .chart canvas')]"
                           ".every((c) => c.width && new Uint32Array(c.getContext('2d')."
                           "getImageData(0, 0, c.width, c.height).data.buffer).some((v) => v))");
        snprintf(shot, sizeof shot, "%s-%s", name, looks[i].name);
        browser_shot(p->b, shot);
        expect_nothing(p, "wider than the page", shot, overflow);
        expect_nothing(p, "too little contrast", shot, contrast);
        expect_nothing(p, "without a name", shot, nameless);
    }
}

static void looks__pages__in_every_size_and_theme(void **state)
{
    static const char *const pages[] = {"jobs", "new", "compare", "datasets", "system"};
    struct page *p = *state;
    char hash[80];

    /* As they are before anybody has done anything. */
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char name[40];

        snprintf(hash, sizeof hash, "#/%s", pages[i]);
        snprintf(name, sizeof name, "empty-%s", pages[i]);
        look_at(p, hash, name);
    }
    page_done(p);
}

static void looks__jobs_at_work__in_every_size_and_theme(void **state)
{
    static const char *const parts[] = {"",          "gradients", "activity", "spikes",
                                        "confusion", "config",    "events"};
    struct page *p = *state;
    struct answer a = {.status = 0};
    char over[32], failed[32], runs[32], sweep[40], hash[120], name[60];

    daemon_submit(p->d, JOB("over", "6", ""), over);
    daemon_wait(p->d, &a, over, "succeeded");
    daemon_submit(p->d, JOB("diverges", "4", DIVERGES), failed);
    daemon_wait(p->d, &a, failed, NULL);
    daemon_post(p->d, &a, "/v1/sweeps", SWEEP, 201);
    snprintf(sweep, sizeof sweep, "%s", answer_text(&a, "id"));
    daemon_submit(p->d, JOB("runs, and has a name that is long enough to be broken", "100000", ""),
                  runs);
    daemon_wait_epoch(p->d, runs, 2);
    look_at(p, "#/jobs", "jobs");
    look_at(p, "#/jobs?text=nothing+like+it", "jobs-none");
    look_at(p, "#/new?sweep=1", "new-sweep");
    snprintf(hash, sizeof hash, "#/compare?jobs=%s,%s,%s", over, failed, runs);
    look_at(p, hash, "compare");
    snprintf(hash, sizeof hash, "#/sweep/%s", sweep);
    look_at(p, hash, "sweep");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(hash, sizeof hash, "#/job/%s/%s", over, parts[i]);
        snprintf(name, sizeof name, "job-%s", parts[i][0] ? parts[i] : "overview");
        look_at(p, hash, name);
    }
    snprintf(hash, sizeof hash, "#/job/%s", runs);
    look_at(p, hash, "job-running");
    snprintf(hash, sizeof hash, "#/job/%s", failed);
    look_at(p, hash, "job-diverged");
    snprintf(hash, sizeof hash, "/v1/jobs/%s/cancel", runs);
    daemon_post(p->d, &a, hash, "{}", 202);
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(looks__pages__in_every_size_and_theme),
        TEST(looks__jobs_at_work__in_every_size_and_theme),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
