/* SPDX-License-Identifier: MIT */
/* Calculations aside: in the order of their asking, one at a time, and given up when nobody wants
 * them. */
#include "server/aside.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/support/test.h"

/* What an errand of the tests is told and tells. */
struct told {
    sem_t begun, go;
    atomic_int runs, frees;
    atomic_bool saw_unwanted;
    int number;
    bool waits;
};

static atomic_int order[4], ordered;
static sem_t news;

static void run(void *user, const struct srv_errand *errand)
{
    struct told *t = user;

    order[atomic_fetch_add(&ordered, 1)] = t->number;
    sem_post(&t->begun);
    if (t->waits)
        sem_wait(&t->go);
    atomic_store(&t->saw_unwanted, !srv_errand_wanted(errand));
    atomic_fetch_add(&t->runs, 1);
}

static void free_it(void *user)
{
    atomic_fetch_add(&((struct told *)user)->frees, 1);
}

static void tell(void *user)
{
    sem_post(user);
}

static struct srv_errand *ask(struct srv_aside *a, struct told *t)
{
    const struct srv_errand_work work = {.user = t, .run = run, .free = free_it};
    struct srv_errand *e = NULL;

    assert_int_equal(srv_aside_ask(a, &e, &work, NULL), SNN_OK);
    assert_ptr_equal(srv_errand_user(e), t);
    return e;
}

static void make(struct told *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memset(&t[i], 0, sizeof t[i]);
        t[i].number = (int)i + 1;
        sem_init(&t[i].begun, 0, 0);
        sem_init(&t[i].go, 0, 0);
    }
    atomic_store(&ordered, 0);
    sem_init(&news, 0, 0);
}

static void aside__several__are_run_in_their_order_and_freed_once(void **state)
{
    struct srv_aside *a;
    struct srv_errand *e[3];
    struct told t[3];

    (void)state;
    make(t, 3);
    assert_int_equal(srv_aside_start(&a, NULL), SNN_OK);
    srv_aside_listen(a, tell, &news);
    for (size_t i = 0; i < 3; i++)
        e[i] = ask(a, &t[i]);
    while (!srv_errand_done(e[2]))
        sem_wait(&news);
    for (size_t i = 0; i < 3; i++) {
        assert_true(srv_errand_done(e[i]));
        assert_int_equal(order[i], i + 1);
        assert_int_equal(atomic_load(&t[i].frees), 0); /* the asker may still read it */
        srv_errand_drop(e[i]);
    }
    srv_aside_stop(a);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&t[i].runs), 1);
        assert_int_equal(atomic_load(&t[i].frees), 1);
        assert_false(atomic_load(&t[i].saw_unwanted));
    }
}

static void aside__dropped__is_told_or_not_begun(void **state)
{
    struct srv_aside *a;
    struct srv_errand *first, *second;
    struct told t[2];

    (void)state;
    make(t, 2);
    t[0].waits = true;
    assert_int_equal(srv_aside_start(&a, NULL), SNN_OK);
    srv_aside_listen(a, tell, &news);
    first = ask(a, &t[0]);
    second = ask(a, &t[1]);
    sem_wait(&t[0].begun);
    srv_errand_drop(second);
    srv_errand_drop(first);
    sem_post(&t[0].go);
    srv_aside_stop(a);
    assert_true(atomic_load(&t[0].saw_unwanted));
    assert_int_equal(atomic_load(&t[0].frees), 1);
    assert_int_equal(atomic_load(&t[1].runs), 0);
    assert_int_equal(atomic_load(&t[1].frees), 1);
}

/* What runs is told to end, what waits is not begun. */
static void aside__stopped__runs_no_more(void **state)
{
    struct srv_aside *a;
    struct srv_errand *e[2];
    struct told t[2];

    (void)state;
    make(t, 2);
    assert_int_equal(srv_aside_start(&a, NULL), SNN_OK);
    e[0] = ask(a, &t[0]);
    sem_wait(&t[0].begun);
    srv_errand_drop(e[0]);
    srv_aside_stop(a);
    assert_int_equal(atomic_load(&t[0].frees), 1);
    srv_aside_stop(NULL);
    srv_errand_drop(NULL);
    (void)e;
}

static void aside__too_many__are_refused(void **state)
{
    static const struct srv_errand_work work = {.run = run, .free = free_it};
    struct srv_aside *a;
    struct srv_errand *e[16], *more;
    struct snn_error err = {0};
    struct told t[1];
    size_t n = 0;

    (void)state;
    make(t, 1);
    t[0].waits = true;
    assert_int_equal(srv_aside_start(&a, NULL), SNN_OK);
    e[n++] = ask(a, &t[0]);
    sem_wait(&t[0].begun);
    struct srv_errand_work plain = work;
    struct told rest[16];
    make(rest, 16);
    while (n < 16) {
        plain.user = &rest[n];
        if (srv_aside_ask(a, &e[n], &plain, &err) != SNN_OK)
            break;
        n++;
    }
    assert_int_equal(n, 9); /* one runs, eight wait */
    assert_int_equal(err.code, SNN_LIMIT);
    assert_contains(err.message, "8 calculations wait already");
    plain.user = &rest[15];
    assert_int_equal(srv_aside_ask(a, &more, &plain, NULL), SNN_LIMIT);
    assert_int_equal(atomic_load(&rest[15].frees), 0); /* it was not taken over */
    for (size_t i = 0; i < n; i++)
        srv_errand_drop(e[i]);
    sem_post(&t[0].go);
    srv_aside_stop(a);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(atomic_load(&rest[i].frees), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aside__several__are_run_in_their_order_and_freed_once),
        cmocka_unit_test(aside__dropped__is_told_or_not_begun),
        cmocka_unit_test(aside__stopped__runs_no_more),
        cmocka_unit_test(aside__too_many__are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
