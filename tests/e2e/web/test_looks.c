/* SPDX-License-Identifier: MIT */
/* The pages in every size and theme, each left as a picture. */
#include <stdio.h>

#include "tests/e2e/web/page.h"
#include "tests/support/test.h"

#define SHORT                                                                                      \
    "{\"name\":\"short\",\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\","       \
    "\"units\":16},{\"kind\":\"dense\",\"units\":10}],\"encoding\":{\"time_steps\":2},"            \
    "\"training\":{\"epochs\":2}}"

static void looks__every_size_and_theme__nothing_overflows(void **state)
{
    static const struct {
        const char *name;
        int width, height;
        bool dark;
    } looks[] = {{"wide-light", 1360, 900, false},
                 {"wide-dark", 1360, 900, true},
                 {"narrow-light", 390, 844, false},
                 {"narrow-dark", 390, 844, true}};
    static const char *const pages[] = {"jobs", "new", "compare", "datasets", "system"};
    struct page *p = *state;
    struct answer a = {.status = 0};
    char id[32], name[60];

    daemon_submit(p->d, SHORT, id);
    daemon_wait(p->d, &a, id, "succeeded");
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        for (size_t k = 0; k < sizeof looks / sizeof looks[0]; k++) {
            browser_look(p->b, looks[k].width, looks[k].height, looks[k].dark);
            snprintf(name, sizeof name, "#/%s", pages[i]);
            page_open(p, name);
            browser_wait(p->b, "return document.querySelector('tbody tr, .tiles, .note') !== null");
            browser_wait(p->b, "return document.documentElement.scrollWidth <= innerWidth");
            snprintf(name, sizeof name, "%s-%s", pages[i], looks[k].name);
            browser_shot(p->b, name);
        }
    answer_clear(&a);
    page_done(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(looks__every_size_and_theme__nothing_overflows, page_setup,
                                        page_teardown),
    };
    return cmocka_run_group_tests(tests, page_group_setup, page_group_teardown);
}
