#include "webapp/preview_replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/coarse.h"
#include "ridgeline/history.h"
#include "ridgeline/records.h"
#include "ridgeline/replay.h"
#include "webapp/http.h"

/* A look at the clock and at the client costs as much as a few points. Skyline's algorithms take a hundredth of a
 * second for so many, and the detectors a hundredth of that. */
#define POINTS_PER_LOOK 64

struct side {
    struct engine_record *record;
    struct skyline_window *window;
    struct episode episode;
    uint32_t warm_t; /* of the first verdict from `from` on; 0 before it */
    struct preview_replay *replay;
    enum preview_side which;
    bool failed; /* memory was out */
};

static void draw(struct preview_replay *p, const struct verdict *v)
{
    if (!p->expected || v->t < p->from)
        return;
    if (isfinite(v->expected))
        json_array_append_new(p->expected, json_pack("[I,o,o,o]", (json_int_t)v->t, http_number(v->expected),
                                                     http_number(v->lower), http_number(v->upper)));
    if (v->state != ENGINE_WARMING_UP)
        json_array_append_new(p->scores, json_pack("[I,o,i]", (json_int_t)v->t, http_number(v->score), (int)v->votes));
}

static void follow(void *context, const struct verdict *v, enum episode_change change, const struct episode *i)
{
    struct side *side = context;
    struct preview_spans *spans = &side->replay->spans[side->which];
    if (v && v->t >= side->replay->from && v->state != ENGINE_WARMING_UP && side->warm_t == 0)
        side->warm_t = v->t;
    if (v && side->which == PREVIEW_AFTER)
        draw(side->replay, v);
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
        if (replay_take(side->record, &side->window, &side->episode, &p->options[i], point, follow, side) != 0)
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

/* Both sides begin from the newest record before the first point that is asked for, or with what `*coarse` then
 * holds. */
static int begin(struct side sides[PREVIEW_SIDES], struct preview_replay *p, struct store *s, const char *name,
                 size_t len, const struct series *points, struct coarse *coarse)
{
    struct episode unused;
    uint32_t first = first_since(points, p->from), last = points->n > 0 ? points->points[points->n - 1].t : first;
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        sides[i] = (struct side){.record = malloc(engine_record_bytes()), .replay = p, .which = (enum preview_side)i};
        episode_init(&sides[i].episode);
    }
    if (!sides[PREVIEW_BEFORE].record || !sides[PREVIEW_AFTER].record ||
        records_load_before(s, name, len, first, last, sides[PREVIEW_BEFORE].record, &unused) < 0)
        return -1;
    if (engine_step_s(sides[PREVIEW_BEFORE].record) == 0 && coarse_load(coarse, s, name, len) != 0)
        return -1;
    memcpy(sides[PREVIEW_AFTER].record, sides[PREVIEW_BEFORE].record, engine_record_bytes());
    return 0;
}

static uint32_t warm_since(const struct side sides[PREVIEW_SIDES])
{
    uint32_t before = sides[PREVIEW_BEFORE].warm_t, after = sides[PREVIEW_AFTER].warm_t;
    if (before == 0 || after == 0)
        return 0;
    return before > after ? before : after;
}

static int replay(struct preview_replay *p, struct store *s, const char *name, size_t len, struct series *points)
{
    struct side sides[PREVIEW_SIDES];
    struct coarse coarse = {0};
    series_sort_first_wins(points);
    int result = begin(sides, p, s, name, len, points, &coarse);
    if (result == 0)
        result = judge(p, sides, points, &coarse);
    coarse_fini(&coarse);
    p->judged_since = warm_since(sides);
    for (size_t i = 0; i < PREVIEW_SIDES; i++) {
        preview_spans_since(&p->spans[i], p->judged_since ? p->judged_since : UINT32_MAX);
        skyline_window_free(sides[i].window);
        free(sides[i].record);
    }
    return result;
}

int preview_replay_run(struct preview_replay *p, struct store *s, const char *name, size_t len)
{
    struct series points;
    int result = history_read(s, name, len, &points);
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
