/* Any bytes at the head of a rollup. What is taken for one can be read, judged, folded into and carried over. */
#include <assert.h>
#include <string.h>

#include "ridgeline/history.h"
#include "ridgeline/rollup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct units_retention retention = {.n = 3, .archive = {{1, 360}, {10, 3600}, {60, 10800}}};

static void visit(void *context, const struct rollup_point *p)
{
    struct rollup_point *last = context;
    assert(last->step_s == 0 || p->t >= last->t + last->step_s);
    *last = *p;
}

static void hear(void *context, const struct verdict *v, enum episode_change change, const struct episode *episode)
{
    uint32_t *last = context;
    (void)change;
    (void)episode;
    if (!v)
        return;
    assert(v->t >= *last);
    *last = v->t;
}

/* Judges what its means say, as beyond the raw points. */
static void judge(const struct rollup *r)
{
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    struct engine_options options;
    unsigned n = history_means_plan(r, r->folded_until, plan);
    engine_options_default(&options);
    for (unsigned i = 0; i < n; i++) {
        struct history_end end;
        uint32_t last = 0;
        assert(plan[i].from <= plan[i].until && (i == 0 || plan[i].from == plan[i - 1].until + 1));
        assert(history_means_replay(r, &plan[i], &options, &end, hear, &last) == 0);
        assert(last <= plan[i].until);
    }
}

static void use(struct rollup *r)
{
    struct rollup fresh;
    struct rollup_changes changes;
    struct rollup_point last = {0};
    const struct rollup_point now = {.t = r->folded_until, .step_s = 1, .low = 1, .mean = 1, .high = 1};
    rollup_each(r, 0, UINT32_MAX, visit, &last);
    judge(r);
    assert(rollup_init(&fresh, &retention, 1, 0) == 0);
    rollup_carry(&fresh, r);
    rollup_fini(&fresh);
    if (UINT32_MAX - r->folded_until >= r->align_s)
        rollup_fold(r, &now, 1, r->folded_until + r->align_s, &changes);
    rollup_fold(r, NULL, 0, UINT32_MAX - UINT32_MAX % r->align_s, &changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rollup r, back;
    assert(rollup_init(&r, &retention, 1, 1700000000) == 0);
    if (size > 0)
        memcpy(r.bytes, data, size < r.len ? size : r.len);
    if (rollup_load(&back, r.bytes, r.len) == 0)
        use(&back);
    rollup_fini(&back);
    rollup_fini(&r);
    return 0;
}
