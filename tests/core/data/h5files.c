/* SPDX-License-Identifier: MIT */
#include "tests/core/data/h5files.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define MOST 256

hid_t h5files_half(void)
{
    const hid_t t = H5Tcopy(H5T_IEEE_F32LE);

    assert_true(H5Tset_fields(t, 15, 10, 5, 0, 10) >= 0);
    assert_true(H5Tset_size(t, 2) >= 0);
    assert_true(H5Tset_ebias(t, 15) >= 0);
    return t;
}

static hid_t kept_as(const struct h5files_form *f, bool lists)
{
    const hid_t p = H5Pcreate(H5P_DATASET_CREATE);

    if (f->chunk)
        assert_true(H5Pset_chunk(p, 1, &f->chunk) >= 0);
    if (f->shuffle)
        assert_true(H5Pset_shuffle(p) >= 0);
    if (f->deflate)
        assert_true(H5Pset_deflate(p, (unsigned)f->deflate) >= 0);
    if (f->fletcher && !lists)
        assert_true(H5Pset_fletcher32(p) >= 0);
    if (f->compact)
        assert_true(H5Pset_layout(p, H5D_COMPACT) >= 0);
    return p;
}

static void put(hid_t file, const char *path, hid_t kept, hid_t memory, size_t n, const void *data,
                const struct h5files_form *f)
{
    const hsize_t line = n, most = H5S_UNLIMITED, square[2] = {1, n};
    const bool is_square = f->square && strcmp(path, "labels") == 0;
    const hid_t space = is_square ? H5Screate_simple(2, square, NULL)
                                  : H5Screate_simple(1, &line, f->chunk ? &most : NULL);
    const hid_t how = is_square ? H5P_DEFAULT : kept_as(f, strcmp(path, "labels") != 0);
    const hid_t set = H5Dcreate2(file, path, kept, space, H5P_DEFAULT, how, H5P_DEFAULT);

    assert_true(set >= 0);
    assert_true(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    if (!is_square)
        H5Pclose(how);
    H5Sclose(space);
}

static void put_lists(hid_t file, const char *path, hid_t number, hid_t memory, size_t n,
                      const hvl_t *lists, const struct h5files_form *f)
{
    const hid_t kept = H5Tvlen_create(number), in_memory = H5Tvlen_create(memory);

    put(file, path, kept, in_memory, n, lists, f);
    H5Tclose(kept);
    H5Tclose(in_memory);
}

static bool has(const struct h5files_form *f, const char *path)
{
    return !f->without || strcmp(f->without, path) != 0;
}

static void add_groups(hid_t file, const char *prefix, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%u", prefix, i);
        H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
}

void h5files_write(const char *path, const struct h5files_sample *s, size_t n,
                   const struct h5files_form *f)
{
    hvl_t times[MOST], units[MOST];
    long labels[MOST];
    double first[MOST];
    const hid_t half = h5files_half(), access = H5Pcreate(H5P_FILE_ACCESS);

    assert_true(n <= MOST);
    if (f->latest)
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);

    assert_true(file >= 0);
    for (size_t i = 0; i < n; i++) {
        times[i] = (hvl_t){s[i].n, (void *)(uintptr_t)s[i].times};
        units[i] = (hvl_t){s[i].n_units, (void *)(uintptr_t)s[i].units};
        labels[i] = s[i].label;
        first[i] = s[i].times[0];
    }
    add_groups(file, "a", f->more);
    H5Gclose(H5Gcreate2(file, "spikes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    if (f->flat_times)
        put(file, "spikes/times", half, H5T_NATIVE_DOUBLE, n, first, f);
    else if (has(f, "spikes/times"))
        put_lists(file, "spikes/times", f->time ? f->time : half, H5T_NATIVE_DOUBLE, n, times, f);
    if (has(f, "spikes/units"))
        put_lists(file, "spikes/units", f->unit ? f->unit : H5T_STD_U16LE, H5T_NATIVE_LONG, n,
                  units, f);
    if (has(f, "labels"))
        put(file, "labels", f->label ? f->label : H5T_STD_U16LE, H5T_NATIVE_LONG, n, labels, f);
    add_groups(file, "z", f->more);
    H5Pclose(access);
    H5Tclose(half);
    assert_true(H5Fclose(file) >= 0);
}
