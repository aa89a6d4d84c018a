/* Any bytes as a raw tail. What is scanned, written and scanned again is the same. */
#include <assert.h>
#include <stdlib.h>

#include "ridgeline/series.h"
#include "roomba/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rewrite(const uint8_t *data, size_t size, const struct series *s, const struct series_damage *d)
{
    const struct plan_limits limits = {.now_s = 1700000000, .retention_s = 3600, .max_future_s = 600,
                                       .least_points = 1, .align_s = 1};
    struct plan_rewritten out;
    struct series again = {0};
    int wanted = plan_rewrite(data, size, &limits, &out);

    assert(wanted >= 0);
    if (wanted == 0)
        return;
    assert(out.junk_bytes == d->skipped_bytes);
    size_t kept = s->n - out.points_cut;
    assert(kept > 0 && out.len == kept * SERIES_POINT_BYTES + (size - d->whole_bytes));
    assert(series_scan(out.bytes, kept * SERIES_POINT_BYTES, &again, NULL) == 0);
    assert(again.n == kept);
    for (size_t i = 0; i < kept; i++) {
        const struct point *p = &s->points[out.points_cut + i];
        assert(again.points[i].t == p->t && again.points[i].v == p->v);
    }
    series_fini(&again);
    free(out.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct series s = {0};
    struct series_damage d;

    assert(series_scan(data, size, &s, &d) == 0);
    assert(d.whole_bytes <= size && d.skipped_bytes <= d.whole_bytes);
    if (series_is_canonical(data, size))
        assert(s.n == size / SERIES_POINT_BYTES && d.whole_bytes == size && d.skipped_bytes == 0);
    check_rewrite(data, size, &s, &d);

    size_t cut = series_cut(data, size, UINT32_MAX);
    assert(cut % SERIES_POINT_BYTES == 0 && series_is_canonical(data, cut));
    if (size > 0)
        assert(series_find_last(data, size, data, size / 2 + 1) >= 0);
    series_sort_first_wins(&s);
    for (size_t i = 1; i < s.n; i++)
        assert(s.points[i - 1].t < s.points[i].t);
    series_fini(&s);
    return 0;
}
