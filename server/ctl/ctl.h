/* SPDX-License-Identifier: MIT */
/* What every command works with. Results go to `out`, all else to `err`. */
#ifndef SPIKED_CTL_CTL_H
#define SPIKED_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "server/ctl/client.h"
#include "server/ctl/options.h"

struct ctl {
    struct ctl_args args;
    struct ctl_client *client; /* NULL for a command that asks no server */
    FILE *in, *out, *err;
    bool json;
    bool tty; /* of out: lines may be drawn over */
    bool color, utf8;
    size_t width, height; /* of the terminal, or 80 x 24 */
    double timeout;       /* seconds; 0 = not given */
    const char *version, *revision;
};

/* ---- commands, each in its row of command.c ------------------------------------------------- */

extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;
/* Of the commands that `spiked` runs, on the data of a daemon on this machine. */
extern const struct ctl_option ctl_data_options[];

enum ctl_exit ctl_submit(struct ctl *c);
enum ctl_exit ctl_watch(struct ctl *c);
enum ctl_exit ctl_top(struct ctl *c);
enum ctl_exit ctl_list(struct ctl *c);
enum ctl_exit ctl_show(struct ctl *c);
enum ctl_exit ctl_events(struct ctl *c);
enum ctl_exit ctl_checkpoints(struct ctl *c);
enum ctl_exit ctl_config(struct ctl *c);
enum ctl_exit ctl_cancel(struct ctl *c);
enum ctl_exit ctl_pause(struct ctl *c);
enum ctl_exit ctl_resume(struct ctl *c);
enum ctl_exit ctl_delete(struct ctl *c);
enum ctl_exit ctl_validate(struct ctl *c);
enum ctl_exit ctl_histogram(struct ctl *c);
enum ctl_exit ctl_metrics(struct ctl *c);
enum ctl_exit ctl_confusion(struct ctl *c);
enum ctl_exit ctl_predict(struct ctl *c);
enum ctl_exit ctl_gradcheck(struct ctl *c);
enum ctl_exit ctl_bias(struct ctl *c);
enum ctl_exit ctl_verify(struct ctl *c);
enum ctl_exit ctl_doctor(struct ctl *c);
enum ctl_exit ctl_weights(struct ctl *c);
enum ctl_exit ctl_curve(struct ctl *c);
enum ctl_exit ctl_catalog(struct ctl *c);
enum ctl_exit ctl_sweep(struct ctl *c);
enum ctl_exit ctl_sweeps(struct ctl *c);
enum ctl_exit ctl_sweep_show(struct ctl *c);
enum ctl_exit ctl_sweep_results(struct ctl *c);
enum ctl_exit ctl_sweep_cancel(struct ctl *c);
enum ctl_exit ctl_sweep_pause(struct ctl *c);
enum ctl_exit ctl_sweep_resume(struct ctl *c);
enum ctl_exit ctl_sweep_delete(struct ctl *c);
enum ctl_exit ctl_webhooks(struct ctl *c);
enum ctl_exit ctl_webhooks_retry(struct ctl *c);
enum ctl_exit ctl_dataset_upload(struct ctl *c);
enum ctl_exit ctl_dataset_list(struct ctl *c);
enum ctl_exit ctl_dataset_show(struct ctl *c);
enum ctl_exit ctl_dataset_delete(struct ctl *c);
enum ctl_exit ctl_system(struct ctl *c);
enum ctl_exit ctl_backup(struct ctl *c);
enum ctl_exit ctl_offline(struct ctl *c);
enum ctl_exit ctl_ready(struct ctl *c);
enum ctl_exit ctl_version(struct ctl *c);
enum ctl_exit ctl_help(struct ctl *c);

/* ---- what they share ------------------------------------------------------------------------ */

const char *ctl_operand(const struct ctl *c, size_t i); /* NULL: not given */
const char *ctl_value(const struct ctl *c, const char *option);

/* "spikectl: ..." and a line break, to err. Returns `code`. */
enum ctl_exit ctl_fail(struct ctl *c, enum ctl_exit code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints the text and frees it; LOCAL if it was not whole. */
enum ctl_exit ctl_print(struct ctl *c, struct ctl_text *t);

enum ctl_color { CTL_PLAIN, CTL_BOLD, CTL_RED, CTL_GREEN, CTL_YELLOW, CTL_DIM, CTL_REVERSE };
/* The escape sequence, "" where there are to be no colours. */
const char *ctl_color(const struct ctl *c, enum ctl_color color);
/* The colour of a job's status. */
enum ctl_color ctl_status_color(const char *status);

/* A whole file, "-" for the standard input. Explains a failure and returns its status. */
enum ctl_exit ctl_read_file(struct ctl *c, const char *path, struct ctl_text *out);

/* "/v1/jobs/ID" + tail in `path`; USAGE, explained, for what cannot be the id of a job. */
enum ctl_exit ctl_job_path(struct ctl *c, struct ctl_text *path, const char *id, const char *tail);
/* The same of another noun's ids, under another path. */
enum ctl_exit ctl_id_path(struct ctl *c, struct ctl_text *path, const char *under, const char *noun,
                          const char *id, const char *tail);
/* What a DELETE of the first operand came to; `held`: workers still have some of it. */
void ctl_say_deleted(struct ctl *c, bool held);

/* ---- talking to the server ------------------------------------------------------------------ */

/* Sends, and explains on err what is not a 2xx. The reply is to be cleared in any case. */
enum ctl_exit ctl_call(struct ctl *c, const struct ctl_request *request, struct ctl_reply *reply);

/* The exit status of an answer; err gets the problem with each of its pointers (with --json the
 * problem's own JSON). */
enum ctl_exit ctl_judge(struct ctl *c, const struct ctl_reply *reply);

/* ctl_call() for JSON. With --json the answer is printed as it came. *out is the caller's, and
 * NULL after a failure or an answer without a body. Frees the path. */
enum ctl_exit ctl_fetch(struct ctl *c, const char *method, struct ctl_text *path, json_t **out);

/* Appends the value's JSON, compact and exact, and gives the value up; false where it was NULL or
 * there is no memory. */
bool ctl_add_json(struct ctl_text *t, json_t *value);

/* Has the server act on the object at that path, and says what its `state` is now. Frees the path.
 */
enum ctl_exit ctl_act(struct ctl *c, struct ctl_text *path, const char *state);

/* The same with a JSON body. */
enum ctl_exit ctl_post(struct ctl *c, const char *path, const struct ctl_text *body, json_t **out);

/* GETs a job, or what is at that tail of its path; nothing is printed. */
enum ctl_exit ctl_look(struct ctl *c, const char *id, const char *tail, json_t **out);

/* The reply's body; explains what is no JSON. NULL then, and for an empty body. */
json_t *ctl_parse(struct ctl *c, const struct ctl_reply *reply);

/* Prints JSON text on one line if `lines`, else as it is, and in any case ends the line. */
void ctl_print_json(FILE *to, const struct ctl_text *text, bool lines);

/* ---- JSON ----------------------------------------------------------------------------------- */

/* What is at a path like "progress.epoch", borrowed; NULL where there is nothing. */
json_t *ctl_at(const json_t *value, const char *path);
double ctl_real(const json_t *value, const char *path);        /* NaN: null or none */
int64_t ctl_integer(const json_t *value, const char *path);    /* 0: null or none */
const char *ctl_string(const json_t *value, const char *path); /* "": null or none */

/* ---- jobs ----------------------------------------------------------------------------------- */

/* Watches until the job is over. */
enum ctl_exit ctl_watch_job(struct ctl *c, const char *id);

/* Appends " (code) at param: message" of a job's error. */
void ctl_add_job_error(struct ctl_text *t, const json_t *job);

#endif
