/* SPDX-License-Identifier: MIT */
/* A job's page and the comparison of two, as somebody looks at them. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

#define JOB(name, epochs, every)                                                                   \
    "{\"name\":\"" name "\",\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","    \
    "\"time_steps\":8},\"neuron\":{\"surrogate\":\"arctan\"},\"layers\":[{\"kind\":\"dense\","     \
    "\"units\":24},{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":" #epochs           \
    ",\"validation_fraction\":0.1},\"diagnostics\":{\"every_steps\":" #every "}}"

static void open_part(struct page *p, const char *id, const char *part)
{
    char hash[80];

    snprintf(hash, sizeof hash, "#/job/%s%s", id, part);
    page_open(p, hash);
}

/* Whether the first canvas has been drawn on: more than one colour in it. */
static void see_picture(struct page *p)
{
    browser_wait(p->b, "const c = document.querySelector('.drawn canvas');"
                       "if (!c?.width) return false;"
                       "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                       "const seen = new Set();"
                       "for (let i = 0; i < d.length; i += 4)"
                       "  seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);"
                       "return seen.size > 8");
}

static void job__while_it_trains__its_histograms_grow(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], path[80];

    daemon_submit(p->d, JOB("watched", 5000, 20), id);
    daemon_wait_epoch(p->d, id, 1);
    open_part(p, id, "/gradients");
    see_picture(p);
    json_decref(browser_run(p->b,
                            "window.steps = () => Number(document.querySelector('figcaption')"
                            ".textContent.match(/([0-9]+) steps/)?.[1] ?? 0);"
                            "window.before = window.steps()",
                            ""));
    browser_wait(p->b, "return window.before > 0 && window.steps() > window.before");
    browser_shot(p->b, "job-gradients-live");
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", id);
    daemon_post(p->d, &a, path, "{}", 202);
    browser_see(p->b, "h1 .badge", "cancelled");
    answer_clear(&a);
    page_done(p);
}

static void job__views_of_histograms__are_drawn_and_told_by_keys(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32];

    daemon_submit(p->d, JOB("views", 4, 5), id);
    daemon_wait(p->d, &a, id, "succeeded");
    open_part(p, id, "/gradients");
    for (int view = 0; view < 3; view++) {
        static const char *const names[] = {"heatmap", "ridgeline", "bands"};
        char script[120], shot[40];

        browser_see(p->b, ".segments", "Ridgeline");
        snprintf(script, sizeof script,
                 "document.querySelector('.segments input[value=%s]').click()", names[view]);
        json_decref(browser_run(p->b, script, ""));
        see_picture(p);
        json_decref(browser_run(p->b, "document.querySelector('.drawn canvas').focus()", ""));
        browser_keys(p->b, KEY_DOWN);
        browser_see(p->b, ".readout", "step ");
        snprintf(shot, sizeof shot, "job-%s", names[view]);
        browser_shot(p->b, shot);
    }
    open_part(p, id, "/activity");
    browser_see(p->b, ".legend", "layer1");
    see_picture(p);
    browser_shot(p->b, "job-activity");
    open_part(p, id, "/confusion");
    browser_see(p->b, ".matrix", "Samples");
    open_part(p, id, "/config");
    browser_see(p->b, "table", "surrogate scale");
    open_part(p, id, "/events");
    browser_see(p->b, "table", "succeeded");
    answer_clear(&a);
    page_done(p);
}

/* The mouse, pressed at one share of the first canvas's width and let go at another. */
static void draw_over(struct page *p, double from, double to)
{
    char script[400];
    json_t *at, *actions;

    snprintf(
        script, sizeof script,
        "const c = document.querySelector('.drawn canvas'); c.scrollIntoView({block: 'center'});"
        "const b = c.getBoundingClientRect(), x = (f) => Math.round(b.x + 84 + f * (b.width - "
        "96)); return [x(%g), x(%g), Math.round(b.y + b.height / 2)]",
        from, to);
    at = browser_run(p->b, script, "");
    actions = json_pack(
        "{s:[{s:s,s:s,s:[{s:s,s:O,s:O},{s:s,s:i},{s:s,s:O,s:O},{s:s,s:i}]}]}", "actions", "type",
        "pointer", "id", "mouse", "actions", "type", "pointerMove", "x", json_array_get(at, 0), "y",
        json_array_get(at, 2), "type", "pointerDown", "button", 0, "type", "pointerMove", "x",
        json_array_get(at, 1), "y", json_array_get(at, 2), "type", "pointerUp", "button", 0);
    assert_non_null(actions);
    json_decref(browser_tell(p->b, "POST", "/actions", actions));
    json_decref(at);
}

/* What the caption of the first figure says: how many steps, and whether of a part. */
static void see_steps(struct page *p, const char *condition)
{
    char script[500];

    snprintf(script, sizeof script,
             "const t = document.querySelector('figcaption').textContent;"
             "const m = t.match(/([0-9]+) steps from ([0-9,]+) to ([0-9,]+)/);"
             "if (!m) return false;"
             "const [n, from, to] = m.slice(1).map((v) => Number(v.replaceAll(',', '')));"
             "const part = t.includes('a part of the run'); return %s",
             condition);
    browser_wait(p->b, script);
}

static void job__long_run__is_shown_whole_and_zoomed_into(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32];

    daemon_submit(p->d, JOB("long run", 60, 1), id); /* 1,260 steps with histograms */
    daemon_wait(p->d, &a, id, "succeeded");
    open_part(p, id, "/gradients");
    see_picture(p);
    see_steps(p, "n === 500 && to > 1200 && from < 2 && !part");
    browser_shot(p->b, "job-whole-run");
    draw_over(p, 0.5, 0.75);
    see_steps(p, "part && from > 600 && to < 980 && n === to - from + 1");
    browser_shot(p->b, "job-zoomed");
    browser_click(p->b, "[aria-label='Zoom in: Histograms']");
    see_steps(p, "part && n < 180 && n === to - from + 1");
    json_decref(browser_run(p->b, "document.querySelector('.drawn canvas').focus()", ""));
    browser_keys(p->b, "--");
    see_steps(p, "part && n > 500 * 0.75");
    browser_keys(p->b, "0");
    see_steps(p, "n === 500 && !part");
    assert_true(json_is_true(browser_run(
        p->b, "return document.querySelector(\"[aria-label^='Zoom out']\").disabled", "")));
    answer_clear(&a);
    page_done(p);
}

/* What the page saves, kept instead of saved; then whether it is whole. */
static const char keep_files[] =
    "window.files = {}; let last = null;"
    "URL.createObjectURL = (blob) => { last = blob; return 'blob:none'; };"
    "HTMLAnchorElement.prototype.click = function () {"
    "  const name = this.download; last.text().then((t) => { window.files[name] = t; }); };"
    "document.querySelectorAll('.exports button').forEach((b) => b.click());"
    "window.wanted = document.querySelectorAll('.exports button').length";
static const char check_files[] =
    "const bad = [];"
    "for (const [name, text] of Object.entries(window.files)) {"
    "  const say = (what) => bad.push(name + ': ' + what);"
    "  if (name.endsWith('.json')) { JSON.parse(text); if (text.length < 20) say(text); }"
    "  if (name.endsWith('.csv')) {"
    "    const rows = text.trim().split('\\n').map((r) => r.split(','));"
    "    if (rows.length < 3) say('no rows');"
    "    if (rows.some((r) => r.length !== rows[0].length)) say('uneven rows');"
    "  }"
    "  if (name.endsWith('.svg')) {"
    "    const d = new DOMParser().parseFromString(text, 'image/svg+xml');"
    "    if (d.querySelector('parsererror')) say('no XML');"
    "    if (d.querySelectorAll('path, rect, image').length < 3) say('empty');"
    "    if (d.querySelectorAll('text').length < 4) say('no words');"
    "    if (/NaN|undefined|var\\(/.test(text)) say(text.match(/.{40}(NaN|undefined|var\\()/)[0]);"
    "  }"
    "  if (name.endsWith('histogram.json'))"
    "    for (const e of JSON.parse(text))"
    "      if (e.triples.reduce((n, [l, r, c]) => n + (l <= r ? c : NaN), 0) !== e.count - e.nan - "
    "e.inf) say('triples of step ' + e.step);"
    "  if (name.endsWith('histogram.csv')) {"
    "    const sums = {};"
    "    for (const r of text.trim().split('\\n').slice(1).map((l) => l.split(',')))"
    "      sums[r[0]] = (sums[r[0]] ?? 0) + Number(r[5]);"
    "    const entries = JSON.parse(window.files[name.replace('.csv', '.json')]);"
    "    for (const e of entries) if (sums[e.step] !== e.count - e.nan - e.inf) say(e.step);"
    "  }"
    "  if (name.endsWith('spikes.csv')) {"
    "    const s = JSON.parse(window.files[name.replace('.csv', '.json')]);"
    "    const n = [s.input, ...s.layers].reduce((sum, l) => sum + (l.unit?.length ?? 0), 0);"
    "    if (text.trim().split('\\n').length - 1 !== n) say('not ' + n + ' spikes');"
    "  }"
    "}"
    "return bad.join('; ')";

static void job__every_picture__is_saved_as_data_and_as_picture(void **state)
{
    static const struct {
        const char *part, *ready;
        int files; /* CSV, JSON, PNG and SVG of each figure */
    } parts[] = {
        {"", "return document.querySelectorAll('.chart canvas').length >= 2", 8},
        {"/gradients", "return document.querySelectorAll('.drawn canvas').length >= 2", 12},
        {"/activity", "return document.querySelectorAll('.drawn canvas').length >= 1", 8},
        {"/confusion", "return document.querySelector('.matrix') !== null", 4},
        {"/spikes", "return document.querySelectorAll('.scores li').length === 10", 4}};
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32];

    daemon_submit(p->d, JOB("saved", 4, 5), id);
    daemon_wait(p->d, &a, id, "succeeded");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *bad;

        open_part(p, id, parts[i].part);
        browser_wait(p->b, parts[i].ready);
        browser_wait(p->b, "return [...document.querySelectorAll('.chart canvas, .drawn canvas')]"
                           ".every((c) => c.width && new Uint32Array(c.getContext('2d')."
                           "getImageData(0, 0, c.width, c.height).data.buffer).some((v) => v))");
        json_decref(browser_run(p->b, keep_files, ""));
        browser_wait(p->b, "return Object.keys(window.files).length === window.wanted");
        bad = browser_run(p->b, "return window.wanted", "");
        assert_true(json_integer_value(bad) >= parts[i].files);
        json_decref(bad);
        bad = browser_run(p->b, check_files, "");
        assert_string_equal(json_string_value(bad), "");
        json_decref(bad);
    }
    answer_clear(&a);
    page_done(p);
}

static void job__spikes_of_a_sample__are_those_of_the_api(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], path[96], want[80];

    daemon_submit(p->d, JOB("spikes", 4, 0), id);
    daemon_wait(p->d, &a, id, "succeeded");
    snprintf(path, sizeof path, "/v1/jobs/%s/spikes?sample=1", id);
    daemon_get(p->d, &a, path, 200);
    snprintf(want, sizeof want, "Class %d", (int)answer_number(&a, "label"));
    open_part(p, id, "/spikes");
    see_picture(p);
    browser_click(p->b, "[aria-label='Sample after']");
    browser_see(p->b, ".side", want);
    browser_wait(p->b, "return document.querySelectorAll('.scores li').length === 10");
    browser_wait(p->b, "return document.querySelector('canvas.sample')?.clientWidth > 50");
    browser_shot(p->b, "job-spikes");
    answer_clear(&a);
    page_done(p);
}

/* A threshold that nobody reaches: the card says so, and its button makes the job that learns. */
static void job__verdict__is_told_and_one_click_repairs_it(void **state)
{
    static const char broken[] =
        "{\"name\":\"quiet\",\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"time_steps\":8},"
        "\"neuron\":{\"surrogate\":\"arctan\",\"threshold\":50},\"layers\":[{\"kind\":\"dense\","
        "\"units\":32},{\"kind\":\"dense\",\"units\":10}],\"training\":{\"epochs\":8,"
        "\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":0.005}},\"diagnostics\":{"
        "\"every_steps\":10}}";
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], text[160];

    daemon_submit(p->d, broken, id);
    daemon_wait(p->d, &a, id, "succeeded");
    open_part(p, id, "");
    browser_see(p->b, ".verdict .badge", "critical");
    browser_see(p->b, ".verdict h3", "Dead layer");
    browser_see(p->b, ".verdict .knob code", "/neuron/threshold");
    browser_see(p->b, ".verdict details summary", "explained by it");
    browser_shot(p->b, "job-verdict");
    browser_look(p->b, 390, 900, true);
    browser_wait(p->b, "return document.documentElement.dataset.theme === 'dark'");
    browser_shot(p->b, "job-verdict-narrow-dark");
    browser_look(p->b, 1360, 900, false);
    browser_click(p->b, ".verdict .knob button");
    snprintf(text, sizeof text,
             "return location.hash.startsWith('#/job/job_') && !location.hash.includes('%s')", id);
    browser_wait(p->b, text);
    browser_see(p->b, "h1 .badge", "succeeded");
    browser_see(p->b, ".verdict .badge", "healthy");
    browser_see(p->b, "a.tag", "retry of");
    browser_shot(p->b, "job-verdict-healthy");
    snprintf(text, sizeof text, "/v1/jobs?metadata[retry_of]=%s", id);
    daemon_get(p->d, &a, text, 200);
    const json_t *made = json_array_get(answer_at(&a, "data"), 0);
    assert_int_equal(json_array_size(answer_at(&a, "data")), 1);
    assert_true(json_is_true(json_object_get(json_object_get(made, "verdict"), "healthy")));
    answer_clear(&a);
    page_done(p);
}

static void compare__two_jobs__are_lines_and_differences(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char first[32], second[32], text[120];

    daemon_submit(p->d, JOB("one", 3, 10), first);
    daemon_submit(p->d, JOB("two", 5, 10), second);
    daemon_wait(p->d, &a, first, "succeeded");
    daemon_wait(p->d, &a, second, "succeeded");
    page_open(p, "#/jobs");
    browser_click(p->b, "[aria-label='Compare one']");
    browser_click(p->b, "[aria-label='Compare two']");
    browser_see(p->b, "a.button", "Compare 2 jobs");
    json_decref(browser_run(p->b,
                            "[...document.querySelectorAll('a.button')].find(e => "
                            "e.textContent.startsWith('Compare')).click()",
                            ""));
    browser_see(p->b, "h1", "Compare");
    browser_see(p->b, ".legend", "one");
    browser_see(p->b, ".legend", "two");
    browser_see(p->b, "thead", "epochs"); /* what they differ in */
    browser_shot(p->b, "compare");
    browser_click(p->b, "[aria-label='Leave out one']");
    snprintf(text, sizeof text, "return location.hash === '#/compare?jobs=%s'", second);
    browser_wait(p->b, text);
    answer_clear(&a);
    page_done(p);
}

static void sweep__over_two_fields__is_ranked_and_mapped(void **state)
{
    static const char sweep[] =
        "{\"name\":\"scales\",\"base\":{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"
        "\"dense\",\"units\":10}],\"encoding\":{\"time_steps\":2},\"training\":{\"epochs\":1}},"
        "\"grid\":{\"/neuron/surrogate\":[\"sigmoid\",\"arctan\"],\"/neuron/tau\":[2,4]}}";
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[40], hash[60];

    daemon_post(p->d, &a, "/v1/sweeps", sweep, 201);
    snprintf(id, sizeof id, "%s", answer_text(&a, "id"));
    page_open(p, "#/compare");
    browser_see(p->b, "tbody", "scales");
    snprintf(hash, sizeof hash, "#/sweep/%s", id);
    page_open(p, hash);
    browser_see(p->b, "h1 .badge", "finished"); /* it is looked at again as its jobs end */
    browser_wait(p->b, "return document.querySelectorAll('tbody tr').length === 4");
    see_picture(p);
    browser_see(p->b, "thead", "surrogate");
    browser_shot(p->b, "sweep");
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(job__while_it_trains__its_histograms_grow),
        TEST(job__views_of_histograms__are_drawn_and_told_by_keys),
        TEST(job__long_run__is_shown_whole_and_zoomed_into),
        TEST(job__every_picture__is_saved_as_data_and_as_picture),
        TEST(job__spikes_of_a_sample__are_those_of_the_api),
        TEST(job__verdict__is_told_and_one_click_repairs_it),
        TEST(sweep__over_two_fields__is_ranked_and_mapped),
        TEST(compare__two_jobs__are_lines_and_differences),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
