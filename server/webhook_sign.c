/* SPDX-License-Identifier: MIT */
/* What shows a receiver that a webhook is this server's. */
#include <stdlib.h>
#include <string.h>

#include "server/webhook.h"

#define BLOCK 64

static void digest_of(unsigned char out[32], const unsigned char pad[BLOCK], const void *text,
                      size_t n)
{
    char hex[SNN_SHA256_HEX], byte[3] = "";
    struct snn_digest d;

    snn_digest_init(&d);
    snn_digest_add(&d, pad, BLOCK);
    snn_digest_add(&d, text, n);
    snn_digest_hex(&d, hex);
    for (size_t i = 0; i < 32; i++) {
        memcpy(byte, hex + 2 * i, 2);
        out[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
}

void srv_hmac_sha256(unsigned char out[32], const void *key, size_t n_key, const void *text,
                     size_t n)
{
    unsigned char inner[BLOCK] = {0}, outer[BLOCK], sum[32];

    if (n_key > BLOCK) {
        char hex[SNN_SHA256_HEX], byte[3] = "";
        struct snn_digest d;

        snn_digest_init(&d);
        snn_digest_add(&d, key, n_key);
        snn_digest_hex(&d, hex);
        for (size_t i = 0; i < 32; i++) {
            memcpy(byte, hex + 2 * i, 2);
            inner[i] = (unsigned char)strtoul(byte, NULL, 16);
        }
    } else {
        memcpy(inner, key, n_key);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    digest_of(sum, inner, text, n);
    digest_of(out, outer, sum, sizeof sum);
}

/* 32 bytes as 44 characters and the end. */
static void base64(char out[45], const unsigned char in[32])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char padded[33] = {0};

    memcpy(padded, in, 32);
    for (size_t i = 0; i < 11; i++) {
        const unsigned char *p = padded + 3 * i;

        out[4 * i] = digits[p[0] >> 2];
        out[4 * i + 1] = digits[(p[0] & 3) << 4 | p[1] >> 4];
        out[4 * i + 2] = digits[(p[1] & 15) << 2 | p[2] >> 6];
        out[4 * i + 3] = digits[p[2] & 63];
    }
    out[43] = '=';
    out[44] = '\0';
}

void srv_webhook_signature(char out[64], const unsigned char *key, size_t n_key, const char *id,
                           int64_t timestamp, const char *body)
{
    char text[SRV_ID_SIZE + 24 + sizeof((struct srv_webhook *)0)->body], encoded[45];
    unsigned char sum[32];
    int n = snprintf(text, sizeof text, "%s.%lld.%s", id, (long long)timestamp, body);

    srv_hmac_sha256(sum, key, n_key, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    base64(encoded, sum);
    snprintf(out, 64, "v1,%s", encoded);
}
