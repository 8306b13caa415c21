/* SPDX-License-Identifier: MIT */
#include "tests/api/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

void tensors_read(struct tensors *out, const char *file, size_t size)
{
    uint64_t n = 0;

    assert_true(size > 8);
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)file[i];
    assert_true(n % 8 == 0 && n <= size - 8);
    assert_int_equal(file[8], '{');
    out->header = json_loadb(file + 8, n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(out->header);
    out->size = size - 8 - n;
    out->bytes = malloc(out->size + 1);
    assert_non_null(out->bytes);
    memcpy(out->bytes, file + 8 + n, out->size);
}

void tensors_free(struct tensors *t)
{
    json_decref(t->header);
    free(t->bytes);
}

float tensors_at(const struct tensors *t, const char *name, size_t i)
{
    json_t *offsets = json_object_get(json_object_get(t->header, name), "data_offsets");
    const unsigned char *p = t->bytes + json_integer_value(json_array_get(offsets, 0)) + 4 * i;
    uint32_t bits = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}
