#include "webapp/preview_replay.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/coarse.h"
#include "ridgeline/history.h"
#include "ridgeline/records.h"
#include "ridgeline/replay.h"
#include "webapp/chart_means.h"

/* A look at the clock and at the client costs as much as a few points. Skyline's algorithms take a hundredth of a
 * second for so many, and the detectors a hundredth of that. */
#define POINTS_PER_LOOK 64

/* One of the two in one run: over the points, or over the means of one archive. */
struct side {
    struct engine_record *record;
    struct skyline_window *window;
    struct episode episode;
    uint32_t from;   /* nothing before is told */
    uint32_t warm_t; /* of the first verdict from `from` on; 0 before it */
    struct preview_spans spans;
    struct preview_replay *replay;
    enum preview_side which;
    bool failed; /* memory was out */
};

static void follow(void *context, const struct verdict *v, enum episode_change change, const struct episode *i)
{
    struct side *side = context;
    struct preview_spans *spans = &side->spans;
    bool told = v && v->t >= side->from;
    if (told && v->state != ENGINE_WARMING_UP && side->warm_t == 0)
        side->warm_t = v->t;
    if (told && side->which == PREVIEW_AFTER && side->replay->expected)
        chart_means_tell(side->replay->expected, side->replay->scores, v);
    if (change == EPISODE_OPENED)
        side->failed |= preview_spans_push(spans, (struct preview_span){.start = i->start, .end = i->last_hot}) != 0;
    if (side->failed || spans->n == 0 || (!i->open && change != EPISODE_CLOSED))
        return;
    struct preview_span *last = &spans->list[spans->n - 1];
    last->end = i->last_hot;
    last->score = i->score;
    last->open = i->open;
}

/* Whether one record can learn for both sides. */
static bool learn_alike(const struct preview_replay *p)
{
    const struct engine_options *before = &p->options[PREVIEW_BEFORE], *after = &p->options[PREVIEW_AFTER];
    return before->season == after->season && before->ensemble == ENGINE_ENSEMBLE_RIDGELINE &&
           after->ensemble == ENGINE_ENSEMBLE_RIDGELINE;
}

/* One point for both sides, learnt once: half the work. */
static void take_alike(struct preview_replay *p, struct side sides[PREVIEW_SIDES], const struct coarse *coarse,
                       struct point point)
{
    const struct engine_options *const options[] = {&p->options[PREVIEW_BEFORE], &p->options[PREVIEW_AFTER]};
    struct engine_record *record = sides[PREVIEW_BEFORE].record;
    struct verdict verdicts[PREVIEW_SIDES];
    replay_warm(record, coarse);
    if (engine_update_each(record, options, PREVIEW_SIDES, point, verdicts) != 0)
        return;
    engine_excuse(record, &p->outages);
    for (size_t i = 0; i < PREVIEW_SIDES; i++)
        replay_follow(&sides[i].episode, options[i], engine_step_s(record), &verdicts[i], follow, &sides[i]);
}

/* One point for each side on its own. Returns 0, or -1 when memory is out. */
static int take_apart(struct preview_replay *p, struct side sides[PREVIEW_SIDES], const struct coarse *coarse,
                      struct point point)
{
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        struct side *side = &sides[i];
        replay_warm(side->record, coarse);
        if (replay_take(side->record, &side->window, &side->episode, &p->options[i], &p->outages, point, follow,
                        side) != 0)
            return -1;
    }
    return 0;
}

/* Judges the points in time order, for both sides. Returns 0, or -1 when memory is out. */
static int judge(struct preview_replay *p, struct side sides[PREVIEW_SIDES], const struct series *points,
                 const struct coarse *coarse)
{
    bool alike = learn_alike(p);
    for (size_t n = 0; n < points->n; n++) {
        p->stopped = n % POINTS_PER_LOOK == 0 && p->should_stop(p->context);
        if (p->stopped)
            return 0;
        if (alike)
            take_alike(p, sides, coarse, points->points[n]);
        else if (take_apart(p, sides, coarse, points->points[n]) != 0)
            return -1;
        if (sides[PREVIEW_BEFORE].failed || sides[PREVIEW_AFTER].failed)
            return -1;
        p->judged_until = points->points[n].t;
    }
    return 0;
}

/* Time of the first point from `from` on; `from` without one. */
static uint32_t first_since(const struct series *points, uint32_t from)
{
    size_t n = 0;
    while (n < points->n && points->points[n].t < from)
        n++;
    return n < points->n ? points->points[n].t : from;
}

/* Empty records for both sides. Returns 0, or -1 when memory is out; wants end() either way. */
static int begin(struct side sides[PREVIEW_SIDES], struct preview_replay *p, uint32_t from)
{
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        sides[i] = (struct side){
            .record = malloc(engine_record_bytes()), .from = from, .replay = p, .which = (enum preview_side)i};
        episode_init(&sides[i].episode);
        if (sides[i].record)
            engine_init(sides[i].record);
    }
    return sides[PREVIEW_BEFORE].record && sides[PREVIEW_AFTER].record ? 0 : -1;
}

static uint32_t warm_since(const struct side sides[PREVIEW_SIDES])
{
    uint32_t before = sides[PREVIEW_BEFORE].warm_t, after = sides[PREVIEW_AFTER].warm_t;
    if (before == 0 || after == 0)
        return 0;
    return before > after ? before : after;
}

/* Ends a run with `result`: what both sides judged goes to the preview. Returns `result`, or -1 when memory is out. */
static int end(struct side sides[PREVIEW_SIDES], struct preview_replay *p, int result)
{
    uint32_t since = warm_since(sides);
    if (p->judged_since == 0)
        p->judged_since = since;
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        struct preview_spans *spans = &sides[i].spans;
        preview_spans_since(spans, since ? since : UINT32_MAX);
        for (size_t n = 0; n < spans->n && result == 0; n++)
            result = preview_spans_push(&p->spans[i], spans->list[n]);
        preview_spans_fini(spans);
        skyline_window_free(sides[i].window);
        free(sides[i].record);
    }
    return result;
}

/* Both sides begin from the newest record before the first point that is asked for, or with what `*coarse` then
 * holds. */
static int remember(struct side sides[PREVIEW_SIDES], struct store *s, const char *name, size_t len,
                    const struct series *points, struct coarse *coarse)
{
    struct episode unused;
    struct engine_record *record = sides[PREVIEW_BEFORE].record;
    uint32_t first = first_since(points, sides[PREVIEW_BEFORE].from);
    uint32_t last = points->n > 0 ? points->points[points->n - 1].t : first;
    if (records_load_before(s, name, len, first, last, record, &unused) < 0 ||
        (engine_step_s(record) == 0 && coarse_load(coarse, s, name, len) != 0))
        return -1;
    memcpy(sides[PREVIEW_AFTER].record, record, engine_record_bytes());
    return 0;
}

static int replay_points(struct preview_replay *p, struct store *s, const char *name, size_t len,
                         const struct series *points)
{
    struct side sides[PREVIEW_SIDES];
    struct coarse coarse = {0};
    int result = begin(sides, p, p->from);
    if (result == 0)
        result = remember(sides, s, name, len, points, &coarse);
    if (result == 0)
        result = judge(p, sides, points, &coarse);
    coarse_fini(&coarse);
    return end(sides, p, result);
}

static int replay_stretch(struct preview_replay *p, const struct rollup *rollup, const struct history_stretch *stretch)
{
    struct side sides[PREVIEW_SIDES];
    struct coarse older = {0};
    struct series means;
    uint32_t step_s = rollup->archive[stretch->archive].step_s;
    int result = begin(sides, p, stretch->from > p->from ? stretch->from : p->from);
    series_init(&means);
    if (result == 0)
        result = history_means_read(rollup, stretch, &means);
    if (result == 0)
        result = coarse_init(&older, rollup);
    if (result == 0)
        result = judge(p, sides, &means, &older);
    if (warm_since(sides) > 0 && p->means_s < step_s)
        p->means_s = step_s;
    series_fini(&means);
    coarse_fini(&older);
    return end(sides, p, result);
}

/* What lies before the first raw point, up to `until`. */
static int replay_means(struct preview_replay *p, struct store *s, const char *name, size_t len, uint32_t until)
{
    struct rollup rollup;
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    int result = history_read_rollup(s, name, len, &rollup);
    unsigned n = result == 0 ? history_means_plan(&rollup, until, plan) : 0;
    for (unsigned i = 0; i < n && result == 0 && !p->stopped; i++)
        if (plan[i].until >= p->from)
            result = replay_stretch(p, &rollup, &plan[i]);
    rollup_fini(&rollup);
    return result;
}

static int replay(struct preview_replay *p, struct store *s, const char *name, size_t len, struct series *points)
{
    int result = 0;
    series_sort_first_wins(points);
    if (points->n > 0 && p->from < points->points[0].t)
        result = replay_means(p, s, name, len, points->points[0].t - 1);
    return result == 0 && !p->stopped ? replay_points(p, s, name, len, points) : result;
}

int preview_replay_run(struct preview_replay *p, struct store *s, const char *name, size_t len)
{
    struct series points;
    int result = history_read(s, name, len, &points);
    if (result == 0)
        result = outages_read(&p->outages, s);
    if (result == 0)
        result = replay(p, s, name, len, &points);
    series_fini(&points);
    return result;
}

void preview_replay_fini(struct preview_replay *p)
{
    for (size_t i = 0; i < PREVIEW_SIDES; i++)
        preview_spans_fini(&p->spans[i]);
}
