#include "cli/pass.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/records.h"

int pass_init(struct pass *p)
{
    *p = (struct pass){.record = malloc(engine_record_bytes())};
    for (int i = 0; i < 2; i++)
        p->past[i].record = malloc(engine_record_bytes());
    return p->record && p->past[0].record && p->past[1].record ? 0 : -1;
}

void pass_fini(struct pass *p)
{
    skyline_window_free(p->window);
    free(p->record);
    for (int i = 0; i < 2; i++)
        free(p->past[i].record);
    free(p->closed);
    *p = (struct pass){0};
}

void pass_begin(struct pass *p)
{
    skyline_window_free(p->window);
    p->window = NULL;
    engine_init(p->record);
    episode_init(&p->episode);
    p->past[0].is_there = p->past[1].is_there = false;
    p->n = 0;
}

static void keep_past(struct pass *p, uint32_t span_s, uint32_t t)
{
    enum records_field field = records_past(p->phase_s, span_s, engine_last_t(p->record), t);
    if (field == RECORDS_NOW)
        return;
    struct pass_copy *copy = &p->past[field == RECORDS_PAST1];
    memcpy(copy->record, p->record, engine_record_bytes());
    copy->episode = p->episode;
    copy->span = records_span(span_s, t);
    copy->is_there = true;
}

static int keep_closed(struct pass *p, const struct verdict *verdict)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        struct pass_closed *closed = realloc(p->closed, cap * sizeof *closed);
        if (!closed)
            return -1;
        p->closed = closed;
        p->cap = cap;
    }
    struct pass_closed *c = &p->closed[p->n++];
    *c = (struct pass_closed){.episode = p->episode};
    if (verdict)
        c->verdict = *verdict;
    return 0;
}

static int judge(struct pass *p, const struct engine_options *o, struct point point)
{
    struct verdict v;
    bool again = false;
    int taken = ensemble_update(p->record, &p->window, o, point, &v);
    if (taken != 0)
        return taken < 0 ? -1 : 0;
    do {
        enum episode_change change = episode_update(&p->episode, o, engine_step_s(p->record), &v, &again);
        if (change == EPISODE_CLOSED && keep_closed(p, again ? NULL : &v) != 0)
            return -1;
    } while (again);
    return 0;
}

int pass_run(struct pass *p, const struct engine_options *o, uint32_t span_s, const struct point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        keep_past(p, span_s, points[i].t);
        if (judge(p, o, points[i]) != 0)
            return -1;
    }
    return 0;
}
