/* SPDX-License-Identifier: MIT */
#include "server/tokens.h"

#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t now_ms;

static int64_t tell_ms(void)
{
    return now_ms;
}

static const struct srv_clock hand_clock = {tell_ms, tell_ms};

static void pass_time(void)
{
    now_ms += 1000;
}

struct place {
    char *dir;
    char path[512];
    struct srv_tokens *tokens;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->dir = tmpdir_create();
    snprintf(p->path, sizeof p->path, "%s/tokens", p->dir);
    assert_int_equal(srv_tokens_open(&p->tokens, p->path, &hand_clock, NULL), SNN_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    srv_tokens_free(p->tokens);
    tmpdir_remove(p->dir);
    free(p);
    return 0;
}

static void find__every_token__by_its_secret_alone(void **state)
{
    static const char *const names[] = {"ann", "bob", "eve"};
    struct place *p = *state;
    char secrets[3][SRV_TOKEN_SIZE], wrong[SRV_TOKEN_SIZE], name[SRV_TOKEN_NAME];
    enum srv_scope scope;

    for (int i = 0; i < 3; i++)
        assert_int_equal(srv_token_add(secrets[i], p->path, names[i], (enum srv_scope)i, NULL),
                         SNN_OK);
    pass_time();
    for (int i = 0; i < 3; i++) {
        assert_true(srv_tokens_find(p->tokens, secrets[i], name, &scope));
        assert_string_equal(name, names[i]);
        assert_int_equal(scope, i);
        memcpy(wrong, secrets[i], sizeof wrong);
        wrong[67] = wrong[67] == '0' ? '1' : '0';
        assert_false(srv_tokens_find(p->tokens, wrong, name, &scope));
    }
    assert_false(srv_tokens_find(p->tokens, "", name, &scope));
}

static void required__file_appears__from_then_on_for_good(void **state)
{
    struct place *p = *state;
    char secret[SRV_TOKEN_SIZE], name[SRV_TOKEN_NAME];
    enum srv_scope scope;

    assert_false(srv_tokens_required(p->tokens));
    assert_int_equal(srv_token_add(secret, p->path, "ann", SRV_SCOPE_read, NULL), SNN_OK);
    pass_time();
    assert_true(srv_tokens_required(p->tokens));
    assert_true(srv_tokens_find(p->tokens, secret, name, &scope));
    /* removed, emptied, gone, broken: nobody gets in, rather than everybody */
    assert_int_equal(srv_token_remove(p->path, "ann", NULL), SNN_OK);
    pass_time();
    assert_false(srv_tokens_find(p->tokens, secret, name, &scope));
    assert_true(srv_tokens_required(p->tokens));
    assert_int_equal(unlink(p->path), 0);
    pass_time();
    assert_true(srv_tokens_required(p->tokens));
    free(tmpdir_write(p->dir, "tokens", "nonsense", 8));
    pass_time();
    assert_true(srv_tokens_required(p->tokens));
    assert_false(srv_tokens_find(p->tokens, secret, name, &scope));
}

static void open__file_is_wrong__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_tokens *t = NULL;
    struct snn_error err = {0};

    free(tmpdir_write(p->dir, "tokens", "nonsense", 8));
    assert_int_equal(srv_tokens_open(&t, p->path, &hand_clock, &err), SNN_FORMAT);
    assert_contains(err.message, "want name:scope:sha256");
    assert_null(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(find__every_token__by_its_secret_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(required__file_appears__from_then_on_for_good, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(open__file_is_wrong__is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
