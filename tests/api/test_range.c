/* SPDX-License-Identifier: MIT */
/* Parts of files: Range, If-Range. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/trained.h"
#include "tests/support/test.h"

/* A part is what the whole has there; what is no part of it is said to be none. */
static void weights__range__is_that_part_of_the_file(void **state)
{
    static const struct {
        const char *range;
        long from, n; /* of a file cut to its size; n 0 = 416, -1 = the whole */
    } rows[] = {
        {"bytes=0-0", 0, 1},
        {"bytes=5-", 5, LONG_MAX},
        {"bytes=10-19", 10, 10},
        {"bytes=-7", -7, 7},
        {"bytes=-0", 0, 0},
        {"bytes=999999999-", 0, 0},
        {"bytes=-999999999999", 0, LONG_MAX},
        {"bytes=3-999999999", 3, LONG_MAX},
        {"bytes=9-3", 0, -1},
        {"bytes=0-1,4-5", 0, -1},
        {"bytes=a-b", 0, -1},
        {"lines=0-1", 0, -1},
        {"bytes=", 0, -1},
        {"bytes=-", 0, -1},
        {"bytes=5-6x", 0, -1},
        {"bytes=18446744073709551616-", 0, 0},
    };
    struct trained *t = *state;
    struct world_request r = {.query = {{"format", "safetensors"}}};
    struct world *w = trained_get(t, r, 200);
    size_t size = w->size;
    char *whole = malloc(size), tag[80];

    assert_non_null(whole);
    memcpy(whole, w->text, size);
    snprintf(tag, sizeof tag, "%s", world_header(w, "ETag"));
    assert_string_equal(world_header(w, "Accept-Ranges"), "bytes");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t from = (size_t)(rows[i].from < 0 ? (long)size + rows[i].from : rows[i].from);
        size_t n = rows[i].n == LONG_MAX ? size - from : (size_t)rows[i].n;
        char want[100];

        r.headers[0] = (struct srv_pair){"Range", rows[i].range};
        trained_get(t, r, rows[i].n == 0 ? 416 : rows[i].n < 0 ? 200 : 206);
        if (rows[i].n == 0) {
            snprintf(want, sizeof want, "bytes */%zu", size);
            assert_string_equal(world_header(w, "Content-Range"), want);
            continue;
        }
        assert_int_equal(w->size, rows[i].n < 0 ? size : n);
        assert_memory_equal(w->text, whole + from, w->size);
        if (rows[i].n < 0)
            continue;
        snprintf(want, sizeof want, "bytes %zu-%zu/%zu", from, from + n - 1, size);
        assert_string_equal(world_header(w, "Content-Range"), want);
    }
    r.headers[0].value = "bytes=1-2";
    r.headers[1] = (struct srv_pair){"If-Range", "\"another\""};
    trained_get(t, r, 200); /* a part of what is not there any more is no use */
    r.headers[1].value = tag;
    trained_get(t, r, 206);
    free(whole);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, trained_setup, trained_teardown)
    const struct CMUnitTest tests[] = {
        TEST(weights__range__is_that_part_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
