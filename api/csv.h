/* SPDX-License-Identifier: MIT */
/* Fields of CSV (RFC 4180). */
#ifndef SPIKED_API_CSV_H
#define SPIKED_API_CSV_H

#include <stdio.h>

/* Quoted where it has to be. */
void api_csv_text(FILE *to, const char *text);
/* The shortest decimal that reads back as v; nan, inf and -inf as most readers know them. */
void api_csv_number(FILE *to, double v);

#endif
