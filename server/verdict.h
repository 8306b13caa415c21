/* SPDX-License-Identifier: MIT */
/* A run's verdict (core/snn_verdict.h) as the text that a job's row keeps: a line with the step,
 * then one for each finding, fields with a tab between. */
#ifndef SPIKED_SERVER_VERDICT_H
#define SPIKED_SERVER_VERDICT_H

#include "core/snn.h"

/* Findings are cut off where they do not fit, the last first: they come after their causes. */
#define SRV_VERDICT_SIZE 8192

/* As struct snn_finding has it; "" = none. */
struct srv_finding {
    char rule[32], severity[16], layer[SNN_NAME_SIZE], because[32], sentence[256];
    struct {
        char name[32];
        double value;
    } facts[SNN_MAX_FACTS];
    size_t n_facts;
    char pointer[64];
    bool is_word;
    double from, to;
    char was[32], word[32], why[224];
};

/* "" where there is nothing to judge yet. */
void srv_verdict_write(char text[SRV_VERDICT_SIZE], const struct snn_verdict *verdict);
/* The step of the record that was judged; false where there is no verdict. *at moves on. */
bool srv_verdict_step(const char **at, int64_t *step);
/* The next finding of *at, which moves on; false at the end, or where it is not one of ours. */
bool srv_verdict_read(const char **at, struct srv_finding *out);

#endif
