/* SPDX-License-Identifier: MIT */
/* Signatures against those of others. */
#include <string.h>

#include "server/webhook.h"
#include "tests/support/test.h"

static void check(const void *key, size_t n_key, const char *text, const char *want)
{
    unsigned char sum[32];
    char hex[65];

    srv_hmac_sha256(sum, key, n_key, text, strlen(text));
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    assert_string_equal(hex, want);
}

/* Test cases 1, 2 and 6 of RFC 4231. */
static void hmac__rfc_4231__is_equal(void **state)
{
    unsigned char key[131];

    (void)state;
    memset(key, 0x0b, 20);
    check(key, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check("Jefe", 4, "what do ya want for nothing?",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    check(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* printf %s 'evt_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret -binary | base64 */
static void signature__known_text__is_what_openssl_says(void **state)
{
    char out[64], other[64];

    (void)state;
    srv_webhook_signature(out, (const unsigned char *)"secret", 6, "evt_1", 1700000000,
                          "{\"a\":1}");
    assert_string_equal(out, "v1,YrKHdjs/ZmkKdPXXFLsyEwjK1O/KdKJA+gpL5VtDUsY=");
    srv_webhook_signature(other, (const unsigned char *)"secret", 6, "evt_1", 1700000001,
                          "{\"a\":1}");
    assert_string_not_equal(other, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac__rfc_4231__is_equal),
        cmocka_unit_test(signature__known_text__is_what_openssl_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
