/* SPDX-License-Identifier: MIT */
/*
 * Samples of so many steps that their arrays would not fit: they are run in segments. Forward, one
 * after the other, each keeps only the state that it began from; backward, from the last to the
 * first, each is run forward once more from there, and undone. A segment is run by the same code as
 * a whole sample, as a network of so many steps (struct snn_block's `from` and `followed` say what
 * is before and behind it), and its second run has the first one's bits.
 */
#ifndef SPIKED_CORE_TRAIN_SEGMENTS_H
#define SPIKED_CORE_TRAIN_SEGMENTS_H

#include "core/train/pass.h"

/* The network as it is run for `steps` of a sample's. It borrows the net's arrays. */
struct snn_net snn_segment_of(const struct snn_net *net, size_t steps);
/* What snn_segments_run needs beside the arrays of a segment. */
void snn_segments_place(struct snn_work *w, struct snn_arena *arena, const struct snn_net *net);
/* Forward, loss and, where grads is not NULL, backward of a block whose labels are in w. */
void snn_segments_run(const struct snn_net *net, struct snn_work *w, const real *params,
                      real *grads, const struct snn_shard *shard, const struct snn_block *b,
                      struct snn_tally *tally, struct snn_probe *probe);

#endif
