/* SPDX-License-Identifier: MIT */
#include "server/token_file.h"

#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct place {
    char *dir;
    char path[512];
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->dir = tmpdir_create();
    snprintf(p->path, sizeof p->path, "%s/tokens", p->dir);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    tmpdir_remove(p->dir);
    free(p);
    return 0;
}

/* What reading a file of that text and mode says. */
static enum snn_code read_text(const struct place *p, const char *text, mode_t mode, size_t *n,
                               struct snn_error *err)
{
    struct srv_token *list = NULL;
    enum snn_code rc;

    free(tmpdir_write(p->dir, "tokens", text, strlen(text)));
    assert_int_equal(chmod(p->path, mode), 0);
    memset(err, 0, sizeof *err);
    rc = srv_token_read(&list, n, p->path, err);
    free(list);
    return rc;
}

static void read__no_file__is_no_token(void **state)
{
    struct place *p = *state;
    struct srv_token *list = NULL;
    size_t n = 7;

    assert_int_equal(srv_token_read(&list, &n, p->path, NULL), SNN_OK);
    assert_int_equal(n, 0);
    assert_null(list);
}

static void read__lines__are_checked(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: it is fine */
        size_t n;
    } rows[] = {
        {"", NULL, 0},
        {"# none\n\n", NULL, 0},
        {"ann:write:" A64 "\n", NULL, 1},
        {"ann:write:" A64, NULL, 1},
        {"ann:read:" A64 "\r\n#\nbob-2.x_:admin:" A64 "\n", NULL, 2},
        {"ann", ":1: want name:scope:sha256", 0},
        {"\nann:write\n", ":2: want name:scope:sha256", 0},
        {"ann:root:" A64 "\n", ":1: 'root' is no scope; want one of: read, write, admin", 0},
        {"a b:read:" A64 "\n", ":1: 'a b' is no name of a token", 0},
        {":read:" A64 "\n", ":1: '' is no name of a token", 0},
        {"ann:read:abc\n", ":1: 'abc' is no SHA-256", 0},
        {"ann:read:" A64 "a\n", "is no SHA-256", 0},
        {"ann:read:" A64 "\nann:admin:" A64 "\n", ":2: there is a token ann above", 0},
        {A64 A64 A64 A64 "\n", ":1: longer than 254 bytes", 0},
    };
    struct snn_error err;
    size_t n;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum snn_code rc = read_text(*state, rows[i].text, 0600, &n, &err);

        if (rows[i].want) {
            assert_int_equal(rc, SNN_FORMAT);
            assert_contains(err.message, rows[i].want);
        } else {
            assert_int_equal(rc, SNN_OK);
            assert_int_equal(n, rows[i].n);
        }
    }
}

static void read__file_that_others_may_write__is_refused(void **state)
{
    struct snn_error err;
    size_t n;

    assert_int_equal(read_text(*state, "ann:read:" A64 "\n", 0644, &n, &err), SNN_OK);
    assert_int_equal(read_text(*state, "ann:read:" A64 "\n", 0620, &n, &err), SNN_INVALID);
    assert_contains(err.message, "mode 0620");
    assert_int_equal(read_text(*state, "ann:read:" A64 "\n", 0602, &n, &err), SNN_INVALID);
    assert_int_equal(
        srv_token_read(&(struct srv_token *){NULL}, &n, ((struct place *)*state)->dir, &err),
        SNN_INVALID);
}

static void add__secret__is_known_by_its_digest_alone(void **state)
{
    struct place *p = *state;
    char secret[SRV_TOKEN_SIZE], other[SRV_TOKEN_SIZE], hex[SNN_SHA256_HEX], text[4096];
    struct srv_token *list = NULL;
    struct snn_digest d;
    struct stat st;
    size_t n;
    FILE *f;

    assert_int_equal(srv_token_add(secret, p->path, "ann", SRV_SCOPE_read, NULL), SNN_OK);
    assert_int_equal(srv_token_add(other, p->path, "bob", SRV_SCOPE_admin, NULL), SNN_OK);
    assert_int_equal(strncmp(secret, "spk_", 4), 0);
    assert_int_equal(strlen(secret), 68);
    assert_string_not_equal(secret, other);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(srv_token_read(&list, &n, p->path, NULL), SNN_OK);
    assert_int_equal(n, 2);
    snn_digest_init(&d);
    snn_digest_add(&d, secret, strlen(secret));
    snn_digest_hex(&d, hex);
    assert_string_equal(list[0].sha256, hex);
    assert_string_equal(list[1].name, "bob");
    assert_int_equal(list[1].scope, SRV_SCOPE_admin);
    free(list);
    f = fopen(p->path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_null(strstr(text, secret + 4));
}

static void add__name_that_is_taken_or_none__is_refused(void **state)
{
    struct place *p = *state;
    char secret[SRV_TOKEN_SIZE];
    struct snn_error err = {0};

    assert_int_equal(srv_token_add(secret, p->path, "ann", SRV_SCOPE_read, &err), SNN_OK);
    assert_int_equal(srv_token_add(secret, p->path, "ann", SRV_SCOPE_read, &err), SNN_INVALID);
    assert_contains(err.message, "there is a token ann already");
    memset(&err, 0, sizeof err);
    assert_int_equal(srv_token_add(secret, p->path, "a:b", SRV_SCOPE_read, &err), SNN_INVALID);
    assert_contains(err.message, "'a:b' is no name");
}

static void remove__token__leaves_the_others(void **state)
{
    struct place *p = *state;
    char secret[SRV_TOKEN_SIZE];
    struct srv_token *list = NULL;
    struct snn_error err = {0};
    size_t n;

    for (int i = 0; i < 3; i++)
        assert_int_equal(srv_token_add(secret, p->path, (const char *[]){"a", "b", "c"}[i],
                                       SRV_SCOPE_read, NULL),
                         SNN_OK);
    assert_int_equal(srv_token_remove(p->path, "b", NULL), SNN_OK);
    assert_int_equal(srv_token_remove(p->path, "b", &err), SNN_NOT_FOUND);
    assert_contains(err.message, "there is no token b");
    assert_int_equal(srv_token_read(&list, &n, p->path, NULL), SNN_OK);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "a");
    assert_string_equal(list[1].name, "c");
    free(list);
}

static void add__no_memory__leaves_the_file(void **state)
{
    struct place *p = *state;
    char secret[SRV_TOKEN_SIZE];
    bool refused = true;
    size_t n = 0, before;

    assert_int_equal(srv_token_add(secret, p->path, "ann", SRV_SCOPE_read, NULL), SNN_OK);
    for (unsigned long i = 0; refused; i++) {
        struct srv_token *list = NULL;
        enum snn_code rc;

        before = n;
        oom_fail_at(i);
        rc = srv_token_add(secret, p->path, "bob", SRV_SCOPE_read, NULL);
        refused = oom_off();
        assert_int_equal(rc, refused ? SNN_NOMEM : SNN_OK);
        assert_int_equal(srv_token_read(&list, &n, p->path, NULL), SNN_OK);
        assert_int_equal(n, refused ? 1 : 2);
        free(list);
        assert_true(i < 1000);
    }
    assert_int_equal(before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(read__no_file__is_no_token, setup, teardown),
        cmocka_unit_test_setup_teardown(read__lines__are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(read__file_that_others_may_write__is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(add__secret__is_known_by_its_digest_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(add__name_that_is_taken_or_none__is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(remove__token__leaves_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(add__no_memory__leaves_the_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
