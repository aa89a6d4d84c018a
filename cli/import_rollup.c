/* What stands in the rollup came live, or from an earlier import: it stays as it is, so doing it again changes
 * nothing. */
#include "cli/import_rollup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/rollup_store.h"

/* The points as a fold takes them; malloc'd, NULL when memory is out. */
static struct rollup_point *to_fold(const struct series *all, uint32_t own_step_s)
{
    struct rollup_point *points = calloc(all->n + 1, sizeof *points);
    for (size_t i = 0; points && i < all->n; i++) {
        struct point p = all->points[i];
        points[i] = (struct rollup_point){
            .t = p.t, .step_s = own_step_s > 0 ? own_step_s : 1, .low = p.v, .mean = p.v, .high = p.v};
    }
    return points;
}

/* Returns whether the rollup has changed, or -1 when memory is out. */
static int take_in(struct rollup *r, const struct series *all, uint32_t from)
{
    struct rollup_changes changes;
    struct rollup_point *points = to_fold(all, r->step_s);
    uint8_t *before = malloc(r->len);
    int changed = -1;
    if (points && before) {
        memcpy(before, r->bytes, r->len);
        if (rollup_fill(r, points, all->n) == 0) {
            rollup_fold(r, points, all->n, from - from % r->align_s, &changes);
            changed = memcmp(before, r->bytes, r->len) != 0;
        }
    }
    free(before);
    free(points);
    return changed;
}

/* Gathers what an old rollup has behind the new one's folded_until, then points. */
struct rest {
    struct rollup_point *points;
    size_t n;
};

static void take_slot(void *context, const struct rollup_point *p)
{
    struct rest *rest = context;
    rest->points[rest->n++] = *p;
}

/* Folds into `fresh`, which `old` was carried into, up to `until`: what only `old` has, then points. Returns 0, or -1
 * when memory is out. */
static int fold_rest(struct rollup *fresh, const struct rollup *old, const struct series *all, uint32_t until)
{
    struct rollup_changes changes;
    size_t slots_max = (old->folded_until - fresh->folded_until) / old->archive[0].step_s + 1;
    uint32_t own_step_s = fresh->step_s > 0 ? fresh->step_s : 1;
    struct rest rest = {.points = calloc(slots_max + all->n, sizeof *rest.points)};
    if (!rest.points)
        return -1;
    if (fresh->folded_until < old->folded_until)
        rollup_each(old, fresh->folded_until, old->folded_until - 1, take_slot, &rest);
    for (size_t i = 0; i < all->n; i++)
        if (all->points[i].t >= old->folded_until)
            take_slot(&rest, &(struct rollup_point){.t = all->points[i].t, .step_s = own_step_s,
                                                    .low = all->points[i].v, .mean = all->points[i].v,
                                                    .high = all->points[i].v});
    rollup_fold(fresh, rest.points, rest.n, until, &changes);
    free(rest.points);
    return 0;
}

/* Makes `r` one of this retention. Where the new slots are longer, the last of them that `r` has begun is folded to its
 * end, and must be over: what came for it later would be lost. Returns 1; 0 when it is not over, and `r` is as it was;
 * -1 when memory is out. */
static int remake(struct rollup *r, const struct units_retention *retention, const struct series *all,
                  const struct import_rollup_span *span)
{
    struct rollup fresh;
    int result = rollup_init(&fresh, retention, rollup_own_step_s(all->points, all->n), 0);
    if (result == 0) {
        rollup_carry(&fresh, r);
        uint32_t align_s = fresh.align_s, until = span->tail_from - span->tail_from % align_s;
        uint64_t least = (uint64_t)fresh.folded_until + (fresh.folded_until < r->folded_until ? align_s : 0);
        bool is_over = least <= until || least <= span->came_until;
        result = !is_over ? 0 : fold_rest(&fresh, r, all, least > until ? (uint32_t)least : until) == 0 ? 1 : -1;
    }
    if (result == 1) {
        rollup_fini(r);
        *r = fresh;
    } else {
        rollup_fini(&fresh);
    }
    return result;
}

/* Brings the points into `r`, as it was read. Returns whether it has changed, or -1 when memory is out. */
static int bring_in(struct rollup *r, const struct units_retention *retention, const struct series *all,
                    const struct import_rollup_span *span)
{
    int remade = rollup_fits(r, retention, 0) ? 0 : remake(r, retention, all, span);
    int changed = remade < 0 ? -1 : take_in(r, all, span->tail_from);
    return changed < 0 ? -1 : remade || changed;
}

static void note_span(const struct rollup *r, struct import_rollup_span *span)
{
    int64_t kept_from = rollup_begin(r, r->n - 1);
    if (r->folded_until < span->tail_from)
        span->tail_from = r->folded_until;
    span->kept_from = kept_from < span->tail_from ? (uint32_t)kept_from : span->tail_from;
}

int import_rollup_fold(struct store *s, struct store_script *script, const struct import_metric *m,
                       const struct units_retention *retention, const struct series *all,
                       struct import_rollup_span *span)
{
    char key[KEYS_MAX];
    struct rollup r;
    struct rollup_stored stored;
    const char *reason;
    size_t key_len = keys_rollup(key, m->name, m->len);
    int result = rollup_store_read(s, key, key_len, &r, &stored, &reason);
    if (result > 0) {
        rollup_fini(&r);
        result = rollup_init(&r, retention, rollup_own_step_s(all->points, all->n), all->points[0].t);
    }
    if (result == 0)
        result = bring_in(&r, retention, all, span);
    if (result == 0) {
        result = IMPORT_ROLLUP_SAME;
    } else if (result > 0) {
        int written = rollup_store_replace(s, script, key, key_len, &stored, &r);
        result = written < 0 ? -1 : written ? IMPORT_ROLLUP_WRITTEN : IMPORT_ROLLUP_RACED;
    }
    if (result >= 0)
        note_span(&r, span);
    rollup_fini(&r);
    rollup_stored_fini(&stored);
    return result;
}
