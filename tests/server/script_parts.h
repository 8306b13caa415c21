/* SPDX-License-Identifier: MIT */
/* Steps of the script that are about something else than the life of a job. */
#ifndef TESTS_SERVER_SCRIPT_PARTS_H
#define TESTS_SERVER_SCRIPT_PARTS_H

#include "tests/server/script.h"

/* A SHA-256, as good as any. */
#define SCRIPT_DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What was posted with that result is committed when this returns, and failed where it could not
 * be. */
enum snn_code script_posted(struct script *s, enum snn_code rc, struct snn_error *err);

enum snn_code script_post_points(struct script *s, struct snn_error *err);
enum snn_code script_post_histograms(struct script *s, struct snn_error *err);
enum snn_code script_fill(struct script *s, struct snn_error *err);
enum snn_code script_rewind_job(struct script *s, struct snn_error *err);
enum snn_code script_post_confusion(struct script *s, struct snn_error *err);
enum snn_code script_add_checkpoint(struct script *s, struct snn_error *err);
enum snn_code script_webhook_refused(struct script *s, struct snn_error *err);
enum snn_code script_webhook_delivered(struct script *s, struct snn_error *err);
enum snn_code script_forget_webhooks(struct script *s, struct snn_error *err);
enum snn_code script_create_sweep(struct script *s, struct snn_error *err);
enum snn_code script_cancel_sweep(struct script *s, struct snn_error *err);
enum snn_code script_create_dataset(struct script *s, struct snn_error *err);
enum snn_code script_put_dataset(struct script *s, struct snn_error *err);
enum snn_code script_delete_dataset(struct script *s, struct snn_error *err);

#endif
