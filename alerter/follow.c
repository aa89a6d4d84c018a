#include "alerter/follow.h"

#include "alerter/census.h"
#include "alerter/loader.h"
#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/log.h"

/* Anomalies taken between two writes. Each makes two events at most: LOADER_RECENT covers them. */
#define BATCH 512
_Static_assert(2 * BATCH <= LOADER_RECENT, "what is read again must find its incident held");

#define BATCHES_PER_TURN 4 /* then the lease and the counters have their turn */
#define RELOAD_MS 1000
#define CENSUS_MS 20000
#define CUT_MS 3600000
#define HELD_MS 300000 /* beyond reopen_within: for what is told late */

void follow_drop(struct follow *f)
{
    if (f->loaded) {
        feed_fini(&f->feed);
        incidents_fini(&f->incidents);
        outlook_fini(&f->outlook);
    }
    f->loaded = false;
}

static bool load(struct follow *f, struct store *s, const struct settings *settings, const struct grouping_rules *rules,
                 uint64_t *counters)
{
    struct kinship kinship;
    int64_t now_mono_ms = clock_mono_ms();

    if (now_mono_ms < f->load_mono_ms)
        return false;
    f->load_mono_ms = now_mono_ms + RELOAD_MS;
    kinship_init(&kinship, settings);
    incidents_init(&f->incidents, &kinship, &settings->alerts);
    feed_init(&f->feed, clock_wall_ms());
    f->loaded = true;
    if (loader_load(s, &f->incidents, &f->feed, &f->writer, rules->reopen_within_s, clock_wall_ms()) != 0 ||
        desk_load(&f->desk, s) != 0 || outlook_load(&f->outlook, s) != 0) {
        counters[ALERTER_redis_errors]++;
        follow_drop(f);
        return false;
    }
    f->generation = store_generation(s);
    f->census_mono_ms = now_mono_ms;
    counters[ALERTER_loads]++;
    log_info("incidents_loaded", "held=%zu open=%zu", f->incidents.n, f->incidents.n - f->incidents.n_closed);
    return true;
}

/* Takes what an entry tells. One that cannot be read is passed over. Returns 0, or -1 when memory is out. */
static int take_entry(struct follow *f, const redisReply *json, const struct grouping_rules *rules, uint64_t *counters)
{
    struct anomaly a;

    counters[ALERTER_events_read]++;
    if (anomaly_from_text(&a, json->str, json->len) != 0) {
        counters[ALERTER_events_rejected]++;
        log_warning("anomaly_unreadable", "bytes=%zu", (size_t)json->len);
        return 0;
    }
    struct incident_member m = incidents_member_of(&a);
    return incidents_take(&f->incidents, rules, &m, clock_wall_ms());
}

/* Reads on. Returns 0, or -1 when Redis did not answer. */
static int read_more(struct follow *f, struct store *s, uint64_t *counters)
{
    int refused = feed_read(&f->feed, s);

    if (refused > 0)
        counters[ALERTER_redis_errors] += (uint64_t)refused;
    return refused < 0 ? -1 : 0;
}

/* Takes a batch of events. Returns 0, or -1 when Redis did not answer or memory is out. */
static int take_events(struct follow *f, struct store *s, const struct grouping_rules *rules, uint64_t *counters)
{
    int64_t at_wall_ms = clock_wall_ms();

    for (size_t taken = 0; taken < BATCH && !feed_is_drained(&f->feed);) {
        const redisReply *json = feed_next(&f->feed, &at_wall_ms);
        if ((json ? take_entry(f, json, rules, counters) : read_more(f, s, counters)) != 0)
            return -1;
        taken += json != NULL;
    }
    int64_t age_ms = clock_wall_ms() - at_wall_ms;
    counters[ALERTER_behind_ms] = feed_is_drained(&f->feed) || age_ms < 0 ? 0 : (uint64_t)age_ms;
    return 0;
}

/* What happened since `before` was noted, and what stands. */
static void count(const struct follow *f, const struct incidents *before, uint64_t *counters)
{
    const struct incidents *now = &f->incidents;

    counters[ALERTER_opened] += now->opened - before->opened;
    counters[ALERTER_joined] += now->joined - before->joined;
    counters[ALERTER_reopened] += now->reopened - before->reopened;
    counters[ALERTER_closed] += now->closings - before->closings;
    counters[ALERTER_open_incidents] = now->n - now->n_closed;
    counters[ALERTER_open_members] = now->n_open_members;
    counters[ALERTER_held] = now->n;
}

/* Events first; when all are taken, a census if one is due. */
static int take(struct follow *f, struct store *s, const struct grouping_rules *rules, uint64_t *counters)
{
    int64_t now_mono_ms = clock_mono_ms();

    if (take_events(f, s, rules, counters) != 0)
        return -1;
    if (!feed_is_drained(&f->feed) || now_mono_ms < f->census_mono_ms)
        return 0;
    f->census_mono_ms = now_mono_ms + CENSUS_MS;
    outlook_count(&f->outlook, &f->incidents);
    int result = census_take(s, &f->incidents, rules, counters, clock_wall_ms());
    counters[ALERTER_redis_errors] += result > 0;
    return result < 0 ? -1 : 0;
}

static int step(struct follow *f, struct store *s, const struct grouping_rules *rules, uint64_t *counters)
{
    struct incidents before = f->incidents;

    if (take(f, s, rules, counters) != 0 || desk_take(&f->desk, s, &f->incidents, counters) != 0 ||
        writer_write(&f->writer, s, &f->incidents, &f->feed, clock_wall_ms()) != 0 ||
        desk_save(&f->desk, s) != 0 || store_generation(s) != f->generation)
        return -1;
    count(f, &before, counters);
    incidents_forget(&f->incidents, clock_wall_ms() - 1000 * rules->reopen_within_s - HELD_MS);
    return 0;
}

static void cut_old(struct follow *f, struct store *s, uint64_t *counters)
{
    int64_t now_mono_ms = clock_mono_ms();

    if (now_mono_ms < f->cut_mono_ms)
        return;
    f->cut_mono_ms = now_mono_ms + CUT_MS;
    if (writer_cut_old(s, clock_wall_s()) != 0)
        counters[ALERTER_redis_errors]++;
}

/* Takes what there is, a bounded part of it. Returns 0, or -1 when Redis did not answer or memory is out. */
static int take_batches(struct follow *f, struct store *s, const struct settings *settings,
                        const struct grouping_rules *rules, uint64_t *counters)
{
    if (outlook_turn(&f->outlook, s, settings, &f->incidents, rules, counters) != 0)
        return -1;
    for (int i = 0; i < BATCHES_PER_TURN && (i == 0 || !feed_is_drained(&f->feed)); i++)
        if (step(f, s, rules, counters) != 0)
            return -1;
    return 0;
}

bool follow_turn(struct follow *f, struct store *s, const struct settings *settings, uint64_t *counters)
{
    const struct grouping_rules rules = {.window_s = settings->alerter.incident_window_s,
                                         .reopen_within_s = settings->alerter.reopen_within_s};

    if (!f->loaded && !load(f, s, settings, &rules, counters))
        return false;
    cut_old(f, s, counters);
    feed_wake(&f->feed);
    if (take_batches(f, s, settings, &rules, counters) != 0) {
        counters[ALERTER_redis_errors]++;
        follow_drop(f);
        return false;
    }
    return !feed_is_drained(&f->feed);
}
