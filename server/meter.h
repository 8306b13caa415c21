/* SPDX-License-Identifier: MIT */
/*
 * What the process counts and times for whoever watches it: of the process as a whole, as the log
 * is, so that whatever does something can count it. Atomic, and never a reason to wait. To add one:
 * a row here, and a call where it happens; /metrics loops over the rows. @thread any
 */
#ifndef SPIKED_SERVER_METER_H
#define SPIKED_SERVER_METER_H

#include <stddef.h>
#include <stdint.h>

/* Rows of one family stand together. name, family, labels, help */
#define SRV_COUNTERS(X)                                                                            \
    X(jobs_submitted, "spiked_jobs_submitted_total", "", "Jobs accepted.")                         \
    X(jobs_succeeded, "spiked_jobs_finished_total", "outcome=\"succeeded\"", "Jobs that ended.")   \
    X(jobs_failed, "spiked_jobs_finished_total", "outcome=\"failed\"", "")                         \
    X(jobs_cancelled, "spiked_jobs_finished_total", "outcome=\"cancelled\"", "")                   \
    X(job_attempts, "spiked_job_attempts_total", "", "Times that a worker took a job.")            \
    X(jobs_recovered, "spiked_jobs_recovered_total", "",                                           \
      "Jobs that the daemon found unfinished at its start.")                                       \
    X(steps, "spiked_training_steps_total", "", "Steps of training.")                              \
    X(samples, "spiked_training_samples_total", "", "Samples trained on.")                         \
    X(nonfinite, "spiked_nonfinite_gradients_total", "",                                           \
      "Gradients that were NaN or infinite, at diagnostic steps.")                                 \
    X(checkpoints, "spiked_checkpoints_written_total", "", "Checkpoints saved.")                   \
    X(checkpoint_errors, "spiked_checkpoint_errors_total", "",                                     \
      "Checkpoints that could not be saved.")                                                      \
    X(commits, "spiked_sqlite_commits_total", "", "Transactions committed.")                       \
    X(commit_errors, "spiked_sqlite_commit_errors_total", "", "Transactions that failed.")         \
    X(commands, "spiked_sqlite_commands_total", "", "Commands run in them.")                       \
    X(connections_opened, "spiked_http_connections_opened_total", "", "Connections that came in.") \
    X(connections_closed, "spiked_http_connections_closed_total", "", "Connections that ended.")   \
    X(rejected_malformed, "spiked_http_rejected_total", "reason=\"malformed\"",                    \
      "Requests and connections that were turned away unread.")                                    \
    X(rejected_large, "spiked_http_rejected_total", "reason=\"too_large\"", "")                    \
    X(rejected_slow, "spiked_http_rejected_total", "reason=\"too_slow\"", "")                      \
    X(rejected_place, "spiked_http_rejected_total", "reason=\"no_place\"", "")                     \
    X(rejected_rate, "spiked_http_rejected_total", "reason=\"rate_limited\"", "")                  \
    X(rejected_token, "spiked_http_rejected_total", "reason=\"no_token\"", "")                     \
    X(rejected_scope, "spiked_http_rejected_total", "reason=\"small_scope\"", "")                  \
    X(webhooks_delivered, "spiked_webhook_deliveries_total", "outcome=\"delivered\"",              \
      "Attempts at webhooks.")                                                                     \
    X(webhooks_failed, "spiked_webhook_deliveries_total", "outcome=\"failed\"", "")                \
    X(webhooks_dead, "spiked_webhook_deliveries_total", "outcome=\"given_up\"", "")                \
    X(log_warnings, "spiked_log_lines_total", "level=\"warning\"", "Lines logged.")                \
    X(log_errors, "spiked_log_lines_total", "level=\"error\"", "")
#define SRV_COUNTER_ENUM(name, family, labels, help) SRV_COUNTER_##name,
enum srv_counter { SRV_COUNTERS(SRV_COUNTER_ENUM) SRV_COUNTER_COUNT };
#undef SRV_COUNTER_ENUM

/* Times of things that take moments, and of those that take minutes. */
#define SRV_TIMERS(X)                                                                              \
    X(commit, "spiked_sqlite_commit_seconds", "", srv_moments, "A commit, with its sync.")         \
    X(checkpoint, "spiked_checkpoint_write_seconds", "", srv_moments,                              \
      "Saving a checkpoint, until it is durable.")                                                 \
    X(queue, "spiked_job_queue_seconds", "", srv_minutes, "From a job's creation to its start.")   \
    X(succeeded, "spiked_job_duration_seconds", "outcome=\"succeeded\"", srv_minutes,              \
      "From a job's start to its end.")                                                            \
    X(failed, "spiked_job_duration_seconds", "outcome=\"failed\"", srv_minutes, "")                \
    X(cancelled, "spiked_job_duration_seconds", "outcome=\"cancelled\"", srv_minutes, "")
#define SRV_TIMER_ENUM(name, family, labels, bounds, help) SRV_TIMER_##name,
enum srv_timer { SRV_TIMERS(SRV_TIMER_ENUM) SRV_TIMER_COUNT };
#undef SRV_TIMER_ENUM

#define SRV_BUCKETS 14 /* and one above them all */
extern const double srv_moments[SRV_BUCKETS], srv_minutes[SRV_BUCKETS];

struct srv_meter_row {
    const char *family, *labels, *help; /* labels, help: "" = none */
    const double *bounds;               /* [SRV_BUCKETS], of timers */
};
extern const struct srv_meter_row srv_counter_rows[SRV_COUNTER_COUNT];
extern const struct srv_meter_row srv_timer_rows[SRV_TIMER_COUNT];

void srv_count(enum srv_counter counter, uint64_t n);
uint64_t srv_counted(enum srv_counter counter);

/* A histogram of times. Zeroed memory is an empty one. */
struct srv_histogram {
    _Atomic uint64_t counts[SRV_BUCKETS + 1]; /* of each bucket alone */
    _Atomic uint64_t microseconds;            /* their sum */
};
void srv_histogram_add(struct srv_histogram *h, const double bounds[SRV_BUCKETS],
                       int64_t microseconds);
void srv_time(enum srv_timer timer, int64_t microseconds);
const struct srv_histogram *srv_timed(enum srv_timer timer);

/* Of a clock that never goes back. */
int64_t srv_microseconds(void);

#endif
