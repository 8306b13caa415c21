/* SPDX-License-Identifier: MIT */
/* The course of a run: epochs of steps, validation, records, and the caller's say after each step.
 */
#include "core/train/run.h"

#include <math.h>
#include <string.h>

struct snn_progress snn_run_progress(const struct snn_run *r)
{
    return (struct snn_progress){
        .epoch = (size_t)r->at.epoch,
        .epochs = r->spec.epochs,
        .step = (size_t)r->at.step,
        .steps = r->spec.epochs * snn_run_steps_per_epoch(r),
        .samples = (size_t)r->at.samples,
        .epoch_end = r->at.epoch_step == 0 && r->at.step > 0,
        .metrics = r->at.metrics,
    };
}

bool snn_run_over(const struct snn_run *r)
{
    const struct snn_cursor *at = &r->at;
    const bool impatient = r->spec.patience && at->best_epoch && at->epoch_step == 0 &&
                           at->epoch - at->best_epoch >= r->spec.patience;
    return at->epoch >= r->spec.epochs || impatient;
}

bool snn_run_probes(const struct snn_run *r, uint64_t step)
{
    const size_t every = r->spec.diagnostics_every;
    return every && (step % every == 0 || step == r->spec.epochs * snn_run_steps_per_epoch(r));
}

/* The best epoch is that of the highest validation accuracy; of equals the one of lower loss, then
 * the earlier. */
static void judge(struct snn_run *r, double loss, double accuracy)
{
    struct snn_cursor *at = &r->at;
    at->metrics.validation_loss = loss;
    at->metrics.validation_accuracy = accuracy;
    if (at->best_epoch && (accuracy < at->best_accuracy ||
                           (accuracy == at->best_accuracy && !(loss < at->best_loss))))
        return;
    memcpy(r->best, r->params, r->net.n_params * sizeof(real));
    at->best_epoch = at->epoch;
    at->best_step = at->step;
    at->best_accuracy = accuracy;
    at->best_loss = loss;
}

static enum snn_code end_epoch(struct snn_run *r, struct snn_error *err)
{
    double loss = (double)NAN, accuracy = (double)NAN;
    enum snn_code rc = snn_run_check_weights(r, err);
    if (rc == SNN_OK && r->validation)
        rc = snn_run_evaluate(r, r->params, r->validation_index, r->validation, false, &loss,
                              &accuracy, err);
    if (rc != SNN_OK)
        return rc;
    r->at.epoch++;
    r->at.epoch_step = 0;
    r->at.epoch_loss = r->at.epoch_correct = 0;
    r->at.epoch_samples = 0;
    if (r->validation)
        judge(r, loss, accuracy);
    return SNN_OK;
}

/* One step and all that follows from it; or only what follows, where a halt came before it. */
static enum snn_code turn(struct snn_run *r, const struct snn_hooks *hooks, struct snn_error *err)
{
    const size_t per_epoch = snn_run_steps_per_epoch(r);
    const bool step_due = r->at.epoch_step < per_epoch;
    const bool probed = step_due && snn_run_probes(r, r->at.step + 1);
    enum snn_code rc = step_due ? snn_run_step(r, probed, err) : SNN_OK;
    if (rc != SNN_OK)
        return rc;
    const bool epoch_end = r->at.epoch_step == per_epoch;
    /* What the probes saw is told with the epoch's end, and gone where that is not reached. */
    r->halt.only_now = probed;
    if (epoch_end)
        rc = end_epoch(r, err);
    r->halt.only_now = false;
    if (rc == SNN_OK && (probed || epoch_end))
        snn_report(r, hooks, probed, epoch_end);
    return rc;
}

enum snn_code snn_run_train(struct snn_run *r, const struct snn_hooks *hooks, struct snn_error *err)
{
    static const struct snn_hooks none;
    hooks = hooks ? hooks : &none;
    bool shuffled = false;
    r->halt.wanted = NULL;
    r->halt.user = hooks->user;
    atomic_store(&r->halt.seen, false);
    if (r->at.step == 0 && !r->spec.init_sha256[0] && !r->reached)
        snn_run_reach_rates(r, hooks);
    r->reached = true;
    r->halt.wanted = hooks->stop;
    while (!snn_run_over(r)) {
        if (!shuffled || r->at.epoch_step == 0)
            snn_run_shuffle(r);
        shuffled = true;
        enum snn_code rc = turn(r, hooks, err);
        if (rc != SNN_OK)
            return rc;
        const struct snn_progress p = snn_run_progress(r);
        if (hooks->progress && !hooks->progress(hooks->user, r, &p))
            return snn_fail(err, SNN_STOPPED, "stopped after step %zu of %zu", p.step, p.steps);
    }
    enum snn_code rc =
        snn_run_evaluate(r, r->best ? r->best : r->params, r->test_index, r->info.test, true,
                         &r->at.metrics.test_loss, &r->at.metrics.test_accuracy, err);
    if (rc == SNN_OK)
        snn_run_count_confusion(r);
    return rc;
}
