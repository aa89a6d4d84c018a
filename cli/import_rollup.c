/* What stands in the rollup came live, or from an earlier import: it stays as it is, so doing it again changes
 * nothing. */
#include "cli/import_rollup.h"

#include <stdlib.h>

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

/* Returns 0, or -1 when memory is out. */
static int take_in(struct rollup *r, const struct series *all, uint32_t from)
{
    struct rollup_changes changes;
    struct rollup_point *points = to_fold(all, r->step_s);
    uint32_t until = from - from % r->align_s;
    int result = points ? rollup_fill(r, points, all->n) : -1;
    if (result == 0)
        rollup_fold(r, points, all->n, until, &changes);
    free(points);
    return result;
}

int import_rollup_fold(struct store *s, struct store_script *script, const struct import_metric *m,
                       const struct units_retention *retention, const struct series *all, uint32_t *from, bool *raced)
{
    char key[KEYS_MAX];
    struct rollup r;
    struct rollup_head head;
    const char *reason;
    size_t key_len = keys_rollup(key, m->name, m->len);
    int unread = rollup_store_read(s, key, key_len, &r, &head, &reason), written = -1;
    *raced = false;
    if (unread > 0 && all->n > 0) {
        rollup_fini(&r);
        unread = rollup_init(&r, retention, rollup_own_step_s(all->points, all->n), all->points[0].t);
    }
    if (unread == 0 && take_in(&r, all, *from) == 0) {
        written = rollup_store_replace(s, script, key, key_len, &head, &r);
        *raced = written == 0;
        *from = r.folded_until < *from ? r.folded_until : *from;
    }
    rollup_fini(&r);
    return written < 0 ? -1 : 0;
}
