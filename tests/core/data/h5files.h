/* SPDX-License-Identifier: MIT */
/* HDF5 files of spikes by HDF5's own library, for the tests of our reader. */
#ifndef TESTS_CORE_DATA_H5FILES_H
#define TESTS_CORE_DATA_H5FILES_H

#include <hdf5.h>
#include <stdbool.h>

#define H5FILES_SPIKES 64 /* of a sample, at most */

struct h5files_sample {
    size_t n, n_units; /* n_units differs where a test wants a fault */
    double times[H5FILES_SPIKES];
    long units[H5FILES_SPIKES];
    long label;
};

/* How the data sets are kept; zeroed is as h5py does it. */
struct h5files_form {
    hid_t time, unit, label; /* types in the file; 0 = half floats, 16 bits, 16 bits */
    hsize_t chunk;           /* elements; 0 = in one piece */
    int deflate;             /* level; 0 = not compressed */
    bool shuffle, fletcher, compact, latest;
    bool flat_times;     /* a fault: no lists, but numbers */
    bool square;         /* a fault: two dimensions */
    const char *without; /* a fault: this data set is not there */
    unsigned more;       /* groups beside "spikes", before and after it by name */
};

/* IEEE's 16-bit float, as h5py and PyTables name it. Close it. */
hid_t h5files_half(void);
/* Writes n samples into the file. Failures fail the running test. */
void h5files_write(const char *path, const struct h5files_sample *samples, size_t n,
                   const struct h5files_form *form);

#endif
