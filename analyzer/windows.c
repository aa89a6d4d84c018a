#include "analyzer/windows.h"

#include "ridgeline/ensemble.h"
#include "ridgeline/series.h"

bool windows_lacks(struct judge *j, struct metric *m)
{
    const struct engine_options *o = judge_options(j, m);
    if (o->ensemble != ENGINE_ENSEMBLE_SKYLINE) {
        skyline_window_free(m->window);
        m->window = NULL;
    }
    return ensemble_lacks_window(o, m->window);
}

/* A point that the record has passed already only goes into the window. */
static int take(struct judge *j, struct metric *m, struct point p)
{
    struct verdict none;
    if (judge_muted(j, m, p.t) == MUTE_LEARN)
        return 0;
    return ensemble_update(m->record, &m->window, judge_options(j, m), p, &none) < 0 ? -1 : 0;
}

int windows_fill(struct judge *j, struct metric *m, const uint8_t *bytes, size_t len)
{
    struct series stored;
    uint32_t last_t = engine_last_t(m->record);
    series_init(&stored);
    int result = series_scan(bytes, len, &stored, NULL);
    if (result == 0)
        series_sort_first_wins(&stored);
    for (size_t i = 0; result == 0 && i < stored.n && stored.points[i].t <= last_t; i++)
        result = take(j, m, stored.points[i]);
    series_fini(&stored);
    return result;
}
