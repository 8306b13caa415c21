/* SPDX-License-Identifier: MIT */
/* The certificate and key that HTTPS needs, as text of PEM files. */
#ifndef SPIKED_SERVER_HTTP_TLS_H
#define SPIKED_SERVER_HTTP_TLS_H

#include "core/snn.h"

struct srv_tls {
    char *cert, *key; /* malloc'ed; NULL: plain HTTP */
};

/* Reads both files; none where both are NULL or "". SNN_INVALID where one is missing, or others
 * than its owner may read the key. @thread startup */
enum snn_code srv_tls_read(struct srv_tls *out, const char *cert, const char *key,
                           struct snn_error *err);
/* The key's bytes are wiped. */
void srv_tls_free(struct srv_tls *tls);

#endif
