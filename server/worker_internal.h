/* SPDX-License-Identifier: MIT */
/* What the files behind server/worker.h share. Nobody else includes it. */
#ifndef SPIKED_SERVER_WORKER_INTERNAL_H
#define SPIKED_SERVER_WORKER_INTERNAL_H

#include "server/checkpoint.h"
#include "server/rate.h"
#include "server/worker.h"

/* A job in a worker's hands. Its thread's alone. */
struct srv_work {
    const struct srv_pool_options *options;
    struct srv_job *job;
    struct srv_stop *stop;
    const struct snn_data *data;
    struct snn_run *run;
    struct snn_spec spec;
    struct srv_checkpoint saved;           /* the last that was written or resumed from */
    bool is_saved;                         /* there is one */
    bool saved_any;                        /* this attempt has saved, or tried to */
    bool out_of_time;                      /* it ran longer than a job may */
    bool post_failed;                      /* told once, not at every step */
    size_t first_sample;                   /* where this attempt began */
    size_t counted_samples, counted_steps; /* for the meter, so far */
    int64_t began_ms, posted_ms, saved_ms;
    struct srv_rate rate;
    struct snn_evidence *evidence; /* NULL until there is a run */
    bool is_news;                  /* the evidence holds what has not been judged */
};

/* ---- worker_init.c ---- */

/* Gives a fresh run the weights that the job is to start from, if it names any. */
enum snn_code srv_work_init(struct srv_work *w, struct snn_error *err);

/* ---- worker_verdict.c ---- */

/* Of the run as it stands; `resumed`: with what an earlier attempt has told. */
enum snn_code srv_work_evidence(struct srv_work *w, bool resumed, struct snn_error *err);
/* Takes the points of a step in. */
void srv_work_note(struct srv_work *w, size_t step, size_t epoch, const struct snn_point *p,
                   size_t n);
/* The verdict into the job's columns, where there is news. */
void srv_work_judge(struct srv_work *w);
/* The same, now that the run has ended so. */
void srv_work_judge_end(struct srv_work *w, enum snn_code how);

/* ---- worker_report.c: what a run tells, on its way to the store ---- */

/* The hooks that write down progress, points and histograms, save checkpoints and stop the run. */
struct snn_hooks srv_work_hooks(struct srv_work *w);
/* A warning as an event. @param user the struct srv_work */
void srv_work_warn(void *user, const struct snn_error *what);
/* Copies where the run stands into the job's columns. */
void srv_work_progress(struct srv_work *w, const struct snn_progress *p);
/* Appends an event with the job's step and epoch. It may be lost in a crash. */
void srv_work_event(struct srv_work *w, const char *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Stores how the run told the test set apart. */
void srv_work_confusion(struct srv_work *w);
/* Saves the run unless its step is saved already. */
enum snn_code srv_work_save(struct srv_work *w, struct snn_error *err);
/* Whether somebody, or the clock, wants the job to stop. */
bool srv_work_stopped(struct srv_work *w);
/* Whether it has come to where its sweep compares it with others before it goes on. */
bool srv_work_at_rung(const struct srv_work *w);

#endif
