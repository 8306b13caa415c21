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
    browser_wait(p->b, "return document.querySelector('canvas.sample') !== null");
    browser_shot(p->b, "job-spikes");
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
        TEST(job__spikes_of_a_sample__are_those_of_the_api),
        TEST(sweep__over_two_fields__is_ranked_and_mapped),
        TEST(compare__two_jobs__are_lines_and_differences),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
