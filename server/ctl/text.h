/* SPDX-License-Identifier: MIT */
/* Text that grows. A lack of memory is remembered: add what there is to add, look once. */
#ifndef SPIKED_CTL_TEXT_H
#define SPIKED_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zero is the empty text; `data` is then NULL, else NUL-terminated. */
struct ctl_text {
    char *data;
    size_t n, room;
    bool failed; /* no memory: the text is not whole */
};

void ctl_text_add(struct ctl_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ctl_text_bytes(struct ctl_text *t, const void *bytes, size_t n);
void ctl_text_repeat(struct ctl_text *t, char what, size_t n);
/* What came over the network, with control characters as '?': they would steer the terminal. */
void ctl_text_safe(struct ctl_text *t, const char *text);
/* Ends the text within `width` columns, counting bytes. */
void ctl_text_clip(struct ctl_text *t, size_t width);
/* The text, never NULL. */
const char *ctl_text_of(const struct ctl_text *t);
void ctl_text_free(struct ctl_text *t);

/* "/v1/jobs", then "/" and the segment percent-encoded. False for what no segment may be: "", "."
 * and "..", which would name another path. */
bool ctl_path_add(struct ctl_text *path, const char *segment);
/* "?name=value" or "&name=value", percent-encoded. A NULL value adds nothing. */
void ctl_query_add(struct ctl_text *path, const char *name, const char *value);

#endif
