/* SPDX-License-Identifier: MIT */
/* Answers in CSV (RFC 4180). */
#ifndef SPIKED_API_CSV_H
#define SPIKED_API_CSV_H

#include <stdio.h>

#include "api/call.h"

/* Quoted where it has to be. */
void api_csv_text(FILE *to, const char *text);
/* The shortest decimal that reads back as v; nan, inf and -inf as most readers know them. */
void api_csv_number(FILE *to, double v);

/* ?format=json (also where it is left out) or csv. False with a 422 reply made. */
bool api_csv_wanted(struct api_call *c, bool *csv);
/* 200 with the rows of a file of api_file_open, which it closes; 500/507 where a write failed. */
void api_csv_reply(struct api_call *c, FILE *rows);

#endif
