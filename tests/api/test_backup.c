/* SPDX-License-Identifier: MIT */
/* GET /v1/backup; what is in it: tests/server/test_backup.c. */
#include <string.h>

#include "tests/api/world.h"
#include "tests/support/test.h"

static void call(struct world *w, struct srv_response *res)
{
    const struct srv_request req = {.method = "GET", .path = "/v1/backup", .id = "req"};
    struct api_call c = {.api = &w->api, .req = &req, .res = res};

    memset(res, 0, sizeof *res);
    api_backup(&c);
}

static void backup__one_at_a_time__is_a_stream_of_known_size(void **state)
{
    struct world *w = *state;
    struct srv_response first, second;
    char piece[4096];
    size_t all = 0, n;
    bool end = false;

    call(w, &first);
    assert_int_equal(first.status, 200);
    assert_non_null(first.stream.read);
    assert_int_equal(atomic_load(&w->api.last_backup_at), 0);
    call(*state, &second);
    assert_int_equal(second.status, 429);
    assert_non_null(strstr(second.body, "backup_under_way"));
    srv_response_clear(&second);
    while (!end && (n = first.stream.read(first.stream.user, piece, sizeof piece, false, &end)))
        all += n;
    assert_true(end);
    assert_int_equal(all, first.size);
    assert_int_equal(all % 512, 0);
    assert_true(atomic_load(&w->api.last_backup_at) > 0);
    srv_response_clear(&first);
    call(*state, &second);
    assert_int_equal(second.status, 200);
    srv_response_clear(&second); /* broken off */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backup__one_at_a_time__is_a_stream_of_known_size,
                                        world_setup, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
