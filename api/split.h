/* SPDX-License-Identifier: MIT */
/* Samples of a data set, as queries name them. */
#ifndef SPIKED_API_SPLIT_H
#define SPIKED_API_SPLIT_H

#include "api/call.h"

/* ?split=test or train. False with the reply made. samples.c */
bool api_query_split(struct api_call *c, bool otherwise_test, bool *test);

#endif
