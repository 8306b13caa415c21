/* SPDX-License-Identifier: MIT */
#include "core/optim/schedule.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define STEPS 40
#define PER_EPOCH 4

static struct snn_choice schedule(const char *name, double warmup, double first, double second)
{
    const struct snn_kind *kind = snn_registry_find(&snn_schedules, name);

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    const double given[] = {warmup, first, second};
    for (size_t i = 0; i < kind->n_params; i++)
        c.value[i] = given[i];
    return c;
}

static double factor(const struct snn_choice *c, size_t done)
{
    return snn_schedule_factor(c, done, STEPS, PER_EPOCH);
}

static void table__every_row__starts_with_the_warmup_and_at_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_schedules.count; i++) {
        const struct snn_kind *kind = snn_registry_at(&snn_schedules, i);
        struct snn_choice c = snn_choice_of(kind);

        assert_string_equal(kind->params[0].name, "warmup_steps");
        assert_near(kind->params[0].value, 0, 0);
        assert_near(factor(&c, 0), 1, 0);
    }
}

static void constant__any_step__is_one(void **state)
{
    struct snn_choice c = schedule("constant", 0, 0, 0);

    (void)state;
    for (size_t done = 0; done < STEPS; done++)
        assert_near(factor(&c, done), 1, 0);
}

/* StepLR(step_size=3, gamma=0.5) stepped once an epoch: 1 in epochs 0-2, 1/2 in 3-5, ... */
static void step__three_epochs_a_drop__is_that_of_StepLR(void **state)
{
    static const double by_epoch[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125};
    struct snn_choice c = schedule("step", 0, 3, 0.5);

    (void)state;
    for (size_t done = 0; done < STEPS; done++)
        assert_near(factor(&c, done), by_epoch[done / PER_EPOCH], 0);
}

/* CosineAnnealingLR(T_max=STEPS, eta_min=0.2 base), by its recursive form:
 *     eta_(t+1) = eta_min + (eta_t - eta_min) (1 + cos(pi (t+1)/T)) / (1 + cos(pi t/T)) */
static void cosine__every_step__is_that_of_CosineAnnealingLR(void **state)
{
    const double pi = acos(-1), low = 0.2;
    struct snn_choice c = schedule("cosine", 0, low, 0);
    double eta = 1;

    (void)state;
    for (size_t t = 0; t < STEPS; t++) {
        assert_near(factor(&c, t), eta, 1e-13);
        eta = low + (eta - low) * (1 + cos(pi * (double)(t + 1) / STEPS)) /
                        (1 + cos(pi * (double)t / STEPS));
    }
    assert_near(factor(&c, STEPS / 2), (1 + low) / 2, 1e-15);
    assert_near(factor(&c, STEPS / 4), low + (1 - low) * (2 + sqrt(2)) / 4, 1e-15);
    assert_near(factor(&c, STEPS), low, 1e-15);
}

static void warmup__five_steps__rises_by_fifths_to_the_schedule(void **state)
{
    static const double rise[] = {0.2, 0.4, 0.6, 0.8, 1, 1, 1};

    (void)state;
    for (size_t i = 0; i < snn_schedules.count; i++) {
        struct snn_choice plain = snn_choice_of(snn_registry_at(&snn_schedules, i)), warm = plain;

        warm.value[0] = 5;
        for (size_t done = 0; done < SNN_COUNT(rise); done++)
            assert_near(factor(&warm, done), rise[done] * factor(&plain, done), 1e-15);
        assert_near(factor(&warm, STEPS - 1), factor(&plain, STEPS - 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__every_row__starts_with_the_warmup_and_at_one),
        cmocka_unit_test(constant__any_step__is_one),
        cmocka_unit_test(step__three_epochs_a_drop__is_that_of_StepLR),
        cmocka_unit_test(cosine__every_step__is_that_of_CosineAnnealingLR),
        cmocka_unit_test(warmup__five_steps__rises_by_fifths_to_the_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
