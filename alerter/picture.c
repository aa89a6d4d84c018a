/* Values as stored, rolled up where no raw ones are left; the band from a replay of either with the options in force,
 * as in the page's own chart. */
#include "alerter/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"
#include "ridgeline/history.h"
#include "ridgeline/keys.h"

#define SPAN_S_MIN (3 * 3600)
#define SPAN_S_MAX (7 * 86400)
#define BEFORE 2 /* as much calm is shown as the incident lasted, so often */

struct picture {
    struct chart chart;
    struct series shown; /* the points in the chart */
    struct chart_band *band;
    size_t n_band, cap_band;
    uint32_t band_from; /* verdicts of before only lead up to those that are drawn */
    bool failed; /* memory was out */
};

static void keep_point(struct picture *p, uint32_t t, double v)
{
    if (t >= p->chart.from && t <= p->chart.until && isfinite(v))
        p->failed |= series_push(&p->shown, (struct point){.t = t, .v = v}) != 0;
}

/* The widest slots say what is a gap. */
static void keep_slot(void *context, const struct rollup_point *slot)
{
    struct picture *p = context;
    keep_point(p, slot->t, slot->mean);
    if (slot->step_s > p->chart.step_s)
        p->chart.step_s = slot->step_s;
}

static void keep_verdict(void *context, const struct verdict *v, enum episode_change change,
                         const struct episode *episode)
{
    struct picture *p = context;
    (void)change;
    (void)episode;
    if (!v || v->t < p->band_from || v->t < p->chart.from || v->t > p->chart.until || !isfinite(v->expected) ||
        !isfinite(v->lower) || !isfinite(v->upper))
        return;
    if (p->n_band == p->cap_band) {
        size_t cap = p->cap_band ? 2 * p->cap_band : 256;
        struct chart_band *grown = realloc(p->band, cap * sizeof *grown);
        p->failed |= grown == NULL;
        if (!grown)
            return;
        p->band = grown;
        p->cap_band = cap;
    }
    p->band[p->n_band++] =
        (struct chart_band){.t = v->t, .expected = v->expected, .lower = v->lower, .upper = v->upper};
}

/* The overrides of the page; none when they cannot be read. */
static void load_overrides(struct store *s, struct conf_rules *overrides)
{
    char error[CONF_ERROR_MAX];
    redisReply *r = store_command(s, "HGET " KEYS_OVERRIDES " list");
    *overrides = (struct conf_rules){0};
    if (store_ok(r) && r->type == REDIS_REPLY_STRING && conf_overrides_parse(overrides, r->str, r->len, error) != 0)
        conf_rules_free(overrides);
    if (r)
        freeReplyObject(r);
}

/* Time of the first raw point; of the end of what is rolled up without one. */
static uint32_t first_raw(const struct series *stored, const struct rollup *rollup)
{
    uint32_t first = stored->n > 0 ? stored->points[0].t : rollup->folded_until;
    for (size_t i = 1; i < stored->n; i++)
        first = stored->points[i].t < first ? stored->points[i].t : first;
    return first;
}

/* The band before the first raw point. */
static int judge_means(struct picture *p, const struct history_replay *what, const struct rollup *rollup)
{
    struct history_stretch plan[ROLLUP_ARCHIVES_MAX];
    struct history_end end;
    uint32_t raw_from = first_raw(what->stored, rollup);
    unsigned n = raw_from > p->chart.from ? history_means_plan(rollup, raw_from - 1, plan) : 0;
    int result = 0;
    for (unsigned i = 0; i < n && result == 0; i++) {
        p->band_from = plan[i].from;
        if (plan[i].until >= p->chart.from)
            result = history_means_replay(rollup, &plan[i], what->options, &end, what->each, what->context);
    }
    p->band_from = 0;
    return result;
}

static int judge(struct picture *p, struct store *s, const struct settings *settings, const char *metric,
                 const struct series *stored, const struct rollup *rollup)
{
    struct conf_rules overrides;
    struct engine_options options;
    struct history_end end;
    size_t len = strlen(metric);
    load_overrides(s, &overrides);
    conf_resolve(settings, &overrides, metric, len, &options, NULL);
    conf_rules_free(&overrides);
    struct history_replay what = {.name = metric,
                                  .len = len,
                                  .stored = stored,
                                  .from = p->chart.from,
                                  .until = p->chart.until,
                                  .options = &options,
                                  .each = keep_verdict,
                                  .context = p};
    int result = judge_means(p, &what, rollup);
    if (result == 0)
        result = history_replay(s, &what, &end);
    p->chart.step_s = result == 0 ? end.step_s : 0;
    return result;
}

static int take_points(struct picture *p, struct series *stored, const struct rollup *rollup)
{
    rollup_each(rollup, p->chart.from, p->chart.until, keep_slot, p);
    series_sort_last_wins(stored);
    for (size_t i = 0; i < stored->n; i++)
        if (stored->points[i].t >= rollup->folded_until)
            keep_point(p, stored->points[i].t, stored->points[i].v);
    return p->failed ? -1 : 0;
}

/* Which hours are shown: the incident, and some calm before. */
static int choose_span(struct chart *c, const struct message_member *m, int64_t now_s)
{
    int64_t until = m->end > now_s ? m->end : now_s;
    int64_t span_s = (until - m->start) * (BEFORE + 1);
    if (m->start <= 0 || until < m->start || until > UINT32_MAX)
        return -1;
    span_s = span_s < SPAN_S_MIN ? SPAN_S_MIN : span_s > SPAN_S_MAX ? SPAN_S_MAX : span_s;
    c->until = (uint32_t)until;
    c->from = until > span_s ? (uint32_t)(until - span_s) : 0;
    c->start = (uint32_t)m->start;
    c->end = (uint32_t)(m->end > m->start ? m->end : m->start);
    return 0;
}

static int draw(struct picture *p, struct store *s, const struct settings *settings, const char *metric,
                struct chart_image *image)
{
    struct series stored;
    struct rollup rollup = {0};
    int result = history_read(s, metric, strlen(metric), &stored);
    /* The replay is of the points in stored order, and sorts for itself; without it there is no band. */
    if (result >= 0 &&
        (history_read_rollup(s, metric, strlen(metric), &rollup) != 0 ||
         judge(p, s, settings, metric, &stored, &rollup) != 0 || take_points(p, &stored, &rollup) != 0))
        result = -1;
    rollup_fini(&rollup);
    series_fini(&stored);
    if (result < 0 || p->shown.n == 0)
        return -1;
    p->chart.points = p->shown.points;
    p->chart.n_points = p->shown.n;
    p->chart.band = p->band;
    p->chart.n_band = p->n_band;
    return chart_draw(&p->chart, image);
}

int picture_draw(struct store *s, const struct settings *settings, const struct message *m, int64_t now_s,
                 struct chart_image *image)
{
    struct message_head head;
    struct message_member first;
    struct picture p = {0};
    char title[160], unit[48];
    *image = (struct chart_image){0};
    message_read_head(&head, m->incident);
    message_read_member(&first, head.first);
    if (*first.metric == '\0' || strlen(first.metric) > KEYS_NAME_MAX || choose_span(&p.chart, &first, now_s) < 0)
        return -1;
    p.chart.title = harmless_line(title, sizeof title, first.metric);
    p.chart.unit = harmless_line(unit, sizeof unit, m->unit);
    series_init(&p.shown);
    int result = draw(&p, s, settings, first.metric, image);
    series_fini(&p.shown);
    free(p.band);
    return result;
}
