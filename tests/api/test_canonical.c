/* SPDX-License-Identifier: MIT */
/* The digest of a config: the same for what trains the same, however it was written. */
#include <string.h>

#include "api/canonical.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

static void digest(const char *text, char hex[SNN_SHA256_HEX])
{
    json_t *job = json_loads(text, 0, NULL);

    assert_non_null(job);
    assert_true(api_canonical_sha256(job, hex));
    json_decref(job);
}

static bool same(const char *a, const char *b)
{
    char x[SNN_SHA256_HEX], y[SNN_SHA256_HEX];

    digest(a, x);
    digest(b, y);
    return strcmp(x, y) == 0;
}

static void sha256__other_writing__is_the_same(void **state)
{
    (void)state;
    assert_true(same("{\"a\":1,\"b\":{\"c\":2,\"d\":3}}", "{ \"b\": {\"d\":3,\"c\":2}, \"a\":1 }"));
    assert_true(same("{\"a\":2}", "{\"a\":2.0}"));
    assert_true(same("{\"a\":0.1}", "{\"a\":1e-1}"));
    assert_true(same("{\"a\":\"\\u00e9\"}", "{\"a\":\"\xc3\xa9\"}"));
}

static void sha256__what_trains_nothing__has_no_part(void **state)
{
    (void)state;
    assert_true(same("{\"seed\":1}",
                     "{\"name\":\"x\",\"priority\":3,\"metadata\":{\"k\":\"v\"},\"seed\":1}"));
    /* only at the top */
    assert_false(same("{\"dataset\":{\"name\":\"a\"}}", "{\"dataset\":{\"name\":\"b\"}}"));
}

static void sha256__another_value_type_or_order_of_an_array__is_another(void **state)
{
    (void)state;
    assert_false(same("{\"a\":1}", "{\"a\":2}"));
    assert_false(same("{\"a\":1}", "{\"a\":\"1\"}"));
    assert_false(same("{\"a\":null}", "{}"));
    assert_false(same("{\"a\":true}", "{\"a\":false}"));
    assert_false(same("{\"a\":[1,2]}", "{\"a\":[2,1]}"));
    assert_false(same("{\"a\":0.1}", "{\"a\":0.10000000000000002}"));
}

/* Once written down, a digest must not change with the program. */
static void sha256__known_config__is_as_ever(void **state)
{
    char hex[SNN_SHA256_HEX], want[SNN_SHA256_HEX];
    static const char text[] = "{\"a\":[0.5,2,null],\"b\":{\"c\":\"d\"}}";
    struct snn_digest d;

    (void)state;
    snn_digest_init(&d);
    snn_digest_add(&d, text, sizeof text - 1);
    snn_digest_hex(&d, want);
    digest("{\"b\":{\"c\":\"d\"},\"name\":\"n\",\"a\":[0.50,2.0,null]}", hex);
    assert_string_equal(hex, want);
}

static void sha256__allocation_refused__says_so(void **state)
{
    json_t *job = json_loads("{\"a\":{\"b\":{\"c\":1}}}", 0, NULL);
    bool refused = true;

    (void)state;
    for (unsigned long n = 0; refused; n++) {
        char hex[SNN_SHA256_HEX];
        bool done;

        oom_fail_at(n);
        done = api_canonical_sha256(job, hex);
        refused = oom_off();
        assert_int_equal(done, !refused);
    }
    json_decref(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256__other_writing__is_the_same),
        cmocka_unit_test(sha256__what_trains_nothing__has_no_part),
        cmocka_unit_test(sha256__another_value_type_or_order_of_an_array__is_another),
        cmocka_unit_test(sha256__known_config__is_as_ever),
        cmocka_unit_test(sha256__allocation_refused__says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
