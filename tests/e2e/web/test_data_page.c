/* SPDX-License-Identifier: MIT */
/* Data sets and the system, as somebody looks at them; data of one's own, dropped on the page. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

static void datasets__chosen_files__are_uploaded_and_shown(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};
    char paths[2][300], both[620];

    for (int i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/mine-%s.csv", p->d->dir, i ? "test" : "train");
        FILE *f = fopen(paths[i], "w");
        assert_non_null(f);
        for (int row = 0; row < 12; row++)
            fprintf(f, "%g,%g,%d\n", row % 3 / 2.0, row % 2 / 1.0, row % 3);
        assert_int_equal(fclose(f), 0);
    }
    page_open(p, "#/datasets");
    browser_see(p->b, "tbody", "digits");
    snprintf(both, sizeof both, "%s\n%s", paths[0], paths[1]);
    browser_type(p->b, "#files", both);
    browser_see(p->b, "form", "mine-train.csv");
    browser_shot(p->b, "datasets-upload");
    browser_click(p->b, "form button[type=submit]");
    browser_see(p->b, "tbody", "mine");
    browser_see(p->b, "h2", "Samples of mine");
    browser_see(p->b, ".samples figcaption", "class 2");
    daemon_get(p->d, &a, "/v1/datasets/mine", 200);
    assert_string_equal(answer_text(&a, "status"), "ready");
    assert_int_equal(json_array_size(answer_at(&a, "files")), 2);
    browser_click(p->b, "[aria-label='Delete mine']");
    browser_click(p->b, "dialog .danger");
    browser_wait(p->b, "return ![...document.querySelectorAll('tbody strong')].some(e => "
                       "e.textContent === 'mine')");
    answer_clear(&a);
    page_done(p);
}

static void datasets__file_that_is_dropped_and_wrong__says_why(void **state)
{
    struct page *p = *state;

    page_open(p, "#/datasets");
    browser_see(p->b, "tbody", "digits");
    json_decref(browser_run(
        p->b,
        "const data = new DataTransfer();"
        "data.items.add(new File(['1,2,x\\n3,oops,1\\n'], 'bad-train.csv'));"
        "document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, "
        "bubbles: true, cancelable: true}))",
        ""));
    browser_see(p->b, "form", "bad-train.csv");
    browser_click(p->b, "form button[type=submit]");
    browser_see(p->b, ".problem", "oops");
    browser_shot(p->b, "datasets-refused");
    browser_forget(p->b); /* the refusal stands in the console, as the browser's own word */
}

static void datasets__built_in_samples__are_pictures(void **state)
{
    struct page *p = *state;

    page_open(p, "#/datasets");
    browser_click(p->b, "[aria-label='Samples of digits']");
    browser_wait(p->b, "return document.querySelectorAll('.samples canvas').length === 40");
    browser_shot(p->b, "datasets-samples");
    page_done(p);
}

static void system__page__tells_what_serves(void **state)
{
    struct page *p = *state;
    struct answer a = {.status = 0};

    daemon_get(p->d, &a, "/v1/system", 200);
    page_open(p, "#/system");
    browser_see(p->b, ".tiles", answer_text(&a, "version"));
    browser_see(p->b, ".tiles", answer_text(&a, "instruction_set"));
    browser_see(p->b, "h2", "Workers");
    browser_shot(p->b, "system");
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, page_setup, page_teardown)
    const struct CMUnitTest tests[] = {
        TEST(datasets__chosen_files__are_uploaded_and_shown),
        TEST(datasets__file_that_is_dropped_and_wrong__says_why),
        TEST(datasets__built_in_samples__are_pictures),
        TEST(system__page__tells_what_serves),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
