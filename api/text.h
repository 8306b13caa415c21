/* SPDX-License-Identifier: MIT */
/* JSON written as text to a stream, for replies too long to be a tree in memory. Errors stay in the
 * stream (ferror) and are looked at once, by api_file_reply. */
#ifndef SPIKED_API_TEXT_H
#define SPIKED_API_TEXT_H

#include <stdio.h>

/* The shortest decimal that reads back as v; null where v is not finite. */
void api_text_number(FILE *to, double v);
/* Nine digits, which read back as the same float; null where v is not finite. */
void api_text_float(FILE *to, float v);
/* A quoted, escaped string; bytes that are not UTF-8 become '?'. */
void api_text_string(FILE *to, const char *text);
#endif
