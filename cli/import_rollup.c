/* What stands in the rollup came live, or from an earlier import: it stays as it is, so doing it again changes
 * nothing. */
#include "cli/import_rollup.h"

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

int import_rollup_fold(struct store *s, struct store_script *script, const struct import_metric *m,
                       const struct units_retention *retention, const struct series *all, uint32_t *from)
{
    char key[KEYS_MAX];
    struct rollup r;
    struct rollup_head head;
    const char *reason;
    size_t key_len = keys_rollup(key, m->name, m->len);
    int result = rollup_store_read(s, key, key_len, &r, &head, &reason);
    if (result > 0) {
        rollup_fini(&r);
        result = rollup_init(&r, retention, rollup_own_step_s(all->points, all->n), all->points[0].t);
    }
    if (result == 0)
        result = take_in(&r, all, *from);
    if (result == 0) {
        result = IMPORT_ROLLUP_SAME;
    } else if (result > 0) {
        int written = rollup_store_replace(s, script, key, key_len, &head, &r);
        result = written < 0 ? -1 : written ? IMPORT_ROLLUP_WRITTEN : IMPORT_ROLLUP_RACED;
    }
    if (result >= 0 && r.folded_until < *from)
        *from = r.folded_until;
    rollup_fini(&r);
    return result;
}
