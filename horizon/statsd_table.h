/* What StatsD samples add up to in one interval, a series for each type and name. Pure.
 *
 * An interval ends with statsd_table_turn. Its series are then walked, flushed and settled piece by piece, while
 * samples of the next interval come in already: a sample for a series that is still due waits until its owner has
 * flushed and settled that one. So no flush, however large, keeps the sockets waiting. */
#ifndef RIDGELINE_HORIZON_STATSD_TABLE_H
#define RIDGELINE_HORIZON_STATSD_TABLE_H

#include "statsd_line.h"
#include "statsd_set.h"
#include "statsd_timer.h"
#include "table.h"

struct statsd_series {
    const char *name;
    size_t name_len;
    enum statsd_type type;
    bool active; /* had a sample in its interval */
    uint32_t interval;
    union {
        double value; /* a counter's or a gauge's */
        struct statsd_timer *timer;
        struct statsd_set *set;
    } as;
};

struct statsd_entry;

/* Invariants: 1. n is the number of entries of all types. 2. once the walk is over no series is due. 3. the pool
 * holds what timers and sets have taken. 4. `first` leads to every entry, the newest last; `end` points at the NULL
 * behind it. */
struct statsd_table {
    struct table by_name;
    struct statsd_entry *first, **end;
    size_t n, max_series;
    uint32_t interval;
    struct statsd_entry **walk; /* leads to the series that the walk gave last; NULL: the walk is over */
    bool walk_begins;           /* none was given yet, or the last one is forgotten */
    struct statsd_pool pool;
};

void statsd_table_init(struct statsd_table *t);
void statsd_table_fini(struct statsd_table *t);

/* NULL when there is none. */
struct statsd_series *statsd_table_find(const struct statsd_table *t, enum statsd_type type, const char *name,
                                        size_t len);

/* Adds a series that is not there. NULL at the bound or when memory is out. */
struct statsd_series *statsd_table_add(struct statsd_table *t, enum statsd_type type, const char *name, size_t len);

/* Adds a sample to a series that is not due. STATSD_TABLE_FULL: a set's new value found no room;
 * STATSD_TABLE_OVERFLOW: the sum would not be finite. In both cases nothing has changed. */
enum statsd_table_result { STATSD_TABLE_OK, STATSD_TABLE_FULL, STATSD_TABLE_OVERFLOW };
enum statsd_table_result statsd_table_put(struct statsd_table *t, struct statsd_series *s,
                                          const struct statsd_sample *sample);

/* Ends the interval; the walk over the last one must be over. Every series is due. */
void statsd_table_turn(struct statsd_table *t);

/* Whether the series still holds the interval that has ended. */
bool statsd_table_is_due(const struct statsd_table *t, const struct statsd_series *s);

/* The walk's next series, due or not; NULL when it is over. The one before may be forgotten. */
struct statsd_series *statsd_table_walk(struct statsd_table *t);

/* Begins the new interval of a series that was flushed: only a gauge keeps its value, and not `anew`. */
void statsd_table_settle(struct statsd_table *t, struct statsd_series *s, bool anew);

/* Removes a series that the walk has just given. */
void statsd_table_forget(struct statsd_table *t, struct statsd_series *s);

/* Checks the invariants, those of timers and sets included. */
void statsd_table_assert(const struct statsd_table *t);

#endif
