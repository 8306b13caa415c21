/* SPDX-License-Identifier: MIT */
/* Where the rules draw their lines, each with its reason. "Digits" are the jobs of the tables in
 * core/README.md, which learn well: a line has to leave them alone. */
#ifndef SPIKED_CORE_DIAGNOSE_THRESHOLDS_H
#define SPIKED_CORE_DIAGNOSE_THRESHOLDS_H

/* Records in a row that a layer must look so before it is said: digits begin with 87% of their
 * neurons silent and have 6% so forty steps later. */
enum { LASTING = 3 };

/* ---- activity ---- */

/* Shares of neurons without a spike in a batch. Well-trained layers keep a third of them silent
 * (digits with a learning rate of 0.1: 44%); what is left at 10% carries next to nothing. */
#define DEAD 0.9
/* Neurons that fire at every step say the same of every sample; digits have none, 9% with a
 * learning rate far too high. With inputs of both signs at most half of a layer can be so. */
#define SATURATED_LAYER 0.25
/* A share that falls by so much from a record to the next is on its way out. */
#define RECOVERS 0.02
/* Which knob a silent or saturated layer is blamed on: the one that is farthest from where it
 * usually is, if that is by this factor at least. What is closer is within what training does:
 * weights of digits grow by 2 to 4. */
#define UNUSUAL 4.0
/* Where input usually is: the root mean square of features between 0 and 1. Digits: 0.45. */
#define USUAL_INPUT 0.4
/* Median distance of the membranes from the threshold, by the threshold or the surrogate's
 * half-width, the larger. Digits: 0.2 to 4, and 6 with a learning rate of 0.1. */
#define OVERDRIVEN 30.0

/* ---- surrogate ---- */

/* Share of neuron-steps whose surrogate is at least 1% of its peak. Digits: 46% to 100%; Norse's
 * superspike, the narrowest in use, has a quarter. */
#define NARROW 0.05
/* Below it less than one neuron-step in 200 learns at all. */
#define VERY_NARROW 0.005
#define WIDENS 1.5
/* Half-width (where the derivative is half its peak) by the 95% quantile of |u - threshold|: from
 * here on the derivative is the same for all neurons, near the threshold or not. Digits with
 * gaussian, the widest: 1.2. */
#define WIDE 4.0

/* ---- gradient ---- */

/* dL/du of the first layer by that of the last, root mean squares over neurons and steps. Single
 * precision holds 7 digits; a factor of 10 a layer over three layers is where Adam's epsilon and
 * rounding begin to tell. Digits: 0.4 to 2. */
#define VANISHED 1e-3
#define VANISHED_WHOLLY 1e-6
#define EXPLODED 1e3
/* The same of the first quarter of the steps by the largest, or by the median of all. */
#define VANISHED_IN_TIME 1e-3
#define EXPLODED_IN_TIME 1e3
/* Norm of the weights' gradient by its geometric mean so far: digits stay within a factor of 4.
 * Deep networks begin a thousand times lower than they go on, so it has to be large by itself too:
 * of a mean loss over a batch it is about 1 at most while a network learns. */
#define BURST 100.0
#define LARGE_NORM 100.0
/* What is to be left at the first step of what the last has, after the time constant is changed. */
#define LEFT_IN_TIME 0.1

/* ---- learning rate ---- */

/* |dw|/|w| of a step. A. Karpathy's rule of thumb ("Hacker's guide to Neural Networks", Stanford
 * CS231n notes) is about 1e-3 for a run under way; Adam on digits begins with 2e-2 and ends with
 * 3e-3. Suggestions aim at the geometric middle of a good beginning. */
#define GOOD_UPDATE 0.01
#define UPDATE_TOO_LARGE 0.5
#define UPDATE_TOO_SMALL 2e-4
/* Weights so many times both their first size and the usual one. Digits with a learning rate of
 * 0.1, which still learn well: 17; with 10: 1000. */
#define OUTGROWN 30.0
/* A loss that has come down by less than this share has not learned. */
#define HARDLY_LEARNED 0.2
/* Without a record there is only the rate itself to go by. */
#define BLIND_STEP 10.0

/* ---- overfitting ---- */

/* Validation loss by its own minimum, with the training loss below that; L. Prechelt, "Early
 * stopping: but when?" (1998), has 5% to 50% as its criterion of generalisation loss. */
#define OVERFITTED 1.2
/* Without a validation split, at the end: test loss by training loss, and accuracies apart. */
#define TEST_WORSE 3.0
#define ACCURACY_GAP 0.05
#define SHARE_TO_HOLD_OUT 0.1

#endif
