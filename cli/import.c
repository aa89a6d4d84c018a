/* The order of the writes makes it safe to be killed between any two:
 *
 *   mark        "an import began": until it goes, no import of the metric counts as complete
 *   events      what was told since the mark is not told again
 *   rollup      what is too old for the key; what stands there stays, so doing it again changes nothing
 *   points      merged with what stands in the key, likewise
 *   record      from here on a worker would start warm
 *   name        a running analyzer learns of it, and finds all of the above
 *   mark gone
 *
 * The name comes last, so a worker never meets a metric that is half there. */
#include "cli/import.h"

#include <jansson.h>
#include <string.h>

#include "cli/import_merge.h"
#include "cli/import_redis.h"
#include "cli/import_rollup.h"
#include "cli/import_tell.h"
#include "ridgeline/clock.h"
#include "ridgeline/events.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"
#include "ridgeline/proc.h"
#include "ridgeline/records.h"
#include "ridgeline/rollup_store.h"

#define TIMEOUT_MS 30000
#define CHUNK 65536 /* points between two looks at whether to stop */
#define PUT_TRIES 5

/* One metric on its way. */
struct task {
    struct import_metric metric;
    const struct series *history;
    const struct units_retention *retention; /* of this metric */
    uint32_t span_s;                         /* how far back its raw tail reaches */
    uint32_t seen_from, seen_until; /* what the saved record had judged; 0, 0: there is none */
    uint32_t open_since;            /* start of the anomaly that was open then; 0: none */
    bool anew;                      /* the record lacks the beginning: it is made again */
    uint32_t newest;                /* of history and key */
    uint32_t kept_from;             /* of what is older nothing was kept */
    bool filled;                    /* the rollup or the key has got something that it lacked */
};

int import_init(struct import *im, const struct settings *settings, const struct conf_rules *overrides)
{
    *im = (struct import){.settings = settings,
                          .overrides = overrides,
                          .put_script = import_redis_put_script,
                          .rollup_script = {.source = rollup_store_replace_source}};
    im->store = store_new(settings->store, TIMEOUT_MS);
    return pass_init(&im->pass) == 0 && im->store ? 0 : -1;
}

void import_fini(struct import *im)
{
    pass_fini(&im->pass);
    store_free(im->store);
    im->store = NULL;
}

static int analyzer_runs(struct import *im, bool *runs)
{
    *runs = false;
    return im->alone ? 0 : import_redis_analyzer_runs(im->store, runs);
}

static enum import_result failure(struct import *im)
{
    return store_connect(im->store) == 0 ? IMPORT_FAILED : IMPORT_AWAY;
}

/* Whether horizon would take the name. Tags have an order of their own there: such names are left to it. */
static bool is_wanted(const struct import *im, const char *name)
{
    static const char *const reserved = &KEYS_UNIQUE[sizeof KEYS_METRIC_PREFIX - 1];
    size_t len = strlen(name);
    if (len == 0 || len > (size_t)im->settings->horizon.max_name_bytes || strcmp(name, reserved) == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || name[i] == ';')
            return false;
    json_t *text = json_stringn(name, len);
    json_decref(text);
    const struct conf_globs *allow = &im->settings->horizon.allow;
    return text && !conf_globs_match(&im->settings->horizon.deny, name, len) &&
           (allow->n == 0 || conf_globs_match(allow, name, len));
}

/* The later of `newest` and the newest point that can be true. */
static uint32_t newest_of(const struct import *im, const struct series *s, uint32_t newest)
{
    int64_t latest = clock_wall_s() + im->settings->horizon.max_future_s;
    for (size_t i = 0; i < s->n; i++)
        if (s->points[i].t > newest && s->points[i].t <= latest)
            newest = s->points[i].t;
    return newest;
}

static int load(struct import *im, struct task *t)
{
    struct import_metric *m = &t->metric;
    pass_begin(&im->pass);
    im->pass.phase_s = records_phase_s(m->name, m->len, t->span_s);
    if (import_redis_load(im->store, m, im->pass.record, &im->pass.episode) != 0 ||
        import_tell_load(im->store, m) != 0)
        return -1;
    t->anew = !m->has_record;
    if (m->has_record) {
        t->seen_from = engine_first_t(im->pass.record);
        t->seen_until = engine_last_t(im->pass.record);
        t->open_since = im->pass.episode.open ? im->pass.episode.start : 0;
        t->anew = t->history->n > 0 && t->history->points[0].t < t->seen_from;
    }
    t->newest = newest_of(im, t->history, newest_of(im, &m->stored, 0));
    return 0;
}

static enum import_result judge_points(struct import *im, const struct task *t, const struct series *all)
{
    struct engine_options o;
    conf_resolve(im->settings, im->overrides, t->metric.name, t->metric.len, &o, NULL);
    for (size_t i = 0; i < all->n; i += CHUNK) {
        size_t n = all->n - i < CHUNK ? all->n - i : CHUNK;
        if (pass_run(&im->pass, &o, t->span_s, all->points + i, n) != 0)
            return IMPORT_FAILED;
        atomic_fetch_add(&im->judged, n);
        if (proc_stopping)
            return IMPORT_STOPPED;
    }
    return IMPORT_DONE;
}

/* One pass over history and key; of a time that both have, what the key has counts. */
static enum import_result judge(struct import *im, const struct task *t)
{
    struct series all;
    enum import_result result = IMPORT_FAILED;
    series_init(&all);
    if (t->anew)
        pass_begin(&im->pass);
    int64_t after = t->anew ? IMPORT_MERGE_ALL : t->seen_until;
    if (import_merge(&all, t->history, &t->metric.stored, after) == 0) {
        series_sort_first_wins(&all);
        result = judge_points(im, t, &all);
    }
    series_fini(&all);
    return result;
}

/* Whether it is for us to tell: what the record had seen was told as it came, but for an anomaly that was open then
 * and of which nobody has been told. Returns -1 when Redis did not answer. */
static int is_ours(struct import *im, const struct task *t, const struct episode *i)
{
    bool is_open = false;
    if (i->last_hot + EVENTS_AGE_S < clock_wall_s())
        return 0;
    if (t->seen_until == 0 || i->start > t->seen_until || i->last_hot < t->seen_from)
        return 1;
    if (t->anew || i->start != t->open_since)
        return 0;
    return import_tell_is_open(im->store, &t->metric, i->start, &is_open) == 0 ? !is_open : -1;
}

/* The entry of the slot's events behind which what we tell may stand already; NULL: nowhere. A metric that is made
 * anew may have been imported long ago. */
static const char *told_since(const struct task *t)
{
    if (t->anew && t->metric.is_registered)
        return "0-0";
    return t->metric.mark[0] ? t->metric.mark : NULL;
}

static int tell(struct import *im, const struct task *t)
{
    struct pass *p = &im->pass;
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        int ours = is_ours(im, t, &p->closed[i].episode);
        if (ours < 0)
            return -1;
        if (ours)
            p->closed[kept++] = p->closed[i];
    }
    atomic_fetch_add(&im->told, kept);
    return import_tell_closed(im->store, &t->metric, told_since(t), p->closed, kept);
}

/* Puts the points of `kept` from `from` on in the key's place, if it lacks any. Returns as put_once does. */
static int put_tail(struct import *im, struct task *t, struct series *kept, uint32_t from)
{
    bool raced = false;
    size_t missing;
    import_merge_cut(kept, from);
    if (import_merge_missing(kept, &t->metric.stored, &missing) != 0)
        return -1;
    if (missing == 0)
        return 0;
    if (import_redis_put(im->store, &im->put_script, &t->metric, kept, &raced) != 0)
        return -1;
    if (raced)
        return 1;
    t->filled = true;
    atomic_fetch_add(&im->stored, missing);
    return 0;
}

/* The points before it have come: horizon refuses what is older. */
static uint32_t came_until(const struct import *im)
{
    int64_t t = clock_wall_s() - im->settings->horizon.max_age_s;
    return t > 0 ? (uint32_t)t : 0;
}

/* Folds what of history and key, merged, is old, and puts the rest in the key's place. Returns 0, 1 when roomba has
 * folded or trimmed meanwhile, -1 on failure. */
static int put_once(struct import *im, struct task *t)
{
    struct series kept;
    int result = -1;
    series_init(&kept);
    if (import_merge(&kept, t->history, &t->metric.stored, IMPORT_MERGE_ALL) == 0) {
        series_sort_last_wins(&kept);
        uint32_t from = import_merge_tail_from(&kept, t->newest, t->span_s);
        struct import_rollup_span span = {.came_until = came_until(im), .tail_from = from, .kept_from = from};
        int folded = IMPORT_ROLLUP_SAME;
        if (t->retention->n > 1)
            folded = import_rollup_fold(im->store, &im->rollup_script, &t->metric, t->retention, &kept, &span);
        t->filled |= folded == IMPORT_ROLLUP_WRITTEN;
        t->kept_from = span.kept_from;
        result = folded < 0 ? -1 : folded == IMPORT_ROLLUP_RACED ? 1 : put_tail(im, t, &kept, span.tail_from);
    }
    series_fini(&kept);
    return result;
}

/* Counts the points of the history that were not kept. */
static void count_too_old(struct import *im, const struct task *t)
{
    size_t n = 0;
    while (n < t->history->n && t->history->points[n].t < t->kept_from)
        n++;
    atomic_fetch_add(&im->too_old, n);
}

static int put(struct import *im, struct task *t)
{
    for (int i = 0; i < PUT_TRIES; i++) {
        int result = put_once(im, t);
        if (result == 0)
            count_too_old(im, t);
        if (result <= 0)
            return result;
        if (import_redis_load_points(im->store, &t->metric) != 0)
            return -1;
    }
    log_warning("import_raced", "tries=%d", PUT_TRIES);
    return -1;
}

/* Judges, then writes in the order that stands above. */
static enum import_result take_in(struct import *im, struct task *t)
{
    struct store *s = im->store;
    const struct import_metric *m = &t->metric;
    int64_t expire_s = records_expire_s(t->span_s);
    bool is_new = false, runs = false;
    enum import_result judged = judge(im, t);
    if (judged != IMPORT_DONE)
        return judged;
    if (import_tell_begin(s, m, expire_s) != 0 || tell(im, t) != 0 || put(im, t) != 0 ||
        import_redis_save(s, m, &im->pass, expire_s) != 0 || import_redis_register(s, m, &is_new) != 0 ||
        import_tell_end(s, m) != 0 || analyzer_runs(im, &runs) != 0)
        return failure(im);
    /* Its first live point may have come while we judged. */
    return runs && !is_new ? IMPORT_LIVE : IMPORT_DONE;
}

/* All of it lies within what was judged. What was missing then is stored, for whoever looks at the chart. */
static enum import_result fill_gaps(struct import *im, struct task *t)
{
    if (put(im, t) != 0)
        return failure(im);
    return t->filled ? IMPORT_FILLED : IMPORT_COMPLETE;
}

/* Beside a worker that holds the metric: it reads on in the key by itself. */
static enum import_result append_later(struct import *im, const struct task *t)
{
    const struct series *h = t->history;
    uint32_t have = newest_of(im, &t->metric.stored, t->seen_until);
    size_t first = 0;
    while (first < h->n && h->points[first].t <= have)
        first++;
    if (first < h->n && import_redis_append(im->store, &t->metric, h->points + first, h->n - first) != 0)
        return failure(im);
    if (t->metric.mark[0] && import_tell_end(im->store, &t->metric) != 0)
        return failure(im);
    atomic_fetch_add(&im->stored, h->n - first);
    return first < h->n ? IMPORT_APPENDED : IMPORT_COMPLETE;
}

static enum import_result decide(struct import *im, struct task *t)
{
    const struct import_metric *m = &t->metric;
    const struct series *h = t->history;
    bool runs = false;
    const struct units_retention *kept = t->retention;
    if (h->n == 0 || t->newest + im->settings->horizon.max_age_s + kept->archive[kept->n - 1].span_s < clock_wall_s()) {
        atomic_fetch_add(&im->too_old, h->n);
        return IMPORT_ENDED;
    }
    if (!t->anew && !m->mark[0] && m->is_registered && h->points[h->n - 1].t <= t->seen_until)
        return fill_gaps(im, t);
    if (m->is_registered && analyzer_runs(im, &runs) != 0)
        return failure(im);
    /* One that was stopped a moment ago would keep the past out. */
    if (runs && t->anew && !im->is_live) {
        if (import_redis_analyzer_goes_on(im->store, &runs) != 0)
            return failure(im);
        im->is_live = runs;
    }
    if (proc_stopping)
        return IMPORT_STOPPED;
    if (runs)
        return t->anew ? IMPORT_LIVE : append_later(im, t);
    return take_in(im, t);
}

enum import_result import_series(struct import *im, const char *name, const struct series *history)
{
    struct task t = {.metric = {.name = name, .len = strlen(name)},
                     .history = history,
                     .retention = conf_retention(im->settings, name, strlen(name), NULL)};
    if (!is_wanted(im, name))
        return IMPORT_REFUSED;
    t.span_s = units_raw_span_s(t.retention, rollup_own_step_s(history->points, history->n));
    enum import_result result = load(im, &t) == 0 ? decide(im, &t) : failure(im);
    series_fini(&t.metric.stored);
    return result;
}
