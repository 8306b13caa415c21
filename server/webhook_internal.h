/* SPDX-License-Identifier: MIT */
/* What the files of webhooks share. */
#ifndef SPIKED_SERVER_WEBHOOK_INTERNAL_H
#define SPIKED_SERVER_WEBHOOK_INTERNAL_H

#include <curl/curl.h>

#include "server/webhook.h"

#define SRV_WEBHOOK_KEY 64 /* hexadecimal digits, which is what the file has */

/* Digits of DIR/webhook-key, which is made where it is not there. @thread startup */
enum snn_code srv_webhook_key(unsigned char key[SRV_WEBHOOK_KEY], const char *dir,
                              struct snn_error *err);

/* An attempt under way. */
struct srv_sending {
    struct srv_webhook hook;
    CURL *curl; /* NULL: there is none */
    struct curl_slist *headers;
    bool local; /* addresses that are not public may be sent to */
    bool refused;
    size_t bytes;
};

/* Hands the hook to `multi`, signed as of now. False where memory fails: then it is ended. */
bool srv_sending_begin(struct srv_sending *s, CURLM *multi, const unsigned char *key, int64_t now);
/* Fills the hook's status and error by how it went; true where the receiver has it. */
bool srv_sending_judge(struct srv_sending *s, CURLcode code);
void srv_sending_end(struct srv_sending *s, CURLM *multi);

#endif
