/* lib/rollup.c and lib/rollup_fold.c against a model that keeps every point and computes each slot from its
 * definition. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/rollup.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define T0 1700000000u

static struct units_retention retention_of(const char *text)
{
    struct units_retention r;
    const char *reason = "";
    cr_assert_eq(units_retention(text, &r, &reason), 0, "%s: %s", text, reason);
    return r;
}

static uint32_t random_to(uint32_t n)
{
    return (uint32_t)rand() % n;
}

/* Every point ever, in time order. */
struct model {
    struct rollup_point points[60000];
    size_t n;
};

static void model_add(struct model *m, uint32_t t, double v)
{
    cr_assert(m->n < COUNT(m->points));
    m->points[m->n++] = (struct rollup_point){.t = t, .step_s = 1, .low = v, .mean = v, .high = v};
}

/* Points every `step_s` or so, from `t` up to `until`, with gaps. Returns the time of the next one. */
static uint32_t model_grow(struct model *m, uint32_t t, uint32_t until, uint32_t step_s)
{
    while (t < until) {
        model_add(m, t, (double)random_to(2000) / 7 - 100);
        t += step_s - random_to(2) * random_to(step_s) + (random_to(300) == 0 ? random_to(400) * step_s : 0);
    }
    return t;
}

struct slot {
    double low, mean, high; /* NaN: nothing in it */
};

static bool from_raw(const struct rollup *r, unsigned k)
{
    return k == 0 || r->archive[k].step_s <= r->raw_s;
}

/* What the slot of archive `k` that begins at `t` is to hold, from its definition. */
static struct slot model_slot(const struct model *m, const struct rollup *r, unsigned k, int64_t t)
{
    struct slot s = {NAN, NAN, NAN};
    double sum = 0;
    size_t n = 0;
    int64_t end = t + r->archive[k].step_s;
    if (from_raw(r, k)) {
        for (size_t i = 0; i < m->n; i++)
            if (m->points[i].t >= t && m->points[i].t < end) {
                s.low = fmin(s.low, m->points[i].mean);
                s.high = fmax(s.high, m->points[i].mean);
                sum += m->points[i].mean;
                n++;
            }
    } else {
        for (int64_t u = t; u < end; u += r->archive[k - 1].step_s) {
            struct slot f = model_slot(m, r, k - 1, u);
            if (isnan(f.mean))
                continue;
            s.low = fmin(s.low, r->archive[k - 1].aggregates == 1 ? f.mean : f.low);
            s.high = fmax(s.high, r->archive[k - 1].aggregates == 1 ? f.mean : f.high);
            sum += f.mean;
            n++;
        }
    }
    s.mean = n ? sum / (double)n : NAN;
    return s;
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-4;
}

/* Folds as roomba does, which has only those points that are not folded yet. */
static struct rollup_changes fold(struct rollup *r, const struct model *m, uint32_t until)
{
    struct rollup_changes changes;
    size_t folded = 0;
    while (folded < m->n && m->points[folded].t < r->folded_until)
        folded++;
    rollup_fold(r, m->points + folded, m->n - folded, until - until % r->align_s, &changes);
    return changes;
}

struct seen {
    struct rollup_point points[60000];
    size_t n;
};

static void see(void *context, const struct rollup_point *p)
{
    struct seen *s = context;
    cr_assert(s->n < COUNT(s->points));
    s->points[s->n++] = *p;
}

static unsigned archive_of(const struct rollup *r, uint32_t step_s)
{
    unsigned k = 0;
    while (k < r->n && r->archive[k].step_s != step_s)
        k++;
    cr_assert_lt(k, r->n);
    return k;
}

/* Begin of what archive `k` still has. */
static int64_t begin_of(const struct rollup *r, unsigned k)
{
    const struct rollup_archive *a = &r->archive[k];
    return (int64_t)(r->folded_until / a->step_s) * a->step_s - (int64_t)a->slots * a->step_s;
}

/* That the series read back is what the model says, at the finest resolution that is left, without a hole. */
static void check_series(const struct rollup *r, const struct model *m)
{
    static struct seen seen;
    size_t i = 0;
    seen.n = 0;
    rollup_each(r, 0, UINT32_MAX, see, &seen);
    for (size_t at = 0; at < seen.n; at++) {
        const struct rollup_point *p = &seen.points[at];
        unsigned k = archive_of(r, p->step_s);
        struct slot s = model_slot(m, r, k, p->t);
        cr_assert(same(p->mean, s.mean), "mean of %u in %u s: %g, not %g", p->t, p->step_s, p->mean, s.mean);
        cr_assert(same(p->low, r->archive[k].aggregates == 1 ? NAN : s.low));
        cr_assert(same(p->high, r->archive[k].aggregates == 1 ? NAN : s.high));
        cr_assert(at == 0 || p->t >= p[-1].t + p[-1].step_s, "slots overlap at %u", p->t);
        cr_assert(k == 0 || p->t < begin_of(r, k - 1) + p->step_s, "%u s at %u, where there is a finer one", p->step_s,
                  p->t);
        cr_assert_lt(p->t, r->folded_until);
    }
    for (size_t j = 0; j < m->n; j++) {
        uint32_t t = m->points[j].t;
        if (t < begin_of(r, r->n - 1) || t >= r->folded_until)
            continue;
        while (i < seen.n && seen.points[i].t + seen.points[i].step_s <= t)
            i++;
        cr_assert(i < seen.n && seen.points[i].t <= t, "nothing is left of the point at %u", t);
    }
}

static const char *const retentions[] = {
    "10s:1h,1m:1d,10m:14d", "1s:6m,10s:1h", "1s:6m,10s:1h,1m:3h,10m:1d", "10s:1h,1m:2h,2h:1d,4h:2d",
    "1s:6m,2s:8m,8m:16m,16m:192m,48m:8h", "7s:42m,14s:84m,28s:168m",
};

Test(rollup, keeps_what_a_model_of_all_points_keeps)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        const char *text = retentions[seed % COUNT(retentions)];
        struct units_retention retention = retention_of(text);
        struct rollup r;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(100000);
        m.n = 0;
        cr_assert_eq(rollup_init(&r, &retention, step_s, t), 0);
        for (int i = 0; i < 12; i++) {
            uint32_t span_s = 1 + random_to(retention.archive[0].span_s * (random_to(4) ? 1 : 9));
            t = model_grow(&m, t, t + span_s, step_s);
            if (random_to(8) == 0)
                t += random_to(3 * retention.archive[retention.n - 1].span_s / 2);
            fold(&r, &m, t);
            check_series(&r, &m);
        }
        rollup_fini(&r);
    }
}

Test(rollup, folding_in_pieces_gives_the_bytes_of_folding_at_once)
{
    for (unsigned seed = 0; seed < 40; seed++) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup pieces, once;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        m.n = 0;
        cr_assert_eq(rollup_init(&pieces, &retention, step_s, t), 0);
        cr_assert_eq(rollup_init(&once, &retention, step_s, t), 0);
        for (int i = 0; i < 6; i++) {
            t = model_grow(&m, t, t + retention.archive[0].span_s, step_s);
            fold(&pieces, &m, t);
            fold(&pieces, &m, t);
        }
        fold(&once, &m, t);
        cr_assert_eq(once.len, pieces.len);
        cr_assert_eq(memcmp(once.bytes, pieces.bytes, once.len), 0, "seed %u", seed);
        rollup_fini(&once);
        rollup_fini(&pieces);
    }
}

/* Whether each slot that holds something holds the same later: of the first ring of each archive. */
static bool is_kept(const struct rollup *before, const struct rollup *after)
{
    const uint8_t nothing[] = {0x00, 0x00, 0xc0, 0x7f};
    for (unsigned k = 0; k < before->n; k++)
        for (uint32_t i = 0; i < before->archive[k].slots; i++) {
            const uint8_t *slot = before->bytes + before->archive[k].at + (size_t)i * sizeof nothing;
            if (memcmp(slot, nothing, sizeof nothing) != 0 &&
                memcmp(slot, after->bytes + (slot - before->bytes), sizeof nothing) != 0)
                return false;
        }
    return true;
}

Test(rollup, filled_with_what_came_before_is_what_folding_all_in_order_gives)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup live, once, before;
        static struct model m;
        srand(seed);
        uint32_t raw_s = retention.archive[0].span_s, step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        uint32_t coarsest_s = retention.archive[retention.n - 1].step_s;
        m.n = 0;
        cr_assert_eq(rollup_init(&once, &retention, step_s, t), 0);
        t = model_grow(&m, t, t + 1 + random_to(12 * raw_s), step_s);
        uint32_t live_from = seed % 2 ? t : (t + coarsest_s - 1) / coarsest_s * coarsest_s;
        size_t past = m.n;
        t = model_grow(&m, live_from, live_from + 1 + random_to(6 * raw_s), step_s);
        fold(&once, &m, t);
        cr_assert_eq(rollup_init(&live, &retention, step_s, live_from), 0);
        rollup_fold(&live, m.points + past, m.n - past, t - t % live.align_s, &(struct rollup_changes){0});
        cr_assert_eq(rollup_load(&before, live.bytes, live.len), 0);
        cr_assert_eq(rollup_fill(&live, m.points, past + random_to((uint32_t)(m.n - past) + 1)), 0);
        cr_assert(is_kept(&before, &live), "seed %u", seed);
        if (seed % 2 == 0)
            cr_assert_eq(memcmp(live.bytes, once.bytes, once.len), 0, "seed %u", seed);
        rollup_fini(&before);
        cr_assert_eq(rollup_load(&before, live.bytes, live.len), 0);
        cr_assert_eq(rollup_fill(&live, m.points, m.n), 0);
        cr_assert_eq(memcmp(live.bytes, before.bytes, before.len), 0, "seed %u: filled twice", seed);
        rollup_fini(&before);
        rollup_fini(&live);
        rollup_fini(&once);
    }
}

Test(rollup, changes_are_all_that_differs)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        struct units_retention retention = retention_of(retentions[seed % COUNT(retentions)]);
        struct rollup r;
        struct rollup_changes changes;
        static struct model m;
        srand(seed);
        uint32_t step_s = retention.archive[0].step_s, t = T0 + random_to(1000);
        m.n = 0;
        cr_assert_eq(rollup_init(&r, &retention, step_s, t), 0);
        uint8_t *before = malloc(r.len);
        for (int i = 0; i < 8; i++) {
            t = model_grow(&m, t, t + random_to(2 * retention.archive[0].span_s), step_s);
            t += random_to(3) ? 0 : random_to(2 * retention.archive[random_to(retention.n)].span_s);
            memcpy(before, r.bytes, r.len);
            changes = fold(&r, &m, t);
            for (unsigned c = 0; c < changes.n; c++) {
                cr_assert_leq(changes.change[c].at + changes.change[c].len, r.len);
                memcpy(before + changes.change[c].at, r.bytes + changes.change[c].at, changes.change[c].len);
            }
            cr_assert_eq(memcmp(before, r.bytes, r.len), 0, "seed %u", seed);
        }
        free(before);
        rollup_fini(&r);
    }
}

Test(rollup, nothing_changes_where_all_is_folded)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    struct rollup r;
    struct rollup_changes changes = {.n = 7};
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    uint32_t until = r.folded_until;
    rollup_fold(&r, NULL, 0, until, &changes);
    cr_assert_eq(changes.n, 0);
    rollup_fold(&r, NULL, 0, until - 600, &changes);
    cr_assert_eq(changes.n, 0);
    cr_assert_eq(r.folded_until, until);
    rollup_fini(&r);
}

static const msgpack_object *field(const msgpack_object *map, const char *name)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];
        if (kv->key.via.str.size == strlen(name) && !memcmp(kv->key.via.str.ptr, name, strlen(name)))
            return &kv->val;
    }
    return NULL;
}

Test(rollup, is_one_msgpack_map_with_its_rings)
{
    struct units_retention retention = retention_of("10s:24h,1m:3d,10m:14d");
    struct rollup r;
    msgpack_unpacked unpacked;
    size_t end = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    msgpack_unpacked_init(&unpacked);
    cr_assert_eq(msgpack_unpack_next(&unpacked, (char *)r.bytes, r.len, &end), MSGPACK_UNPACK_SUCCESS);
    cr_assert_eq(end, r.len);
    cr_assert_eq(unpacked.data.type, MSGPACK_OBJECT_MAP);
    cr_assert_eq(field(&unpacked.data, "v")->via.u64, 1);
    cr_assert_eq(field(&unpacked.data, "step")->via.u64, 10);
    cr_assert_eq(field(&unpacked.data, "raw")->via.u64, 86400);
    cr_assert_eq(field(&unpacked.data, "folded_until")->via.u64, T0 / 600 * 600);
    const msgpack_object_array *archives = &field(&unpacked.data, "archives")->via.array;
    const msgpack_object_array *rings = &field(&unpacked.data, "rings")->via.array;
    cr_assert_eq(archives->size, 2);
    cr_assert_eq(archives->ptr[1].via.array.ptr[0].via.u64, 600);
    cr_assert_eq(archives->ptr[1].via.array.ptr[1].via.u64, 14 * 144);
    cr_assert_eq(archives->ptr[1].via.array.ptr[2].via.u64, 3);
    cr_assert_eq(rings->size, 4);
    cr_assert_eq(rings->ptr[0].via.bin.size, 4 * 3 * 1440);
    cr_assert_eq(rings->ptr[3].via.bin.size, 4 * 14 * 144);
    cr_assert_eq(rings->ptr[0].via.bin.ptr, (char *)r.bytes + r.archive[0].at);
    cr_assert_eq(rings->ptr[1].via.bin.ptr, (char *)r.bytes + r.archive[1].at);
    msgpack_unpacked_destroy(&unpacked);
    rollup_fini(&r);
}

Test(rollup, loads_what_it_wrote)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h,10m:1d");
    struct rollup r, back;
    static struct model m;
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    fold(&r, &m, model_grow(&m, T0, T0 + 9000, 1));
    cr_assert_eq(rollup_load(&back, r.bytes, r.len), 0);
    cr_assert_eq(back.folded_until, r.folded_until);
    cr_assert_eq(back.align_s, r.align_s);
    cr_assert(rollup_fits(&back, &retention));
    check_series(&back, &m);
    rollup_fini(&back);
    rollup_fini(&r);
}

/* What it still takes for a rollup must be safe to use. */
static void use(struct rollup *r)
{
    static struct seen seen;
    struct rollup_changes changes;
    seen.n = 0;
    rollup_each(r, 0, UINT32_MAX, see, &seen);
    rollup_fold(r, NULL, 0, UINT32_MAX - UINT32_MAX % r->align_s, &changes);
}

Test(rollup, refuses_bytes_that_it_would_not_write)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h");
    struct rollup r, back;
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    uint8_t *bytes = malloc(r.len + 1);
    memcpy(bytes, r.bytes, r.len);
    bytes[r.len] = 0;
    for (size_t len = 0; len <= r.len + 1; len++) {
        cr_assert_eq(rollup_load(&back, bytes, len), len == r.len ? 0 : 1);
        rollup_fini(&back);
    }
    size_t structure = r.archive[0].at;
    for (size_t at = 0; at < structure; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            bool number = (at >= 10 && at < 14) || (at >= 19 && at < 23) || (at >= 37 && at < 41) ||
                          (at >= 53 && at < 57) || (at >= 65 && at < 69); /* steps, raw, folded_until */
            int result = rollup_load(&back, bytes, r.len);
            cr_assert(number || result == 1, "bit %u of byte %zu", bit, at);
            if (result == 0)
                use(&back);
            rollup_fini(&back);
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    bytes[r.archive[1].at - 1] ^= 1; /* the length of a ring */
    cr_assert_eq(rollup_load(&back, bytes, r.len), 1);
    rollup_fini(&back);
    free(bytes);
    rollup_fini(&r);
}

Test(rollup, survives_any_bytes)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h");
    struct rollup r, back;
    srand(5);
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    uint8_t *bytes = malloc(r.len);
    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, r.bytes, r.len);
        for (int j = 0; j < 3; j++)
            bytes[random_to(r.archive[0].at)] = (uint8_t)random_to(256);
        if (rollup_load(&back, bytes, r.len) == 0)
            use(&back);
        rollup_fini(&back);
    }
    free(bytes);
    rollup_fini(&r);
}

Test(rollup, leaves_out_archives_no_coarser_than_the_metric_save_the_last)
{
    static const struct {
        uint32_t own_step_s;
        unsigned n;
        uint32_t first_step_s, align_s;
    } cases[] = {{0, 3, 60, 600}, {10, 3, 60, 600}, {59, 3, 60, 600}, {60, 2, 600, 600},
                 {600, 1, 7200, 7200}, {7200, 1, 7200, 7200}, {86400, 1, 7200, 7200}};
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d,2h:90d");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rollup r;
        cr_assert_eq(rollup_init(&r, &retention, cases[i].own_step_s, T0), 0);
        cr_assert_eq(r.n, cases[i].n, "case %zu: %u", i, r.n);
        cr_assert_eq(r.archive[0].step_s, cases[i].first_step_s);
        cr_assert_eq(r.archive[0].aggregates, cases[i].first_step_s == 60 ? 1 : 3);
        cr_assert_eq(r.align_s, cases[i].align_s);
        cr_assert(rollup_fits(&r, &retention));
        rollup_fini(&r);
    }
    cr_assert_eq(rollup_align_s(&retention), 600);
    retention.n = 1;
    cr_assert_eq(rollup_align_s(&retention), 1);
}

Test(rollup, own_step_is_the_median_interval)
{
    struct point points[300] = {0};
    uint32_t t = T0;
    cr_assert_eq(rollup_own_step_s(points, 0), 0);
    for (size_t i = 0; i < 300; i++) {
        points[i] = (struct point){.t = t, .v = 1};
        t += i < 150 ? 10 : i % 3 ? 60 : 600;
    }
    cr_assert_eq(rollup_own_step_s(points, 1), 0);
    cr_assert_eq(rollup_own_step_s(points, 150), 10);
    cr_assert_eq(rollup_own_step_s(points, 300), 60);
}

Test(rollup, values_beyond_a_float_stand_at_its_end)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct seen seen;
    struct rollup r;
    struct model *m = calloc(1, sizeof *m);
    uint32_t t = T0 / 600 * 600;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (unsigned i = 0; i < 60; i++)
        model_add(m, t + 10 * i, i % 2 ? DBL_MAX : -DBL_MAX);
    for (unsigned i = 60; i < 120; i++)
        model_add(m, t + 10 * i, 1e300);
    fold(&r, m, t + 1200);
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 20);
    for (size_t i = 10; i < 20; i++)
        cr_assert_eq(seen.points[i].mean, FLT_MAX);
    for (size_t i = 0; i < 10; i++)
        cr_assert(isfinite(seen.points[i].mean));
    free(m);
    rollup_fini(&r);
}

Test(rollup, times_up_to_the_last_never_wrap)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,2h:14d");
    static struct seen seen;
    struct rollup r;
    struct model *m = calloc(1, sizeof *m);
    uint32_t last = UINT32_MAX - UINT32_MAX % 7200;
    cr_assert_eq(rollup_init(&r, &retention, 10, 0), 0);
    model_add(m, 5, 1);
    model_add(m, last - 1, 2);
    model_add(m, UINT32_MAX, 3);
    fold(&r, m, UINT32_MAX);
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 1);
    cr_assert_eq(seen.points[0].t, last - 60);
    cr_assert_eq(seen.points[0].mean, 2);
    free(m);
    rollup_fini(&r);
}

Test(rollup, reads_only_what_begins_in_the_range)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct seen seen;
    static struct model m;
    struct rollup r;
    uint32_t t = T0 / 600 * 600;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (unsigned i = 0; i < 600; i++)
        model_add(&m, t + 10 * i, i);
    fold(&r, &m, t + 6000);
    rollup_each(&r, t + 61, t + 180, see, &seen);
    cr_assert_eq(seen.n, 2);
    cr_assert_eq(seen.points[0].t, t + 120);
    cr_assert_eq(seen.points[0].mean, 14.5);
    cr_assert_eq(seen.points[1].t, t + 180);
    rollup_fini(&r);
}

/* What is left of `old` under another retention, as roomba does it: carried, then the rest folded again. */
static void change_retention(struct rollup *r, const char *text, uint32_t own_step_s)
{
    struct units_retention retention = retention_of(text);
    static struct seen rest;
    struct rollup fresh;
    struct rollup_changes changes;
    uint32_t until = r->folded_until;
    rest.n = 0;
    cr_assert_eq(rollup_init(&fresh, &retention, own_step_s, 0), 0);
    rollup_carry(&fresh, r);
    cr_assert(until >= fresh.folded_until && until - fresh.folded_until < fresh.align_s);
    rollup_each(r, fresh.folded_until, UINT32_MAX, see, &rest);
    rollup_fini(r);
    *r = fresh;
    if (until % r->align_s == 0)
        rollup_fold(r, rest.points, rest.n, until, &changes);
}

Test(rollup, another_raw_tail_changes_no_slot)
{
    struct units_retention retention = retention_of("10s:1h,1m:1d,10m:14d");
    static struct model m;
    struct rollup r;
    srand(3);
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    fold(&r, &m, model_grow(&m, T0, T0 + 3 * 86400, 10));
    change_retention(&r, "10s:2h,1m:1d,10m:14d", 10);
    cr_assert_eq(r.raw_s, 7200);
    check_series(&r, &m);
    change_retention(&r, "10s:2h,1m:1d,10m:7d", 10);
    check_series(&r, &m);
    rollup_fini(&r);
}

Test(rollup, a_new_coarse_archive_holds_what_the_finer_ones_had)
{
    struct units_retention retention = retention_of("10s:1h,1m:3d");
    static struct model m;
    static struct seen seen;
    struct rollup r;
    srand(4);
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    for (uint32_t t = T0; t < T0 + 2 * 86400; t += 10)
        model_add(&m, t, t % 997);
    fold(&r, &m, T0 + 2 * 86400);
    change_retention(&r, "10s:1h,5m:1d,30m:14d", 10);
    seen.n = 0;
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    for (size_t i = 1; i < seen.n; i++) { /* but for the first slot, which had no points before it */
        const struct rollup_point *p = &seen.points[i];
        struct slot s = model_slot(&m, &r, archive_of(&r, p->step_s), p->t);
        cr_assert(same(p->mean, s.mean), "%u: %g, not %g", p->t, p->mean, s.mean);
        cr_assert_eq(p->t, seen.points[i - 1].t + seen.points[i - 1].step_s);
    }
    cr_assert_geq(seen.n, 288 + 47);
    rollup_fini(&r);
}

Test(rollup, a_new_fine_archive_repeats_the_slots_of_the_coarser_one)
{
    struct units_retention retention = retention_of("10s:1h,10m:14d");
    static struct model m;
    static struct seen seen;
    struct rollup r;
    uint32_t t = T0 / 600 * 600;
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, t), 0);
    for (uint32_t i = 0; i < 6 * 60; i++)
        model_add(&m, t + 10 * i, i / 60);
    fold(&r, &m, t + 3600);
    change_retention(&r, "10s:1h,1m:1d,10m:14d", 10);
    seen.n = 0;
    rollup_each(&r, 0, UINT32_MAX, see, &seen);
    cr_assert_eq(seen.n, 60);
    for (size_t i = 0; i < seen.n; i++) {
        cr_assert_eq(seen.points[i].t, t + 60 * i);
        cr_assert_eq(seen.points[i].mean, i / 10);
    }
    rollup_fini(&r);
}
