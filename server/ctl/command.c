/* SPDX-License-Identifier: MIT */
/* Every command there is. */
#include "server/ctl/ctl.h"

static const struct ctl_option submit_options[] = {
    {"watch", 'w', NULL, "show its progress until it is over"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option list_options[] = {
    {"status", 0, "STATUS", "only jobs that are so: queued, running, succeeded ..."},
    {"text", 0, "TEXT", "only jobs with it in the name, id, data set or a label KEY=VALUE"},
    {"sort", 0, "BY", "created, updated, name, status, progress, accuracy or loss (created)"},
    {"order", 0, "WAY", "desc or asc (desc)"},
    {"limit", 'n', "N", "at most so many (20)"},
    {"after", 0, "ID", "those that follow this one: the next page"},
    {"metadata", 'm', "KEY=VALUE", "only jobs that have it; may be given again: all must match"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option top_options[] = {
    {"status", 0, "STATUS", "only jobs that are so"},
    {"text", 0, "TEXT", "only jobs with it in the name, id, data set or a label KEY=VALUE"},
    {"sort", 0, "BY", "status, created, accuracy, progress, loss, name or updated (status)"},
    {"once", '1', NULL, "print the table and end, as where there is no terminal"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option events_options[] = {
    {"after", 0, "NUMBER", "those that follow this one"},
    {"limit", 'n', "N", "at most so many, 1 to 1000 (all)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option histogram_options[] = {
    {"step", 0, "N", "the first step from N on (the last one there is; saved: all)"},
    {"format", 'f', "FORMAT", "json or csv, as the server sends it, instead of the drawing"},
    {"output", 'o', "FILE", "where it goes (standard output)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option metrics_options[] = {
    {"format", 'f', "FORMAT", "json or csv, as the server sends it, instead of the drawing"},
    {"max-points", 0, "N", "thinned evenly to so many a series (csv: all, else 1000)"},
    {"output", 'o', "FILE", "where it goes (standard output)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option weights_options[] = {
    {"output", 'o', "FILE", "where they go; - is the standard output"},
    {"format", 'f', "FORMAT", "json, safetensors or nir (safetensors)"},
    {"approximate", 0, NULL,
     "nir: also what NIR's nodes cannot say; the exact rules are in metadata"},
    {"checkpoint", 0, "WHICH", "best or last (best)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option sweeps_options[] = {
    {"limit", 'n', "N", "at most so many (20)"},
    {"after", 0, "ID", "those that follow this one: the next page"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option sweep_show_options[] = {
    {"metric", 0, "NAME", "ranked by this one instead of the sweep's own"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option sweep_results_options[] = {
    {"format", 'f', "FORMAT", "json or csv (csv)"},
    {"output", 'o', "FILE", "where they go (standard output)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option webhooks_options[] = {
    {"state", 0, "STATE", "only those that are pending, delivered or dead"},
    {"limit", 'n', "N", "at most so many (20)"},
    {"after", 0, "NUMBER", "those that follow this one: the next page"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option backup_options[] = {
    {"output", 'o', "FILE", "where it goes; - is the standard output"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option predict_options[] = {
    {"checkpoint", 0, "WHICH", "best or last (best)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option bias_options[] = {
    {"samples", 0, "N", "of the training set (128, fewer where they cost too much)"},
    {"repeats", 0, "N", "draws of the noise for each (128, or fewer)"},
    {"sigma", 0, "S", "of the noise on the thresholds (a tenth of their mean)"},
    {"seed", 0, "N", "of samples and noise (0)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option curve_options[] = {
    {"scale", 0, "K", "its scale (its own default)"},
    {"from", 0, "X", "the left end (-3)"},
    {"to", 0, "X", "the right end (3)"},
    {NULL, 0, NULL, NULL},
};
static const struct ctl_option upload_options[] = {
    {"format", 'f', "FORMAT",
     "csv, events, hdf5 (parts train, test) or idx (train-images, train-labels, test-images, "
     "test-labels)"},
    {NULL, 0, NULL, NULL},
};

static const struct ctl_option doctor_options[] = {
    {"apply", 0, NULL, "queue the job once more with all that is suggested, and print its id"},
    {NULL, 0, NULL, NULL},
};

/* clang-format off */
const struct ctl_command ctl_commands[] = {
    {"submit", NULL, "FILE|-", 1, 1, "queue a job and print its id", submit_options, ctl_submit, false},
    {"watch", NULL, "ID", 1, 1, "show a job's progress until it is over; gives up after 60 s without a daemon", NULL, ctl_watch, false},
    {"top", NULL, "", 0, 0, "the jobs as they go on, with keys to cancel, pause, resume, sort and search", top_options, ctl_top, false},
    {"list", NULL, "", 0, 0, "jobs, newest first unless sorted otherwise", list_options, ctl_list, false},
    {"show", NULL, "ID", 1, 1, "all about a job", NULL, ctl_show, false},
    {"events", NULL, "ID", 1, 1, "what happened to a job", events_options, ctl_events, false},
    {"checkpoints", NULL, "ID", 1, 1, "what is saved of a job", NULL, ctl_checkpoints, false},
    {"config", NULL, "ID", 1, 1, "the JSON of a job as it was accepted, to submit again", NULL, ctl_config, false},
    {"cancel", NULL, "ID", 1, 1, "stop a job", NULL, ctl_cancel, false},
    {"pause", NULL, "ID", 1, 1, "save a job and let it wait", NULL, ctl_pause, false},
    {"resume", NULL, "ID", 1, 1, "let a paused job go on", NULL, ctl_resume, false},
    {"delete", NULL, "ID", 1, 1, "remove a job with all it left", NULL, ctl_delete, false},
    {"validate", NULL, "FILE|-", 1, 1, "what is wrong with a job, and what it would need", NULL, ctl_validate, false},
    {"histogram", NULL, "ID [NAME]", 1, 2, "a histogram as bars; without NAME: which there are", histogram_options, ctl_histogram, false},
    {"metrics", NULL, "ID [NAME...]", 1, CTL_MAX_OPERANDS, "series of losses, accuracies, rates and norms", metrics_options, ctl_metrics, false},
    {"confusion", NULL, "ID", 1, 1, "how the test set was told apart: a row a class, a column an answer", NULL, ctl_confusion, false},
    {"predict", NULL, "ID FILE|-", 2, 2, "what the trained model says of samples: a JSON array of arrays of numbers, or of events [time, unit]", predict_options, ctl_predict, false},
    {"gradcheck", NULL, "FILE|-|ID", 1, 1, "a job's gradients by back-propagation, checked against tangents carried forward", NULL, ctl_gradcheck, false},
    {"doctor", NULL, "ID", 1, 1, "why a job learns or does not, and the knob to turn", doctor_options, ctl_doctor, false},
    {"bias", NULL, "ID", 1, 1, "how well the surrogate's gradient points: its cosine with the gradient of the noisy network's expected loss", bias_options, ctl_bias, false},
    {"verify", NULL, "ID", 1, 1, "train a job once more and see whether the weights come out the same, bit for bit", NULL, ctl_verify, false},
    {"weights", NULL, "ID -o FILE", 1, 1, "download the trained model", weights_options, ctl_weights, false},
    {"curve", NULL, "NAME", 1, 1, "a surrogate's derivative and spike, drawn", curve_options, ctl_curve, false},
    {"catalog", NULL, "[SECTION]", 0, 1, "everything a job can choose, with ranges and defaults", NULL, ctl_catalog, false},
    {"sweep", "show", "ID", 1, 1, "a sweep's combinations, the best first", sweep_show_options, ctl_sweep_show, false},
    {"sweep", "results", "ID", 1, 1, "a sweep's jobs as a table, a row each", sweep_results_options, ctl_sweep_results, false},
    {"sweep", "cancel", "ID", 1, 1, "stop all jobs of a sweep", NULL, ctl_sweep_cancel, false},
    {"sweep", "pause", "ID", 1, 1, "save all jobs of a sweep and let them wait", NULL, ctl_sweep_pause, false},
    {"sweep", "resume", "ID", 1, 1, "let the paused jobs of a sweep go on", NULL, ctl_sweep_resume, false},
    {"sweep", "delete", "ID", 1, 1, "remove a sweep with all its jobs", NULL, ctl_sweep_delete, false},
    {"sweep", NULL, "FILE|-", 1, 1, "queue a job for each combination of what differs", NULL, ctl_sweep, false},
    {"sweeps", NULL, "", 0, 0, "sweeps, newest first", sweeps_options, ctl_sweeps, false},
    {"dataset", "upload", "NAME --format FORMAT PART=FILE...", 2, CTL_MAX_OPERANDS, "upload the files of a data set: a new one, or the missing ones", upload_options, ctl_dataset_upload, false},
    {"dataset", "list", "", 0, 0, "the data sets", NULL, ctl_dataset_list, false},
    {"dataset", "show", "ID|NAME", 1, 1, "all about a data set", NULL, ctl_dataset_show, false},
    {"dataset", "delete", "ID|NAME", 1, 1, "remove an uploaded data set", NULL, ctl_dataset_delete, false},
    {"webhooks", "retry", "ID", 1, 1, "send a webhook that was not delivered as soon as can be", NULL, ctl_webhooks_retry, false},
    {"webhooks", NULL, "", 0, 0, "what was told of jobs' ends, or could not be, newest first", webhooks_options, ctl_webhooks, false},
    {"system", NULL, "", 0, 0, "the daemon: version, kernels, workers, memory, queue, disk", NULL, ctl_system, false},
    {"backup", NULL, "", 0, 0, "all that a daemon keeps, as of one moment, while it works, to -o FILE", backup_options, ctl_backup, false},
    {"restore", NULL, "FILE|-", 1, 1, "unpack a backup into an empty data directory of this machine", ctl_data_options, ctl_offline, true},
    {"admin", "check", "", 0, 0, "read a stopped daemon's database and files, and compare the digests", ctl_data_options, ctl_offline, true},
    {"admin", "requeue", "ID", 1, 1, "put a failed, cancelled or stuck job of a stopped daemon back into the queue", ctl_data_options, ctl_offline, true},
    {"admin", "fail", "ID [REASON]", 1, 2, "fail a job of a stopped daemon that is not over", ctl_data_options, ctl_offline, true},
    {"token", "add", "NAME [read|write|admin]", 1, 2, "make a token (write) for a daemon on this machine, and show it, this once", ctl_data_options, ctl_offline, true},
    {"token", "list", "", 0, 0, "the tokens' names and scopes", ctl_data_options, ctl_offline, true},
    {"token", "remove", "NAME", 1, 1, "make a token worthless, at once", ctl_data_options, ctl_offline, true},
    {"ready", NULL, "", 0, 0, "whether the daemon takes jobs (for health checks)", NULL, ctl_ready, false},
    {"version", NULL, "", 0, 0, "the version of this program", NULL, ctl_version, true},
    {"help", NULL, "[COMMAND]", 0, 2, "what there is, or more about a command", NULL, ctl_help, true},
};
/* clang-format on */
const size_t ctl_command_count = sizeof ctl_commands / sizeof *ctl_commands;
