/* The tail is read whole: a late point may stand anywhere in it. Most often nothing stands behind
 * the cut that belongs before it, and the trim is a plain cut; otherwise the tail is read again with
 * its SHA1 and written anew without those points. */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/rollup_store.h"

static struct store_script replace_script = {.source = rollup_store_replace_source};

struct work {
    const struct fold *f;
    const char *key;
    size_t key_len;
    char rollup_key[KEYS_MAX];
    size_t rollup_key_len;
    struct change_copy tail;       /* as read; without SHA1 where it is canonical */
    struct series stored, sorted;  /* its points, in stored order; and in time order, of each time the last written */
    struct rollup_stored as_read;  /* the stored rollup */
    struct rollup rollup, old;     /* as it is to be written; as stored, where that is of another retention */
    struct rollup_point *input;    /* what is to be folded */
    size_t inputs, inputs_max;
    size_t points_seen;     /* of `stored`, when it was folded */
    uint32_t before, until; /* folded before, and what is before this may leave the tail */
    const char *reason;
};

static int fail(struct work *w, const char *reason)
{
    w->reason = reason;
    return -1;
}

static int out_of_memory(struct work *w)
{
    return fail(w, "out of memory");
}

/* Reads the head of the key without its SHA1, or all with it. */
static int read_tail(struct work *w, bool with_sha1)
{
    change_copy_fini(&w->tail);
    if (with_sha1)
        return change_read(w->f->store, w->key, w->key_len, &w->tail) == 0 ? 0 : fail(w, "tail not read");
    redisReply *r = store_command(w->f->store, "GETRANGE %b 0 %u", w->key, w->key_len, FOLD_READ_MAX_BYTES - 1);
    if (!store_ok(r) || r->type != REDIS_REPLY_STRING) {
        freeReplyObject(r);
        return fail(w, "tail not read");
    }
    w->tail = (struct change_copy){.reply = r, .bytes = (const uint8_t *)r->str, .len = r->len};
    return 0;
}

static bool is_cut_short(const struct work *w)
{
    return w->tail.len >= FOLD_READ_MAX_BYTES;
}

static int scan(struct work *w)
{
    w->stored.n = w->sorted.n = 0;
    if (series_scan(w->tail.bytes, w->tail.len, &w->stored, NULL) != 0)
        return out_of_memory(w);
    for (size_t i = 0; i < w->stored.n; i++)
        if (series_push(&w->sorted, w->stored.points[i]) != 0)
            return out_of_memory(w);
    series_sort_last_wins(&w->sorted);
    return 0;
}

static int read_key(struct work *w)
{
    if (read_tail(w, false) != 0)
        return -1;
    if (!series_is_canonical(w->tail.bytes, w->tail.len)) {
        if (is_cut_short(w))
            return fail(w, "not canonical, and too long to be rewritten");
        if (read_tail(w, true) != 0)
            return -1;
    }
    return scan(w);
}

/* Makes `rollup` what is to be folded into: the stored one, its successor, or the first. Returns the counter of
 * what it was, ROOMBA_folded for the stored one itself; -1 when memory is out. */
static int choose_rollup(struct work *w, bool stored)
{
    const struct units_retention *retention = w->f->retention;
    uint32_t own_step_s = rollup_own_step_s(w->sorted.points, w->sorted.n);
    if (stored && rollup_fits(&w->old, retention, own_step_s)) {
        w->rollup = w->old;
        w->old = (struct rollup){0};
        w->before = w->rollup.folded_until;
        return ROOMBA_folded;
    }
    if (rollup_init(&w->rollup, retention, own_step_s, w->sorted.n ? w->sorted.points[0].t : 0) != 0)
        return out_of_memory(w);
    w->before = w->rollup.folded_until;
    if (!stored)
        return w->as_read.len ? ROOMBA_rollups_rejected : ROOMBA_rollups_begun;
    rollup_carry(&w->rollup, &w->old);
    w->before = w->old.folded_until;
    return ROOMBA_rollups_rebuilt;
}

/* Up to where the tail allows a fold: what it shows of the metric is young from there on. A tail of which the head
 * alone was read shows all that is older than its newest point by the greatest lateness. */
static uint32_t foldable_until(const struct work *w)
{
    struct plan_limits limits = *w->f->limits;
    limits.retention_s = units_raw_span_s(w->f->retention, rollup_own_step_s(w->sorted.points, w->sorted.n));
    if (is_cut_short(w) && limits.retention_s < limits.max_age_s + limits.max_future_s)
        limits.retention_s = limits.max_age_s + limits.max_future_s;
    uint32_t oldest = plan_oldest(&w->stored, &limits);
    return oldest - oldest % w->rollup.align_s;
}

static void take_input(void *context, const struct rollup_point *p)
{
    struct work *w = context;
    if (w->inputs < w->inputs_max)
        w->input[w->inputs] = *p;
    w->inputs++;
}

static void take_inputs(struct work *w)
{
    uint32_t own_step_s = w->rollup.step_s ? w->rollup.step_s : 1;
    w->inputs = 0;
    if (w->old.n > 0 && w->rollup.folded_until < w->before)
        rollup_each(&w->old, w->rollup.folded_until, w->before - 1, take_input, w);
    for (size_t i = 0; i < w->sorted.n && w->sorted.points[i].t < w->until; i++) {
        const struct point *p = &w->sorted.points[i];
        if (p->t >= w->before)
            take_input(w, &(struct rollup_point){
                              .t = p->t, .step_s = own_step_s, .low = p->v, .mean = p->v, .high = p->v});
    }
}

/* Gathers what is to be folded, in time order: counts, then takes. */
static int gather(struct work *w)
{
    take_inputs(w);
    w->inputs_max = w->inputs;
    w->input = calloc(w->inputs + 1, sizeof *w->input);
    if (!w->input)
        return out_of_memory(w);
    take_inputs(w);
    return 0;
}

/* Step one. Returns as change.h's functions do. */
static int write_rollup(struct work *w, int counter)
{
    struct store *s = w->f->store;
    struct rollup_changes changes;
    int result;
    if (gather(w) != 0)
        return -1;
    rollup_fold(&w->rollup, w->input, w->inputs, w->until, &changes);
    if (counter == ROOMBA_folded)
        result = change_patch_rollup(s, w->rollup_key, w->rollup_key_len, &w->as_read, &w->rollup, &changes);
    else
        result = rollup_store_replace(s, &replace_script, w->rollup_key, w->rollup_key_len, &w->as_read, &w->rollup);
    if (result < 0)
        return fail(w, "fold refused or not answered");
    w->f->counters[ROOMBA_folded] += result == 1;
    w->f->counters[counter] += result == 1 && counter != ROOMBA_folded;
    return result;
}

static int fold(struct work *w)
{
    int unread = rollup_store_read(w->f->store, w->rollup_key, w->rollup_key_len, &w->old, &w->as_read, &w->reason);
    if (unread < 0)
        return -1;
    int counter = choose_rollup(w, unread == 0);
    if (counter < 0)
        return -1;
    w->until = foldable_until(w);
    w->points_seen = w->stored.n;
    /* Where there is nothing new a rollup of another retention waits. After a clock that ran ahead it is folded
     * further than the tail is old: then young points stand behind it, and stay as long as any. */
    return w->until > w->before ? write_rollup(w, counter) : 1;
}

/* Points that leave and were never folded: they came after their slots were. What stands at the very head did
 * not, but was folded by one that did not live to trim it. */
static size_t count_late(const struct work *w)
{
    size_t i = 0, late = 0;
    while (i < w->stored.n && w->stored.points[i].t < w->before)
        i++;
    for (; i < w->stored.n; i++) {
        uint32_t t = w->stored.points[i].t;
        late += t < w->until && (t < w->before || i >= w->points_seen);
    }
    return late;
}

static void count_cut(const struct work *w, size_t points, size_t late)
{
    w->f->counters[ROOMBA_trimmed] += points > 0;
    w->f->counters[ROOMBA_points_cut] += points;
    w->f->counters[ROOMBA_points_late] += late;
}

/* Whether a folded point stands from record `at` on. */
static bool has_stragglers(const struct work *w, size_t at)
{
    for (; at < w->stored.n; at++)
        if (w->stored.points[at].t < w->until)
            return true;
    return false;
}

/* Step two where a plain cut does not do. */
static int rewrite(struct work *w)
{
    struct plan_rewritten fresh;
    if ((!w->tail.sha1 && read_tail(w, true) != 0) || scan(w) != 0)
        return -1;
    int wanted = plan_drop(w->tail.bytes, w->tail.len, w->until, &fresh);
    if (wanted < 0)
        return out_of_memory(w);
    if (wanted == 0)
        return 1;
    size_t late = count_late(w);
    int result = change_rewrite(w->f->store, w->key, w->key_len, &w->tail, fresh.bytes, fresh.len);
    if (result == 1) {
        count_cut(w, fresh.points_cut, late);
        w->f->counters[ROOMBA_rewritten]++;
        w->f->counters[ROOMBA_junk_bytes] += fresh.junk_bytes;
    }
    free(fresh.bytes);
    return result < 0 ? fail(w, "rewrite refused or not answered") : result;
}

/* Step two. */
static int trim(struct work *w)
{
    if (w->tail.sha1)
        return rewrite(w);
    size_t cut = series_cut(w->tail.bytes, w->tail.len, w->until);
    if (!is_cut_short(w) && has_stragglers(w, cut / SERIES_POINT_BYTES))
        return rewrite(w);
    if (cut == 0 || w->tail.len - cut < SERIES_POINT_BYTES)
        return 1;
    int result = change_trim(w->f->store, w->key, w->key_len, cut, w->tail.bytes, w->tail.bytes + cut);
    if (result == 1)
        count_cut(w, cut / SERIES_POINT_BYTES, is_cut_short(w) ? 0 : count_late(w));
    return result < 0 ? fail(w, "trim refused or not answered") : result;
}

int fold_key(const struct fold *f, const char *key, size_t key_len, const char **reason)
{
    struct work w = {.f = f, .key = key, .key_len = key_len};
    const size_t prefix = strlen(KEYS_METRIC_PREFIX);
    w.rollup_key_len = keys_rollup(w.rollup_key, key + prefix, key_len - prefix);
    int result = read_key(&w);
    if (result == 0)
        result = w.stored.n > 0 ? fold(&w) : 1;
    if (result == 1 && w.stored.n > 0)
        result = trim(&w);
    *reason = w.reason;
    free(w.input);
    rollup_fini(&w.rollup);
    rollup_fini(&w.old);
    rollup_stored_fini(&w.as_read);
    series_fini(&w.stored);
    series_fini(&w.sorted);
    change_copy_fini(&w.tail);
    return result;
}
