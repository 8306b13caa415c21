/* SPDX-License-Identifier: MIT */
/* Long texts, made short on the wire where the client asks for it. */
#ifndef SPIKED_API_GZIP_H
#define SPIKED_API_GZIP_H

#include "api/call.h"

/* Below it the time that it takes is worth more than the bytes. */
#define API_GZIP_BYTES (8 * 1024)

/* Whether Accept-Encoding takes gzip, and not identity rather (RFC 9110, 12.5.3). */
bool api_gzip_wanted(const struct srv_request *req);
/* Of an answer that is made: gzips JSON, CSV and plain text of API_GZIP_BYTES or more, from memory
 * or from a file, where that is wanted, and says what it depends on. Its ETag is a weak one then.
 * Files of which there are parts (Accept-Ranges) stay as they are, and so does all where memory or
 * the disk fails. */
void api_gzip(struct api_call *c);

#endif
