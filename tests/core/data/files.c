/* SPDX-License-Identifier: MIT */
#include "tests/core/data/files.h"

#include "tests/support/oom.h"
#include "tests/support/test.h"

#include <string.h>
#include <zlib.h>

size_t files_gzip(unsigned char *to, size_t size, const void *from, size_t n)
{
    unsigned char copy[65536];
    z_stream z = {.next_in = copy, .avail_in = (unsigned)n};

    assert_true(n <= sizeof copy);
    memcpy(copy, from, n);
    z.next_out = to;
    z.avail_out = (unsigned)size;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return size - z.avail_out;
}

enum snn_code files_open(struct snn_data **out, const char *format, const char *dir,
                         const char *const *names, struct snn_error *err)
{
    struct snn_data_source source = {.format = snn_registry_find(&snn_formats, format)};
    char paths[SNN_MAX_PARTS][512];

    assert_non_null(source.format);
    for (size_t i = 0; snn_format_parts(source.format)[i]; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", dir, names[i]);
        source.paths[i] = paths[i];
    }
    return snn_data_open(out, &source, err);
}

size_t files_refuse_allocations(const struct snn_data_source *source)
{
    for (unsigned long n = 0;; n++) {
        struct snn_error err = {0};
        struct snn_data *data = NULL;
        enum snn_code rc;

        oom_fail_at(n);
        rc = snn_data_open(&data, source, &err);
        if (!oom_off()) {
            assert_int_equal(rc, SNN_OK);
            snn_data_free(data);
            return n;
        }
        assert_int_equal(rc, SNN_NOMEM);
        assert_int_equal(err.code, SNN_NOMEM);
        assert_contains(err.message, "no memory");
        assert_null(data);
    }
}
