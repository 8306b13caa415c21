/* SPDX-License-Identifier: MIT */
/* Confusion matrices as bytes and through the database. */
#include <stdlib.h>
#include <string.h>

#include "server/pack.h"
#include "tests/server/store_fixture.h"

static const uint32_t samples[] = {3, 200, 0}, correct[] = {2, 199, 0},
                      matrix[] = {2, 1, 0, 0, 199, 1, 0, 0, 0};
static const struct snn_confusion sample = {3, samples, correct, matrix};

static void check(const struct snn_confusion *m, bool with_matrix)
{
    assert_int_equal(m->classes, 3);
    assert_memory_equal(m->samples, samples, sizeof samples);
    assert_memory_equal(m->correct, correct, sizeof correct);
    if (with_matrix)
        assert_memory_equal(m->matrix, matrix, sizeof matrix);
    else
        assert_null(m->matrix);
}

static void store__confusion__comes_back(void **state)
{
    struct fixture *f = *state;
    struct snn_confusion got, counts_only = sample;
    struct snn_error err = {0};
    uint32_t *counts = NULL;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 0, id);
    assert_int_equal(srv_store_confusion_get(f->store, id, &got, &counts, &err), SNN_NOT_FOUND);
    assert_int_equal(srv_store_confusion_post(f->store, id, &sample), SNN_OK);
    err = (struct snn_error){0};
    assert_ok(srv_store_ping(f->store, &err), err);
    assert_ok(srv_store_confusion_get(f->store, id, &got, &counts, &err), err);
    check(&got, true);
    free(counts);
    counts_only.matrix = NULL; /* another attempt's takes its place */
    assert_int_equal(srv_store_confusion_post(f->store, id, &counts_only), SNN_OK);
    assert_ok(srv_store_ping(f->store, &err), err);
    assert_ok(srv_store_confusion_get(f->store, id, &got, &counts, &err), err);
    check(&got, false);
    free(counts);
}

static void store__confusion_of_no_job__is_dropped(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};

    assert_int_equal(srv_store_confusion_post(f->store, "job_gone", &sample), SNN_OK);
    assert_ok(srv_store_ping(f->store, &err), err);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM confusions"), 0);
}

/* The form is a promise to databases written before: its bytes are fixed. */
static void pack__confusion__is_as_documented(void **state)
{
    static const unsigned char want[] = {1, 3, 1, 3, 0xc8, 1, 0, 2, 0xc7, 1, 0,
                                         2, 1, 0, 0, 0xc7, 1, 1, 0, 0,    0};
    struct srv_bytes bytes = {0};

    (void)state;
    srv_pack_confusion(&bytes, &sample);
    assert_int_equal(bytes.n, sizeof want);
    assert_memory_equal(bytes.data, want, sizeof want);
    free(bytes.data);
}

static void unpack__cut_or_longer__is_damaged(void **state)
{
    struct srv_bytes bytes = {0};
    struct snn_confusion got;
    uint32_t *counts = NULL;

    (void)state;
    srv_pack_confusion(&bytes, &sample);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(srv_unpack_confusion(&got, &counts, bytes.data, n, NULL), SNN_FORMAT);
    srv_bytes_add(&bytes, "", 1);
    assert_int_equal(srv_unpack_confusion(&got, &counts, bytes.data, bytes.n, NULL), SNN_FORMAT);
    bytes.data[0] = 2; /* of a version to come */
    assert_int_equal(srv_unpack_confusion(&got, &counts, bytes.data, bytes.n - 1, NULL),
                     SNN_FORMAT);
    assert_null(counts);
    free(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(store__confusion__comes_back, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(store__confusion_of_no_job__is_dropped, fixture_open,
                                        fixture_close),
        cmocka_unit_test(pack__confusion__is_as_documented),
        cmocka_unit_test(unpack__cut_or_longer__is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
