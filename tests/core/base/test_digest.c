/* SPDX-License-Identifier: MIT */
/* Known answers: FIPS 180-2, appendix B. */
#include "core/snn.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#include <stdlib.h>
#include <string.h>

#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void digest__known_messages__known_sums(void **state)
{
    static const struct {
        const char *text, *sum;
    } rows[] = {
        {"", OF_NOTHING},
        {"abc", OF_ABC},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_digest d;
        char hex[SNN_SHA256_HEX];

        snn_digest_init(&d);
        snn_digest_add(&d, rows[i].text, strlen(rows[i].text));
        snn_digest_hex(&d, hex);
        assert_string_equal(hex, rows[i].sum);
    }
}

static void digest__pieces_of_any_size__same_as_whole(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 200; piece += 31) {
        struct snn_digest d;
        char text[200], hex[SNN_SHA256_HEX];

        memset(text, 'a', sizeof text);
        snn_digest_init(&d);
        for (size_t done = 0; done < 1000000;) {
            size_t n = 1000000 - done < piece ? 1000000 - done : piece;

            snn_digest_add(&d, text, n);
            done += n;
        }
        snn_digest_hex(&d, hex);
        assert_string_equal(hex, OF_MILLION_A);
    }
}

static void digest__asked_half_way__goes_on(void **state)
{
    struct snn_digest d;
    char hex[SNN_SHA256_HEX];

    (void)state;
    snn_digest_init(&d);
    snn_digest_hex(&d, hex);
    assert_string_equal(hex, OF_NOTHING);
    snn_digest_add(&d, "a", 1);
    snn_digest_hex(&d, hex);
    snn_digest_add(&d, NULL, 0);
    snn_digest_add(&d, "bc", 2);
    snn_digest_hex(&d, hex);
    assert_string_equal(hex, OF_ABC);
}

static void digest_file__a_million_bytes__known_sum(void **state)
{
    char *dir = tmpdir_create(), *text = malloc(1000000), *path;
    char hex[SNN_SHA256_HEX];
    struct snn_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 1000000);
    path = tmpdir_write(dir, "a", text, 1000000);
    assert_int_equal(snn_digest_file(path, hex, &err), SNN_OK);
    assert_string_equal(hex, OF_MILLION_A);
    free(path);
    free(text);
    tmpdir_remove(dir);
}

static void digest_file__unreadable__says_which(void **state)
{
    char *dir = tmpdir_create(), path[512], hex[SNN_SHA256_HEX] = "untouched";
    struct snn_error err = {0};

    (void)state;
    snprintf(path, sizeof path, "%s/absent.bin", dir);
    assert_int_equal(snn_digest_file(path, hex, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "absent.bin: cannot open");
    err = (struct snn_error){0};
    assert_int_equal(snn_digest_file(dir, hex, &err), SNN_IO);
    assert_contains(err.message, "cannot read");
    assert_string_equal(hex, "untouched");
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest__known_messages__known_sums),
        cmocka_unit_test(digest__pieces_of_any_size__same_as_whole),
        cmocka_unit_test(digest__asked_half_way__goes_on),
        cmocka_unit_test(digest_file__a_million_bytes__known_sum),
        cmocka_unit_test(digest_file__unreadable__says_which),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
