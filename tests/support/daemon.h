/* SPDX-License-Identifier: MIT */
/* The built daemon (SPIKED_BIN) as a child process on a free port, and a client of it. Whatever
 * cannot be done fails the running test; the child dies with the test program. */
#ifndef TESTS_SUPPORT_DAEMON_H
#define TESTS_SUPPORT_DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct daemon {
    char *dir; /* scratch folder; its data/ is the daemon's, its log the daemon's standard error */
    char url[64]; /* "http://127.0.0.1:PORT" */
    int port;
    pid_t pid; /* 0 = none is running */
    void *curl;
};

/* For cmocka: *state becomes a struct daemon that runs with its defaults. */
int daemon_setup(void **state);
int daemon_teardown(void **state);

/* Starts it (again) on the same folder; `extra` are more flags, NULL-terminated, or NULL. Returns
 * when it answers. */
void daemon_start(struct daemon *d, const char *const extra[]);
/* Sends the signal and waits: its exit status, or 128 + the signal that ended it. */
int daemon_stop(struct daemon *d, int signal);

struct answer {
    long status;
    char type[64], location[128], etag[80], allow[64];
    char *text; /* NUL-terminated */
    size_t size;
    json_t *json; /* NULL where the body is none */
};
void answer_clear(struct answer *a);

/* One request; a new answer in *a (cleared first). `type` is the body's, NULL where there is none.
 */
void daemon_send(struct daemon *d, struct answer *a, const char *method, const char *path,
                 const char *type, const void *body, size_t size);
/* The same, where any other status than `status` fails the test and shows the answer. */
void daemon_get(struct daemon *d, struct answer *a, const char *path, long status);
void daemon_post(struct daemon *d, struct answer *a, const char *path, const char *json,
                 long status);
void daemon_put(struct daemon *d, struct answer *a, const char *path, const void *bytes,
                size_t size, long status);
void daemon_delete(struct daemon *d, struct answer *a, const char *path, long status);

/* Bytes as they are to the port; what comes back until the other side closes or `size` - 1 bytes
 * are full, NUL-terminated. */
void daemon_raw(struct daemon *d, const char *request, char *reply, size_t size);

/* The same, and leaves without waiting for an answer. */
void daemon_raw_leave(struct daemon *d, const char *request);

/* Submits a job; its id. */
void daemon_submit(struct daemon *d, const char *job, char id[32]);
/* Asks for the job until its status is `status` or, with NULL, one that is over; the answer is the
 * job. Another final status than the one wanted fails the test. */
void daemon_wait(struct daemon *d, struct answer *a, const char *id, const char *status);
/* Asks for the job until it has finished that many epochs and left a checkpoint; fails where it is
 * over before. */
void daemon_wait_epoch(struct daemon *d, const char *id, json_int_t epoch);

/* Text and numbers of a path in an answer's object: "progress.epoch". "" and NaN where there is
 * none. */
const char *answer_text(const struct answer *a, const char *path);
double answer_number(const struct answer *a, const char *path);
/* The value itself, NULL where there is none. */
json_t *answer_at(const struct answer *a, const char *path);

#endif
