/* SPDX-License-Identifier: MIT */
#include "core/nir/tree.h"

#include <stdlib.h>

#define MOST_RANK 8
#define GROWTH ((size_t)1 << 20)

static void note(struct snn_tree *t, bool ok)
{
    t->failed = t->failed || !ok;
}

void snn_tree_open(struct snn_tree *t)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    *t = (struct snn_tree){.file = -1};
    note(t, access >= 0 && H5Pset_fapl_core(access, GROWTH, 0) >= 0);
    if (!t->failed)
        t->file = H5Fcreate("nir", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    note(t, t->file >= 0);
    if (access >= 0)
        H5Pclose(access);
}

bool snn_tree_close(struct snn_tree *t, FILE *to)
{
    if (t->file < 0)
        return false;
    note(t, H5Fflush(t->file, H5F_SCOPE_GLOBAL) >= 0);
    const ssize_t size = t->failed ? -1 : H5Fget_file_image(t->file, NULL, 0);
    void *bytes = size > 0 ? malloc((size_t)size) : NULL;
    note(t, bytes && H5Fget_file_image(t->file, bytes, (size_t)size) == size);
    if (!t->failed && to)
        fwrite(bytes, 1, (size_t)size, to);
    free(bytes);
    H5Fclose(t->file);
    return !t->failed;
}

hid_t snn_tree_enter(struct snn_tree *t, hid_t in, const char *name)
{
    const hid_t group =
        t->failed ? -1 : H5Gcreate2(in, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    note(t, group >= 0);
    return group;
}

void snn_tree_leave(struct snn_tree *t, hid_t group)
{
    if (group >= 0)
        note(t, H5Gclose(group) >= 0);
}

/* Closes the space. */
static void put(struct snn_tree *t, hid_t in, const char *name, hid_t type, hid_t stored,
                hid_t space, const void *values)
{
    hid_t set = -1;
    if (!t->failed && space >= 0)
        set = H5Dcreate2(in, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    note(t, set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    if (set >= 0)
        H5Dclose(set);
    if (space >= 0)
        H5Sclose(space);
}

static hid_t line(size_t n)
{
    const hsize_t size = n;
    return H5Screate_simple(1, &size, NULL);
}

static void put_texts(struct snn_tree *t, hid_t in, const char *name, hid_t space,
                      const void *values)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    note(t, type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 &&
                H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
    put(t, in, name, type, type, space, values);
    if (type >= 0)
        H5Tclose(type);
}

void snn_tree_text(struct snn_tree *t, hid_t in, const char *name, const char *value)
{
    put_texts(t, in, name, H5Screate(H5S_SCALAR), &value);
}

void snn_tree_pairs(struct snn_tree *t, hid_t in, const char *name, const char *const *pairs,
                    size_t n)
{
    const hsize_t size[2] = {n, 2};
    put_texts(t, in, name, H5Screate_simple(2, size, NULL), pairs);
}

void snn_tree_number(struct snn_tree *t, hid_t in, const char *name, double value)
{
    put(t, in, name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, H5Screate(H5S_SCALAR), &value);
}

void snn_tree_integer(struct snn_tree *t, hid_t in, const char *name, long long value)
{
    put(t, in, name, H5T_NATIVE_LLONG, H5T_STD_I64LE, H5Screate(H5S_SCALAR), &value);
}

void snn_tree_numbers(struct snn_tree *t, hid_t in, const char *name, const double *values,
                      size_t n)
{
    put(t, in, name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, line(n), values);
}

void snn_tree_integers(struct snn_tree *t, hid_t in, const char *name, const size_t *values,
                       size_t n)
{
    put(t, in, name, H5T_NATIVE_ULONG, H5T_STD_I64LE, line(n), values);
}

void snn_tree_floats(struct snn_tree *t, hid_t in, const char *name, const float *values,
                     const size_t *shape, size_t rank)
{
    hsize_t size[MOST_RANK];
    for (size_t i = 0; i < rank; i++)
        size[i] = shape[i];
    put(t, in, name, H5T_NATIVE_FLOAT, H5T_IEEE_F32LE, H5Screate_simple((int)rank, size, NULL),
        values);
}
