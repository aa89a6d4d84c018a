/* The way of a point through horizon: parse, check, account, queue. Pure: the
 * listeners bring bytes and the time, the writer takes blocks out of the queue.
 *
 *   received = accepted + rejected, by listener, by sender and in all;
 *   accepted = stored + queued + dropped.
 *
 * StatsD samples are no points yet: they have listeners, tallies and senders of their own, for which the first
 * line holds, too, and the points that an interval of them makes are received from the listener `statsd`. A mark counts
 * as the point that it came as. */
#ifndef RIDGELINE_HORIZON_INTAKE_H
#define RIDGELINE_HORIZON_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "mark_points.h"
#include "names.h"
#include "queue.h"
#include "ridgeline/conf.h"
#include "ridgeline/counters.h"
#include "senders.h"
#include "statsd_flush.h"
#include "statsd_table.h"

#define INTAKE_LISTENERS(X)                                                          \
    X(LINE_TCP, "line_tcp") X(LINE_UDP, "line_udp") X(PICKLE_TCP, "pickle_tcp")      \
    X(SKYLINE_UDP, "skyline_udp") X(SELF, "self") X(STATSD, "statsd")
#define INTAKE_LISTENER_ENUM(id, name) INTAKE_##id,
enum intake_listener {
    INTAKE_LISTENERS(INTAKE_LISTENER_ENUM) INTAKE_LISTENERS_N, /* of points; those of samples begin here */
    INTAKE_STATSD_TCP = INTAKE_LISTENERS_N,
    INTAKE_STATSD_UDP,
    INTAKE_SOURCES_N
};

extern const char *const intake_listener_names[INTAKE_SOURCES_N];

/* Where bytes came from. */
struct intake_source {
    enum intake_listener listener;
    struct sender *sender;
};

struct intake_tally {
    uint64_t received, accepted, rejected[HORIZON_REJECTED_N];
};

/* StatsD's interval, and the last one as far as it has not become points yet. */
struct intake_statsd {
    struct statsd_table table;
    struct statsd_flush flush; /* of the last interval, as the settings were at its end */
    uint32_t t;                /* epoch seconds of its points */
    bool whole;                /* see intake_statsd_turn */
    int64_t since_ms, last_since_ms; /* arrival of the first sample of each, epoch ms; 0 = none */
    uint64_t n_flushes, flush_ms;
    struct senders senders;
};

struct intake {
    const struct settings *settings; /* not owned */
    uint32_t settings_generation;    /* verdicts of older ones are asked anew */
    int64_t now_ms;                  /* epoch ms of what is being read */
    struct carbon_pickle *pickle;
    struct names names;
    struct queue queue;
    struct mark_points marks;
    struct senders senders;
    struct intake_tally tallies[INTAKE_SOURCES_N];
    struct intake_statsd statsd;
};

/* `settings` must outlive `*in`. Returns 0, or -1 when memory is out. */
int intake_init(struct intake *in, const struct settings *settings);
void intake_fini(struct intake *in);

/* The contents of `settings` have changed. */
void intake_settings_changed(struct intake *in);

/* Who sends from `address`, for a source; see senders_find. */
struct sender *intake_sender(struct intake *in, enum intake_listener listener, const char *address, int64_t now_ms);

/* Has what the next lines will need fetched into the cache, as many of those from `bytes` to `end` as it can hold.
 * Returns where these end; they are yet to be taken, one by one. */
const char *intake_ahead(const struct intake *in, enum intake_listener listener, const char *bytes, const char *end);

/* One carbon line, without its newline, or for a listener of samples one of StatsD. A blank one is not counted. */
void intake_line(struct intake *in, struct intake_source from, const char *line, size_t len);

/* One carbon pickle. What cannot be read at all counts as one point received and rejected. */
void intake_pickle(struct intake *in, struct intake_source from, const uint8_t *message, size_t len);

/* One datagram of Skyline's, which is one point, good or bad. */
void intake_skyline(struct intake *in, struct intake_source from, const uint8_t *datagram, size_t len);

/* One point of Ridgeline's own, at now. */
void intake_value(struct intake *in, struct intake_source from, const char *name, double value);

/* The same at `t`, epoch seconds, for a name of `len` bytes, any number. */
void intake_point(struct intake *in, struct intake_source from, const char *name, size_t len, double value, uint32_t t);

/* Counts a point or sample as received and accepted. */
void intake_accept(struct intake *in, struct intake_source from);

/* A point or sample that could not be parsed for `reason` (HORIZON_REJECTED_...); `sample` is what there is of it. */
void intake_reject(struct intake *in, struct intake_source from, unsigned reason, const char *sample, size_t len);

/* The sum over all listeners of points, or of samples. */
void intake_total_samples(const struct intake *in, struct intake_tally *total);
void intake_total(const struct intake *in, struct intake_tally *total);

/* All that a tally rejected. */
uint64_t intake_rejected(const struct intake_tally *tally);

/* Arrival of what waited longest in memory, point or sample, in epoch ms; now when nothing waits. */
int64_t intake_oldest_ms(const struct intake *in, int64_t now_ms);

#endif
