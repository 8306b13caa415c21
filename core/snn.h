/* SPDX-License-Identifier: MIT */
/*
 * The training library's one public header: what a run is (spec), what it learns from (data),
 * how it is driven (run) and what it tells (records, histograms, models). Arrays and time only:
 * no HTTP, SQL, JSON, environment or output. Nothing here keeps global state; an object belongs to
 * one thread at a time unless a comment says otherwise.
 *
 * Every fallible call returns a code and, where `err` is not NULL, a sentence that names the value
 * found, the value wanted and where. `out` is untouched on failure.
 */
#ifndef SPIKED_CORE_SNN_H
#define SPIKED_CORE_SNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the core computes in. Losses and statistics are accumulated in double either way. */
#ifdef SNN_DOUBLE
typedef double real;
#else
typedef float real;
#endif

/* ---------------------------------------------------------------------------------- errors -- */

#define SNN_CODES(X)                                                                               \
    X(SNN_OK, "ok")                                                                                \
    X(SNN_INVALID, "invalid")      /* a value the caller gave cannot be used */                    \
    X(SNN_NOT_FOUND, "not_found")  /* a name, file or data set that is not there */                \
    X(SNN_FORMAT, "bad_format")    /* a file that is not what it claims to be */                   \
    X(SNN_LIMIT, "limit_exceeded") /* more than is allowed */                                      \
    X(SNN_NOMEM, "out_of_memory")  /* an allocation failed */                                      \
    X(SNN_IO, "io_error")          /* the system refused to read or write */                       \
    X(SNN_FULL, "storage_full")    /* the disk has no room left; with room it would have gone */   \
    X(SNN_DIVERGED, "diverged")    /* a loss, gradient or weight stopped being finite */           \
    X(SNN_STOPPED, "stopped")      /* the caller's hook asked the run to stop */

#define SNN_CODE_ENUM(code, text) code,
enum snn_code { SNN_CODES(SNN_CODE_ENUM) SNN_CODE_COUNT };
#undef SNN_CODE_ENUM

struct snn_error {
    enum snn_code code;
    char pointer[96];  /* JSON-pointer-like place in a spec ("/layers/1/units"), "" if none */
    char message[416]; /* one sentence */
};

/* The code's lower-case name, "unknown" outside the list. @thread any */
const char *snn_code_name(enum snn_code code);

/* Fills *err (first failure wins: nothing is written where err already holds one) and returns code.
 */
enum snn_code snn_fail(struct snn_error *err, enum snn_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with the place in a spec. */
enum snn_code snn_fail_at(struct snn_error *err, const char *pointer, enum snn_code code,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------------------ registries -- */

/* Everything that can be chosen by name (neurons, surrogates, resets, encoders, readouts, losses,
 * optimizers, layers, data formats) is a row in a table that starts with a struct snn_kind. The
 * API's validation and catalog are loops over these tables, so a new row needs no other edit. */

enum snn_param_type { SNN_REAL, SNN_INTEGER, SNN_BOOLEAN };

struct snn_param {
    const char *name;
    const char *doc; /* meaning and unit, one line */
    enum snn_param_type type;
    double value;    /* the default */
    double min, max; /* inclusive, unless open; booleans are 0 or 1 */
    bool min_open, max_open;
    bool required; /* must be given: `value` is no default */
};

struct snn_kind {
    const char *name;
    const char *doc; /* one line, with the formula where there is one */
    const struct snn_param *params;
    size_t n_params;
};

#define SNN_MAX_PARAMS 10

/* A row chosen, with the values of its parameters in the row's order. */
struct snn_choice {
    const struct snn_kind *kind;
    double value[SNN_MAX_PARAMS];
};

struct snn_registry {
    const char *name; /* plural, as in the catalog: "surrogates" */
    const char *noun; /* singular, as in messages: "surrogate" */
    const void *rows; /* each row starts with a struct snn_kind */
    size_t count, stride;
};

extern const struct snn_registry snn_neurons, snn_solvers, snn_surrogates, snn_resets, snn_encoders,
    snn_layers, snn_readouts, snn_losses, snn_optimizers, snn_schedules, snn_samplings,
    snn_learnables, snn_initialisers, snn_formats;

/* All registries, NULL-terminated, in the catalog's order. */
extern const struct snn_registry *const snn_registries[];

const struct snn_kind *snn_registry_at(const struct snn_registry *r, size_t i);
/* The row called `name`, NULL if there is none. */
const struct snn_kind *snn_registry_find(const struct snn_registry *r, const char *name);
/* Like find; failing with a message that lists every valid name. */
enum snn_code snn_registry_get(const struct snn_kind **out, const struct snn_registry *r,
                               const char *name, struct snn_error *err);
/* The kind with every parameter at its default. */
struct snn_choice snn_choice_of(const struct snn_kind *kind);
/* SNN_INVALID with a message that names value and range, where v is outside p's. */
enum snn_code snn_param_check(const struct snn_param *p, double v, struct snn_error *err);
/* The value of the parameter called `name`; `otherwise` where the kind has none of that name. */
double snn_choice_value(const struct snn_choice *c, const char *name, double otherwise);

/* The curve of a surrogate (x = membrane - threshold), for plotting: spike[i] is what evaluation
 * emits, derivative[i] what the backward pass uses (of the noiseless function for `noisy`). */
void snn_surrogate_curve(const struct snn_choice *surrogate, const double *x, size_t n,
                         double *spike, double *derivative);

/* ------------------------------------------------------------------------------------ spec -- */

#define SNN_MAX_LAYERS 32
#define SNN_NAME_SIZE 48
#define SNN_MAX_RANK 4

#define SNN_MAX_TERMS 8         /* orders of multi-term dynamics */
#define SNN_ALL_STATES SIZE_MAX /* `memory`: the whole past */

/* What a layer learns beside its weights, and whether one value per layer or per neuron. */
#define SNN_LEARNABLES(X) X(tau) X(threshold) X(alpha) X(coefficients) X(beta) X(alpha_syn)
#define SNN_LEARN_ENUM(name) SNN_LEARN_##name,
enum snn_learnable { SNN_LEARNABLES(SNN_LEARN_ENUM) SNN_LEARNABLE_COUNT };
#undef SNN_LEARN_ENUM
enum snn_learn { SNN_FIXED, SNN_PER_LAYER, SNN_PER_NEURON };
/* The rows of snn_learnables are in the enum's order. */
bool snn_learnable_allows(enum snn_learnable which, enum snn_learn how);

struct snn_neuron_spec {
    struct snn_choice model;            /* lif, if, leaky, ... */
    struct snn_choice solver;           /* euler, gl, l1 (trap), pred */
    struct snn_choice surrogate;        /* its own scale */
    struct snn_choice reset;            /* scaled, subtract, zero, none */
    double alpha[SNN_MAX_TERMS];        /* orders in (0, 1]; euler ignores them */
    double coefficients[SNN_MAX_TERMS]; /* of the terms; unused where there is one */
    size_t n_terms;
    size_t memory;       /* past states kept; SNN_ALL_STATES */
    size_t exponentials; /* decaying states that stand for the far past; 0 = its sums are exact */
    enum snn_learn learn[SNN_LEARNABLE_COUNT];
    double learning_rate; /* of what is learned here; 0 = the optimizer's */
};

/* Whether a layer has neurons: as its kind has by itself (dense, recurrent, conv2d), or as said. */
enum snn_presence { SNN_BY_KIND, SNN_ABSENT, SNN_PRESENT };

struct snn_layer_spec {
    char name[SNN_NAME_SIZE];  /* "layer1", ... unless given; unique */
    struct snn_choice kind;    /* dense, recurrent, conv2d, max_pool2d, ... */
    enum snn_presence neurons; /* absent: what the kind computes is passed on */
    struct snn_neuron_spec neuron;
    struct snn_choice initialiser; /* of the weights; kinds without them ignore it */
};
/* Whether there are neurons in the layer: the spec says so, or nothing, and its kind has them. */
bool snn_layer_has_neuron(const struct snn_layer_spec *layer);

/* A run, whole and validated by snn_spec_check. Zeroed memory is not a spec: start from
 * snn_spec_default. Holds no pointers but to registry rows, so it may be copied. */
struct snn_spec {
    uint64_t seed;
    struct snn_choice encoding; /* constant, rate, latency, ... */
    size_t time_steps;
    struct snn_layer_spec layers[SNN_MAX_LAYERS];
    size_t n_layers;
    struct snn_choice readout, loss, optimizer, schedule, sampling;
    size_t epochs, batch_size, shards;
    double validation_fraction;   /* of the training set, [0, 0.9] */
    double clip_norm, clip_value; /* of the gradient; 0 = not clipped */
    size_t patience; /* epochs without a better validation before it stops; 0 = never */
    /* Penalty per layer: rate_penalty * mean over neurons of max(0, rate - rate_above)^2 + max(0,
     * rate_below - rate)^2, rate = spikes per step of a sample. */
    double rate_penalty, rate_below, rate_above;
    size_t diagnostics_every; /* steps; 0 = never */
    /* Of the model that the weights start from, "" = none; snn_run_init_from sets it in its run. A
     * run that goes on from a checkpoint must have it. */
    char init_sha256[65];
};

/* Every default of the documentation; no layers. */
struct snn_spec snn_spec_default(void);
struct snn_neuron_spec snn_neuron_spec_default(void);
/* The limits that a spec is held to: {name, min, max} rows, for the catalog and for messages. */
extern const struct snn_param snn_spec_limits[];
extern const size_t snn_spec_limit_count;
/* The same of a neuron's that no row has; infinite: memory's whole past, the optimizer's rate. */
extern const struct snn_param snn_neuron_limits[];
extern const size_t snn_neuron_limit_count;

/* ------------------------------------------------------------------------------------ data -- */

#define SNN_MAX_PARTS 4
#define SNN_SHA256_HEX 65 /* 64 lower-case digits and the end */

/* What a data set holds, known without keeping it in memory. */
struct snn_data_info {
    size_t train, test;               /* samples */
    size_t features;                  /* values per sample: the product of shape */
    size_t shape[SNN_MAX_RANK], rank; /* of one sample, outermost first */
    size_t classes;                   /* labels are 0 .. classes-1 */
    size_t bytes;                     /* memory it takes when open */
    bool events;       /* samples are lists of (time, unit), for encoders that take them */
    uint64_t duration; /* of a set of events: its last time + 1; 0 = not known */
    char sha256[SNN_SHA256_HEX]; /* over the decoded samples and labels: equal data, equal digest */
};

/* The files of a data set, in the order of its format's parts. */
struct snn_data_source {
    const struct snn_kind *format;    /* a row of snn_formats: digits, idx, ... */
    const char *paths[SNN_MAX_PARTS]; /* NULL where the format has no such part */
    size_t max_bytes;                 /* refuse to decode more from a file; 0 = 4 GiB */
    const char *sha256;               /* info's, as these very files gave it before, or NULL */
};

struct snn_data; /* immutable once open: may be read by many threads */

/* The part names of a format ("train-images", ...), NULL-terminated. */
const char *const *snn_format_parts(const struct snn_kind *format);
enum snn_code snn_data_open(struct snn_data **out, const struct snn_data_source *source,
                            struct snn_error *err);
/* Reads one part alone, whole, and says what is wrong with it: for checking an upload at once. */
enum snn_code snn_data_check_part(const struct snn_kind *format, size_t part, const char *path,
                                  size_t max_bytes, struct snn_error *err);
void snn_data_free(struct snn_data *data);
const struct snn_data_info *snn_data_describe(const struct snn_data *data);

/* ----------------------------------------------------------------------------- spec checks -- */

struct snn_estimate {
    size_t parameters;        /* weights, biases */
    size_t bytes;             /* all that a run takes until its end, and the data set */
    size_t train, validation; /* samples after the split */
    size_t steps_per_epoch, steps;
    size_t segment_steps; /* of a sample's steps, those whose states are in memory at a time */
    double multiply_adds; /* of one training sample, forward and backward */
};

/* Calls `report` once for every thing that is wrong with the spec for that data, and returns the
 * first one's code; the messages' pointers are those of the job's JSON. */
enum snn_code snn_spec_check(const struct snn_spec *spec, const struct snn_data_info *data,
                             void (*report)(void *user, const struct snn_error *what), void *user);
/* Things of a checked spec that are legal and probably not meant (a step too long for tau, ...). */
void snn_spec_warn(const struct snn_spec *spec, const struct snn_data_info *data,
                   void (*report)(void *user, const struct snn_error *what), void *user);
/* What a checked spec will need with that many threads: the layout code itself, run on nothing. */
enum snn_code snn_run_estimate(struct snn_estimate *out, const struct snn_spec *spec,
                               const struct snn_data_info *data, size_t threads,
                               struct snn_error *err);

/* -------------------------------------------------------------- what a run tells its caller -- */

#define SNN_METRICS(X)                                                                             \
    X(train_loss)                                                                                  \
    X(train_accuracy) X(validation_loss) X(validation_accuracy) X(test_loss) X(test_accuracy)

/* NaN = not known yet. train_*: mean over the epoch so far, then over the whole epoch. */
struct snn_metrics {
#define SNN_METRIC_FIELD(name) double name;
    SNN_METRICS(SNN_METRIC_FIELD)
#undef SNN_METRIC_FIELD
};

struct snn_progress {
    size_t epoch, epochs; /* epochs finished, of */
    size_t step, steps;   /* steps finished, of; over the whole run */
    size_t samples;       /* training samples finished, over the whole run */
    bool epoch_end;       /* this call is the one after an epoch and its validation */
    struct snn_metrics metrics;
};

/* Metric values that belong to one step. A series of more than one value is e.g. one per time step.
 */
struct snn_point {
    char name[SNN_NAME_SIZE * 2];
    const double *values; /* [n], borrowed for the call; NaN and infinities may occur */
    size_t n;
};

#define SNN_HIST_EXP_MIN (-40)
#define SNN_HIST_EXP_MAX 9
#define SNN_HIST_SIDE (SNN_HIST_EXP_MAX - SNN_HIST_EXP_MIN + 1 + 2)
#define SNN_HIST_BINS (2 * SNN_HIST_SIDE)

/* Fixed signed log2-magnitude bins, so histograms of different steps, shards and runs add up
 * exactly. bins are in ascending order of value: bins[0] is below -2^10, then [-2^(e+1), -2^e)
 * mirrored for e = 9..-40, one for (-2^-40, 0), one for (0, 2^-40), [2^e, 2^(e+1)) for e = -40..9,
 * and 2^10 and above. zeros + nan + inf + sum(bins) == count. */
struct snn_histogram {
    char name[SNN_NAME_SIZE * 2]; /* "gradients/layer1.weight" */
    uint64_t count, zeros, nan, inf;
    double min, max, sum, sum_squares; /* of the finite values; min > max where there is none */
    uint64_t bins[SNN_HIST_BINS];
};

void snn_histogram_clear(struct snn_histogram *h);
void snn_histogram_add(struct snn_histogram *h, const real *values, size_t n);
void snn_histogram_merge(struct snn_histogram *into, const struct snn_histogram *from);
/* Edges of bin i; -HUGE_VAL and HUGE_VAL at the two ends. */
void snn_histogram_edges(size_t i, double *left, double *right);

/* ------------------------------------------------------------------------------------- run -- */

struct snn_run;

/* SOON: where the run can go on as if it had not been stopped. NOW: also where the last step's
 * points and histograms are lost by it (in the validation after a step that was looked into). */
enum snn_stop { SNN_GO_ON, SNN_STOP_SOON, SNN_STOP_NOW };

/* Called by the thread that called snn_run_train, between steps, when the run's state is whole: a
 * hook may save it. Any may be NULL. */
struct snn_hooks {
    void *user;
    /* After every step (after an epoch's last: with its validation done). False stops the run:
     * snn_run_train returns SNN_STOPPED. */
    bool (*progress)(void *user, struct snn_run *run, const struct snn_progress *p);
    /* The metric points of one step, at most once per step: at diagnostic steps and at epochs'
     * ends. */
    void (*points)(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n);
    void (*histograms)(void *user, size_t step, size_t epoch, const struct snn_histogram *h,
                       size_t n);
    /* Of what a run cannot do as it is told to, and goes on without. */
    void (*warn)(void *user, const struct snn_error *what);
    /* Asked often within a step or an evaluation, by any of the run's threads at the same time:
     * what it reads must be atomic. It stops the run as a false progress does, but in the middle:
     * what was under way counts as not begun, and is done anew where the run goes on. */
    enum snn_stop (*stop)(void *user);
};

/* `data` is borrowed for the run's life. threads >= 1 changes the speed, never the bits. */
enum snn_code snn_run_new(struct snn_run **out, const struct snn_spec *spec,
                          const struct snn_data *data, size_t threads, struct snn_error *err);
/* Trains from where the run stands to its end, then evaluates on the test set. SNN_STOPPED leaves
 * the run whole: it may be saved, and trained on. */
enum snn_code snn_run_train(struct snn_run *run, const struct snn_hooks *hooks,
                            struct snn_error *err);
void snn_run_free(struct snn_run *run);
struct snn_progress snn_run_progress(const struct snn_run *run);

/* With more classes than this, only the counts per class are kept. */
#define SNN_CONFUSION_CLASSES 1000

/* How the samples of the test set were told apart. Borrowed from who filled it. */
struct snn_confusion {
    size_t classes;          /* of the network: at least those of the data */
    const uint32_t *samples; /* [classes] test samples of the class */
    const uint32_t *correct; /* [classes] of them, taken for what they are */
    const uint32_t *matrix;  /* [class, answer]; NULL with too many classes */
};
/* Of the final evaluation: false before snn_run_train has come to its end. Lives as long as the
 * run. */
bool snn_run_confusion(const struct snn_run *run, struct snn_confusion *out);

/* Writes everything a bit-exact resume needs (weights, best weights, optimizer state, cursor, sums)
 * with a SHA-256 trailer to an open stream, at its position. The caller makes it durable. */
enum snn_code snn_run_save(const struct snn_run *run, FILE *to, struct snn_error *err);
/* Puts a fresh run into the state saved. Refuses a file of another spec or data, or one that is
 * damaged. */
enum snn_code snn_run_load(struct snn_run *run, const char *path, struct snn_error *err);

/* ----------------------------------------------------------------------------------- other -- */

struct snn_digest { /* SHA-256, incremental */
    _Alignas(16) unsigned char state[128];
};
void snn_digest_init(struct snn_digest *d);
void snn_digest_add(struct snn_digest *d, const void *bytes, size_t n);
void snn_digest_hex(struct snn_digest *d, char hex[SNN_SHA256_HEX]);
enum snn_code snn_digest_file(const char *path, char hex[SNN_SHA256_HEX], struct snn_error *err);

/* What the bits of a run depend on beside the job: the instruction set of the kernels and the BLAS
 * kernel in use. The best set that build and processor have is chosen before main. */
const char *snn_isa(void);
/* The i-th of those there are, the plainest first; NULL beyond the last. */
const char *snn_isa_at(size_t i);
/* Takes another, while no run is under way. SNN_NOT_FOUND with a list of those there are. */
enum snn_code snn_isa_select(const char *name, struct snn_error *err);
const char *snn_blas(void);

#include "core/snn_bias.h"
#include "core/snn_gradcheck.h"
#include "core/snn_look.h"
#include "core/snn_model.h"
#include "core/snn_plan.h"
#include "core/snn_verdict.h"

#endif
