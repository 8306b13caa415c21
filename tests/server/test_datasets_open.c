/* SPDX-License-Identifier: MIT */
/* Opened data: shared, kept, let go. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/server/data_support.h"
#include "tests/support/test.h"

static const struct snn_data *acquire(struct place *p, const char *name)
{
    const struct snn_data *data = NULL;
    struct snn_error err = {0};

    if (srv_datasets_acquire(p->datasets, name, &data, &err) != SNN_OK)
        fail_msg("%s: %s", name, err.message);
    return data;
}

static void acquire__twice__shares_one_copy(void **state)
{
    struct place *p = *state;
    const struct snn_data *a, *b;

    place_open(p);
    a = acquire(p, "digits");
    b = acquire(p, "builtin:digits");
    assert_ptr_equal(a, b);
    srv_datasets_release(p->datasets, a);
    assert_int_equal(snn_data_describe(b)->train, 1438);
    srv_datasets_release(p->datasets, b);
}

/* Other files under the same names show which copy it is: what is used goes on as it was read, and
 * who comes later gets what is there. */
static void acquire__files_that_changed__are_read_again(void **state)
{
    struct place *p = *state;
    const struct snn_data *a, *b, *c;

    free(put_folder(p, "tiny", 6, 0));
    place_open(p);
    a = acquire(p, "tiny");
    b = acquire(p, "tiny");
    assert_ptr_equal(a, b);
    free(put_folder(p, "tiny", 8, 1));
    assert_int_equal(place_find(p, "tiny").info.train, 8);
    c = acquire(p, "tiny");
    assert_int_equal(snn_data_describe(c)->train, 8);
    assert_int_equal(snn_data_describe(a)->train, 6);
    assert_string_not_equal(snn_data_describe(c)->sha256, snn_data_describe(a)->sha256);
    srv_datasets_release(p->datasets, a);
    srv_datasets_release(p->datasets, b);
    srv_datasets_release(p->datasets, c);
}

/* Labels that are gone show whether the copy was kept: it cannot be read again. */
static void release__of_the_last_user__keeps_until_forgotten(void **state)
{
    struct place *p = *state;
    const struct snn_data *a, *b, *none = NULL;
    char *folder, path[800];

    folder = put_folder(p, "tiny", 6, 0);
    place_open(p);
    assert_true(place_find(p, "tiny").ready); /* as a POST asks, before the job's worker */
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", folder);
    assert_int_equal(unlink(path), 0);
    a = acquire(p, "tiny");
    srv_datasets_forget(p->datasets, 0); /* what is used stays */
    b = acquire(p, "tiny");
    assert_ptr_equal(a, b);
    srv_datasets_release(p->datasets, a);
    srv_datasets_release(p->datasets, b);
    a = acquire(p, "tiny");
    assert_ptr_equal(a, b);
    srv_datasets_release(p->datasets, a);
    srv_datasets_forget(p->datasets, 3600000);
    srv_datasets_release(p->datasets, acquire(p, "tiny"));
    srv_datasets_forget(p->datasets, 0);
    assert_int_equal(srv_datasets_acquire(p->datasets, "tiny", &none, NULL), SNN_NOT_FOUND);
    free(folder);
}

/* An eighth of the memory limit is kept at most, those of late first. */
static void release__more_than_may_be_kept__frees_the_oldest(void **state)
{
    struct place *p = *state;
    const struct snn_data *a, *none = NULL;
    char *first, *second, path[800];

    first = put_folder(p, "first", 6, 0);
    second = put_folder(p, "second", 6, 1);
    place_open(p);
    a = acquire(p, "first");
    p->config.memory_limit = 8 * (snn_data_describe(a)->bytes * 3 / 2);
    srv_datasets_release(p->datasets, a);
    srv_datasets_release(p->datasets, acquire(p, "second"));
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", first);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", second);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(srv_datasets_acquire(p->datasets, "first", &none, NULL), SNN_NOT_FOUND);
    srv_datasets_release(p->datasets, acquire(p, "second"));
    p->config.memory_limit = 8;
    srv_datasets_release(p->datasets, acquire(p, "second"));
    p->config.memory_limit = 0;
    assert_int_equal(srv_datasets_acquire(p->datasets, "second", &none, NULL), SNN_NOT_FOUND);
    free(first);
    free(second);
}

struct user {
    struct place *place;
    pthread_t thread;
    const struct snn_data *data;
    enum snn_code rc;
};

static void *use(void *arg)
{
    struct user *u = arg;

    u->rc = srv_datasets_acquire(u->place->datasets, "digits", &u->data, NULL);
    return NULL;
}

static void acquire__by_many_threads__opens_once(void **state)
{
    struct place *p = *state;
    struct user users[8];

    place_open(p);
    for (size_t i = 0; i < 8; i++) {
        users[i] = (struct user){.place = p};
        assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        pthread_join(users[i].thread, NULL);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(users[i].rc, SNN_OK);
        assert_ptr_equal(users[i].data, users[0].data);
    }
    for (size_t i = 0; i < 8; i++)
        srv_datasets_release(p->datasets, users[0].data);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(acquire__twice__shares_one_copy),
        TEST(acquire__files_that_changed__are_read_again),
        TEST(release__of_the_last_user__keeps_until_forgotten),
        TEST(release__more_than_may_be_kept__frees_the_oldest),
        TEST(acquire__by_many_threads__opens_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
