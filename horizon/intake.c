/* Each point takes one path, and each way off that path ends in intake_reject, so the
 * sums hold by construction. */
#include "intake.h"

#include <math.h>
#include <string.h>

#include "carbon_line.h"
#include "carbon_name.h"
#include "carbon_pickle.h"
#include "intake_statsd.h"
#include "ridgeline/keys.h"
#include "ridgeline/marks.h"
#include "skyline_msgpack.h"

#define PICKLED_AHEAD 32

#define LISTENER_NAME(id, name) name,
const char *const intake_listener_names[INTAKE_SOURCES_N] = {
    INTAKE_LISTENERS(LISTENER_NAME)[INTAKE_STATSD_TCP] = "statsd_tcp", [INTAKE_STATSD_UDP] = "statsd_udp"};

#define REASON_NAME(name, kind, help) #name,
static const char *const reason_names[HORIZON_REJECTED_N] = {HORIZON_REJECTIONS(REASON_NAME)};

static struct queue_metric *known(void *names, const char *name, size_t len, bool adds)
{
    return names_known(names, name, len, adds);
}

int intake_init(struct intake *in, const struct settings *settings)
{
    memset(in, 0, sizeof *in);
    in->settings = settings;
    in->settings_generation = 1;
    in->pickle = carbon_pickle_new();
    if (!in->pickle)
        return -1;
    names_init(&in->names, (size_t)settings->horizon.max_metrics);
    queue_init(&in->queue, settings->horizon.queue_bytes, names_unannounce);
    spool_init(&in->spool, settings->horizon.spool_max_bytes);
    queue_set_spool(&in->queue, &in->spool, known, &in->names);
    senders_init(&in->senders);
    intake_statsd_init(in);
    return 0;
}

void intake_fini(struct intake *in)
{
    intake_statsd_fini(in);
    queue_fini(&in->queue);
    spool_fini(&in->spool);
    mark_points_fini(&in->marks);
    names_fini(&in->names);
    carbon_pickle_free(in->pickle);
}

void intake_settings_changed(struct intake *in)
{
    in->settings_generation++;
    in->names.max = (size_t)in->settings->horizon.max_metrics;
    queue_set_max(&in->queue, in->settings->horizon.queue_bytes);
    spool_set_max(&in->spool, in->settings->horizon.spool_max_bytes);
    intake_statsd_bound(in);
}

struct sender *intake_sender(struct intake *in, enum intake_listener listener, const char *address, int64_t now_ms)
{
    struct senders *senders = listener < INTAKE_LISTENERS_N ? &in->senders : &in->statsd.senders;
    return senders_find(senders, address, intake_listener_names[listener], now_ms);
}

void intake_reject(struct intake *in, struct intake_source from, unsigned reason, const char *sample, size_t len)
{
    struct intake_tally *tally = &in->tallies[from.listener];
    struct sender *sender = from.sender;
    tally->received++;
    tally->rejected[reason]++;
    sender->received++;
    sender->rejected++;
    sender->last_ms = in->now_ms;
    sender->last_reason = reason_names[reason];
    sender->sample_len = len < sizeof sender->sample ? len : sizeof sender->sample;
    if (sender->sample_len > 0)
        memcpy(sender->sample, sample, sender->sample_len);
}

void intake_accept(struct intake *in, struct intake_source from)
{
    in->tallies[from.listener].received++;
    in->tallies[from.listener].accepted++;
    from.sender->received++;
    from.sender->accepted++;
    from.sender->last_ms = in->now_ms;
}

static void accept_point(struct intake *in, struct intake_source from, struct names_entry *entry,
                         struct point p)
{
    struct queue_metric *metric = names_metric(entry);
    intake_accept(in, from);
    if (names_touch(&in->names, entry, (uint32_t)(in->now_ms / 1000)))
        queue_announce(&in->queue, metric);
    queue_append(&in->queue, metric, p, in->now_ms);
}

static bool globs_pass(const struct intake *in, const char *name, size_t len)
{
    const struct conf_globs *deny = &in->settings->horizon.deny, *allow = &in->settings->horizon.allow;
    return !conf_globs_match(deny, name, len) && (allow->n == 0 || conf_globs_match(allow, name, len));
}

/* The entry of a name that may pass, or NULL with the reason. A name that the
 * globs refuse never takes a place. */
static struct names_entry *admit(struct intake *in, const char *name, size_t len, unsigned *reason)
{
    uint64_t hash = table_hash(&in->names.table, name, len);
    struct names_entry *e = names_find(&in->names, hash, name, len);
    int pass = e ? names_verdict(e, in->settings_generation) : -1;
    if (pass < 0) {
        pass = globs_pass(in, name, len);
        *reason = HORIZON_REJECTED_over_limit;
        if (pass && !e && !(e = names_add(&in->names, hash, name, len)))
            return NULL;
        if (e)
            names_set_verdict(e, in->settings_generation, pass);
    }
    *reason = HORIZON_REJECTED_denied;
    return pass ? e : NULL;
}

/* Queues and counts a point, or a mark, of a good name and time; false with the reason when it may not pass. */
static bool take(struct intake *in, struct intake_source from, const char *name, size_t len, struct point p,
                 bool is_mark, unsigned *reason)
{
    if (is_mark) {
        const struct mark_point mark = {.name = name, .name_len = len, .at = p, .came_ms = in->now_ms};
        if (mark_points_take(&in->marks, in->settings, &in->queue, &mark, reason) != 0)
            return false;
        intake_accept(in, from);
        return true;
    }
    struct names_entry *e = admit(in, name, len, reason);
    if (e)
        accept_point(in, from, e, p);
    return e != NULL;
}

/* Checks what was parsed well; `sample` is what the sender wrote. */
static void check_point(struct intake *in, struct intake_source from, struct carbon_point *p, const char *sample,
                        size_t len)
{
    char tagged[KEYS_NAME_MAX];
    bool good = !carbon_name_is_reserved(p->name, p->name_len);
    if (memchr(p->name, ';', p->name_len)) {
        memcpy(tagged, p->name, p->name_len);
        p->name = tagged;
        good = carbon_name_canonical(tagged, &p->name_len) == 0;
    }
    if (!good) {
        intake_reject(in, from, HORIZON_REJECTED_bad_name, sample, len);
        return;
    }
    bool is_mark = mark_points_is(in->settings, p->name, p->name_len), taken = false;
    int64_t now_s = in->now_ms / 1000, t = p->now ? now_s : (int64_t)p->t;
    unsigned reason;
    if (t < now_s - (is_mark ? MARKS_AGE_S : in->settings->horizon.max_age_s))
        reason = HORIZON_REJECTED_too_old;
    else if (t > now_s + (is_mark ? MARKS_FUTURE_S : in->settings->horizon.max_future_s))
        reason = HORIZON_REJECTED_in_future;
    else
        taken = take(in, from, p->name, p->name_len, (struct point){.t = (uint32_t)t, .v = p->value}, is_mark, &reason);
    if (!taken)
        intake_reject(in, from, reason, sample, len);
}

static unsigned reason_of(enum carbon_result result)
{
    static const unsigned reasons[] = {
        [CARBON_OK] = HORIZON_REJECTED_malformed,
        [CARBON_NOTHING] = HORIZON_REJECTED_malformed,
        [CARBON_MALFORMED] = HORIZON_REJECTED_malformed,
        [CARBON_BAD_NAME] = HORIZON_REJECTED_bad_name,
        [CARBON_NOT_A_NUMBER] = HORIZON_REJECTED_not_a_number,
        [CARBON_BAD_TIME] = HORIZON_REJECTED_bad_time,
    };
    return reasons[result];
}

static size_t name_max(const struct intake *in)
{
    return (size_t)in->settings->horizon.max_name_bytes;
}

void intake_line(struct intake *in, struct intake_source from, const char *line, size_t len)
{
    if (from.listener >= INTAKE_LISTENERS_N) {
        intake_statsd_line(in, from, line, len);
        return;
    }
    struct carbon_point p;
    enum carbon_result result = carbon_line_parse(line, len, name_max(in), &p);
    if (result == CARBON_OK)
        check_point(in, from, &p, line, len);
    else if (result != CARBON_NOTHING)
        intake_reject(in, from, reason_of(result), line, len);
}

/* Takes a pickle's next entries, what the first of them needs only when that of all is on its way into the cache (see
 * intake_ahead). Returns whether there may be more. */
static bool take_pickled(struct intake *in, struct intake_source from)
{
    const struct table *names = &in->names.table;
    struct carbon_point points[PICKLED_AHEAD] = {{0}};
    enum carbon_result results[PICKLED_AHEAD];
    uint64_t hashes[PICKLED_AHEAD];
    unsigned n = 0;
    while (n < PICKLED_AHEAD &&
           (results[n] = carbon_pickle_next(in->pickle, name_max(in), &points[n])) != CARBON_NOTHING) {
        hashes[n] = results[n] == CARBON_OK ? table_hash(names, points[n].name, points[n].name_len) : 0;
        table_fetch_place(names, hashes[n++]);
    }
    for (unsigned i = 0; i < n; i++)
        table_fetch_entry(names, hashes[i]);
    for (unsigned i = 0; i < n; i++) {
        struct carbon_point *p = &points[i];
        if (results[i] == CARBON_OK)
            check_point(in, from, p, p->name, p->name_len);
        else
            intake_reject(in, from, reason_of(results[i]), p->name, p->name_len);
    }
    return n == PICKLED_AHEAD;
}

void intake_pickle(struct intake *in, struct intake_source from, const uint8_t *message, size_t len)
{
    enum pickle_result read = carbon_pickle_run(in->pickle, message, len);
    if (read != PICKLE_OK) {
        unsigned reason =
            read == PICKLE_FORBIDDEN ? HORIZON_REJECTED_forbidden : HORIZON_REJECTED_malformed;
        intake_reject(in, from, reason, (const char *)message, len);
        return;
    }
    while (take_pickled(in, from))
        continue;
}

void intake_skyline(struct intake *in, struct intake_source from, const uint8_t *datagram, size_t len)
{
    struct carbon_point p = {0};
    enum carbon_result result = skyline_msgpack_parse(datagram, len, name_max(in), &p);
    if (result == CARBON_OK)
        check_point(in, from, &p, (const char *)datagram, len);
    else
        intake_reject(in, from, reason_of(result), (const char *)datagram, len);
}

void intake_value(struct intake *in, struct intake_source from, const char *name, double value)
{
    struct carbon_point p = {.name = name, .name_len = strlen(name), .value = value, .now = true};
    check_point(in, from, &p, name, p.name_len);
}

void intake_point(struct intake *in, struct intake_source from, const char *name, size_t len, double value, uint32_t t)
{
    struct carbon_point p = {.name = name, .name_len = len, .value = value, .t = t};
    if (len > name_max(in))
        intake_reject(in, from, HORIZON_REJECTED_bad_name, name, len);
    else if (!isfinite(value))
        intake_reject(in, from, HORIZON_REJECTED_not_a_number, name, len);
    else
        check_point(in, from, &p, name, len);
}

static void sum_up(const struct intake *in, unsigned first, unsigned end, struct intake_tally *total)
{
    *total = (struct intake_tally){0};
    for (unsigned i = first; i < end; i++) {
        total->received += in->tallies[i].received;
        total->accepted += in->tallies[i].accepted;
        for (unsigned r = 0; r < HORIZON_REJECTED_N; r++)
            total->rejected[r] += in->tallies[i].rejected[r];
    }
}

void intake_total(const struct intake *in, struct intake_tally *total)
{
    sum_up(in, 0, INTAKE_LISTENERS_N, total);
}

void intake_total_samples(const struct intake *in, struct intake_tally *total)
{
    sum_up(in, INTAKE_LISTENERS_N, INTAKE_SOURCES_N, total);
}

uint64_t intake_rejected(const struct intake_tally *tally)
{
    uint64_t sum = 0;
    for (unsigned r = 0; r < HORIZON_REJECTED_N; r++)
        sum += tally->rejected[r];
    return sum;
}

uint64_t intake_dropped(const struct intake *in)
{
    return in->queue.dropped + in->spool.dropped;
}

int64_t intake_oldest_ms(const struct intake *in, int64_t now_ms)
{
    const int64_t since_ms[] = {queue_oldest_ms(&in->queue, now_ms), in->statsd.since_ms, in->statsd.last_since_ms};
    int64_t oldest_ms = now_ms;
    for (size_t i = 0; i < sizeof since_ms / sizeof *since_ms; i++)
        if (since_ms[i] != 0 && since_ms[i] < oldest_ms)
            oldest_ms = since_ms[i];
    return oldest_ms;
}
