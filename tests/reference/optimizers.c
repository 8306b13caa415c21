/* SPDX-License-Identifier: MIT */
/* optimizers.json: a vector of parameters through a list of gradients. */
#include "core/optim/optim.h"

#include <string.h>

#include "tests/reference/check.h"

/* The file's names of optimizers, and of the states they end with. */
static const struct row {
    const char *name, *kind;
    const char *states[SNN_MAX_SLOTS];
} rows[] = {
    {"SGD", "sgd", {"final_momentum_buffer"}},
    {"Adam", "adam", {"final_exp_avg", "final_exp_avg_sq", "final_max_exp_avg_sq"}},
    {"AdamW", "adamw", {"final_exp_avg", "final_exp_avg_sq", "final_max_exp_avg_sq"}},
};

/* The file's names of settings, and the place in a list where they stand in one. */
static const struct {
    const char *name, *param;
    int place; /* -1: a number by itself */
} settings[] = {
    {"lr", "learning_rate", -1},
    {"momentum", "momentum", -1},
    {"dampening", "dampening", -1},
    {"nesterov", "nesterov", -1},
    {"weight_decay", "weight_decay", -1},
    {"betas", "beta1", 0},
    {"betas", "beta2", 1},
    {"eps", "epsilon", -1},
    {"amsgrad", "amsgrad", -1},
};

static void set(struct ref_case *c, struct snn_choice *choice, const char *name, double value)
{
    for (size_t i = 0; i < choice->kind->n_params; i++)
        if (strcmp(choice->kind->params[i].name, name) == 0) {
            choice->value[i] = value;
            return;
        }
    ref_fail(c, "%s has no setting %s", choice->kind->name, name);
}

static const struct row *choose(struct ref_case *c, struct snn_choice *choice)
{
    const char *name = ref_text(c, c->parameters, "optimizer");
    const struct row *row = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            row = &rows[i];
    if (!row) {
        ref_fail(c, "optimizer %s is not known", name);
        return NULL;
    }
    *choice = snn_choice_of(snn_registry_find(&snn_optimizers, row->kind));
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const json_t *value = json_object_get(c->parameters, settings[i].name);
        struct ref_array list;

        if (!value || json_is_null(value))
            continue;
        if (settings[i].place < 0)
            set(c, choice, settings[i].param, ref_number(c, c->parameters, settings[i].name));
        else if (ref_array(c, &list, c->parameters, settings[i].name, 2))
            set(c, choice, settings[i].param, list.data[settings[i].place]);
    }
    return row;
}

static const json_t *holder(const struct ref_case *c, const char *key)
{
    return json_object_get(c->inputs, key) ? c->inputs : c->shared;
}

void ref_run_optimizer(struct ref_case *c)
{
    struct snn_choice choice;
    struct ref_array start, grads;
    const struct row *row = choose(c, &choice);

    if (c->failed || !ref_any_array(c, &start, holder(c, "params0"), "params0") ||
        !ref_any_array(c, &grads, holder(c, "grads"), "grads"))
        return;
    const size_t n = start.count, steps = n ? grads.count / n : 0;
    if (steps == 0 || steps * n != grads.count) {
        ref_fail(c, "grads has %zu entries, want a multiple of %zu", grads.count, n);
        return;
    }

    real *p = ref_reals(c, start.data, n), *g = ref_reals(c, grads.data, steps * n);
    real *all = ref_take(&c->pool, steps * n, sizeof *all);
    real *slot[SNN_MAX_SLOTS];
    for (size_t i = 0; i < SNN_MAX_SLOTS; i++)
        slot[i] = ref_take(&c->pool, n, sizeof *slot[i]);
    for (size_t t = 0; t < steps; t++) {
        snn_optimizer_of(&choice)->update(p, g + t * n, slot, n, t + 1, &choice);
        memcpy(all + t * n, p, n * sizeof *p);
    }
    ref_compare(c, "params", ref_doubles(c, all, steps * n), steps * n, REF_NEAR);
    for (size_t i = 0; i < snn_optimizer_of(&choice)->slots(&choice); i++)
        ref_compare(c, row->states[i], ref_doubles(c, slot[i], n), n, REF_NEAR);
}
