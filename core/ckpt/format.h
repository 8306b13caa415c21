/* SPDX-License-Identifier: MIT */
/*
 * The file a run is saved in. Little-endian; integers are 64 bits, texts a length and their bytes:
 *
 *   "SPIKEDCK"  version  size of real
 *   text: digest of the spec, of the data, instruction set, BLAS kernel
 *   tensors: count, then for each its name, role, layer, rank, shape; since version 2 the text of
 *     the transform that makes a constant of each number ("" = it is the value itself), and where
 *     there is one its lower end and the initial values [entries, double]
 *   cursor: the fields of struct snn_cursor in the order of SNN_CURSOR_FIELDS
 *   initial_rms [tensors, double]   parameters [n]   has_best, best [n]   slots: count, then [n]
 * each SHA-256 of everything before, 64 hexadecimal digits
 */
#ifndef SPIKED_CORE_CKPT_FORMAT_H
#define SPIKED_CORE_CKPT_FORMAT_H

#include "core/train/run.h"

#define SNN_CKPT_MAGIC "SPIKEDCK"
#define SNN_CKPT_VERSION 2 /* runs go on from this one only */
#define SNN_CKPT_OLDEST 1  /* models are read from this one on */

/* name, kind: u = uint64_t, d = double. One list for writing and reading. */
/* clang-format off */
#define SNN_CURSOR_FIELDS(X)                                                                       \
    X(u, epoch) X(u, epoch_step) X(u, step) X(u, samples)                                          \
    X(d, epoch_loss) X(d, epoch_correct) X(u, epoch_samples)                                       \
    X(d, first_loss)                                                                               \
    X(d, metrics.train_loss) X(d, metrics.train_accuracy)                                          \
    X(d, metrics.validation_loss) X(d, metrics.validation_accuracy)                                \
    X(d, metrics.test_loss) X(d, metrics.test_accuracy)                                            \
    X(u, best_epoch)                                                                               \
    X(d, best_accuracy) X(d, best_loss) X(u, best_step)
/* clang-format on */

/* A whole file in memory, its digest verified; read from front to back. After the first read beyond
 * the end everything reads as zero and `failed` is set. */
struct snn_reader {
    unsigned char *bytes;
    size_t size, at; /* size: without the trailer */
    bool failed;
};
enum snn_code snn_reader_open(struct snn_reader *r, const char *path, struct snn_error *err);
/* The same from memory that the reader then owns; `name` for messages. */
enum snn_code snn_reader_take(struct snn_reader *r, unsigned char *bytes, size_t n,
                              const char *name, struct snn_error *err);
void snn_reader_close(struct snn_reader *r);
uint64_t snn_read_u(struct snn_reader *r);
double snn_read_d(struct snn_reader *r);
void snn_read_text(struct snn_reader *r, char *text, size_t size);
/* n items of `size` bytes, borrowed from the file's memory (unaligned); NULL beyond the end. */
const void *snn_read_array(struct snn_reader *r, size_t n, size_t size);

/* What precedes the vectors. */
#define SNN_CKPT_TENSORS (SNN_MAX_LAYERS * SNN_MAX_TENSORS)
struct snn_ckpt_head {
    uint64_t version, real_size;
    char spec[SNN_SHA256_HEX], data[SNN_SHA256_HEX], isa[32], blas[32];
    size_t n_tensors, n_params;
    struct {
        char name[SNN_NAME_SIZE * 2], role[24];
        size_t layer, rank, shape[SNN_MAX_RANK], count;
        const struct snn_transform *transform; /* NULL = the numbers are the values */
        double low;
        const void *initial; /* [count] doubles, unaligned, in the reader's memory */
    } tensor[SNN_CKPT_TENSORS];
    struct snn_cursor at;
};
enum snn_code snn_ckpt_read_head(struct snn_ckpt_head *h, struct snn_reader *r, const char *name,
                                 struct snn_error *err);

struct snn_model {
    struct snn_tensor tensor[SNN_CKPT_TENSORS];
    size_t n;
    size_t step;
    char role[SNN_CKPT_TENSORS][24];
    float *data;  /* all tensors, one after the other */
    real *params; /* the same as a run has them: learned constants as the optimizer moved them */
};
/* Whether the tensors are those of the net, by name and shape: SNN_INVALID with the first that is
 * not. */
enum snn_code snn_model_fits(const struct snn_model *model, const struct snn_net *net,
                             struct snn_error *err);

/* SHA-256 over a canonical text of everything in the spec that the trained bits depend on. */
void snn_spec_digest(const struct snn_spec *spec, char hex[SNN_SHA256_HEX]);

#endif
