/* The StatsD line protocol, with what DogStatsD adds to it. Pure.
 *
 *   name:value|type
 *   name:value|type|@rate:value|type     several samples of one name
 *   name:value:value|type|#tag:x,other   DogStatsD: packed values, tags
 *
 * A set's value may hold colons, as DogStatsD's may, so those of sets are never packed.
 *
 * Types are c (and m), g, s, and ms, h and d, which are all timers. DogStatsD's container (c:), external data
 * (e:), cardinality (card:) and time (T) are passed over: a sample belongs to the interval in which it arrives. */
#ifndef RIDGELINE_HORIZON_STATSD_LINE_H
#define RIDGELINE_HORIZON_STATSD_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/keys.h"

enum statsd_type { STATSD_COUNTER, STATSD_TIMER, STATSD_GAUGE, STATSD_SET, STATSD_TYPES_N };

enum statsd_result {
    STATSD_OK,
    STATSD_NOTHING, /* a blank line, the end of a line's samples */
    STATSD_MALFORMED,
    STATSD_BAD_NAME,
    STATSD_BAD_TYPE,
    STATSD_BAD_RATE,
    STATSD_NOT_A_NUMBER,
    STATSD_NEGATIVE, /* a time below zero */
};

struct statsd_sample {
    enum statsd_type type;
    double value;     /* finite; not of a set */
    double weight;    /* how many events a counter's or timer's sample stands for: 1 / rate */
    bool delta;       /* a gauge's value that is added: it was written with a sign */
    const char *text; /* a set's value, in the line or a literal */
    size_t text_len;
};

struct statsd_line {
    const char *name; /* in the line or in `buffer` */
    size_t name_len;
    const char *next, *end; /* samples that are left; next is NULL at the end */
    /* What stands behind a value, or behind several packed ones. No two of like type are neighbours: compilers would
     * read them as one that was written as two, for which processors wait until all stores before are done. */
    struct {
        double weight;
        const char *at;
        enum statsd_type type;
        bool is_time;
        const char *end;
        enum statsd_result result;
    } tail;
    char buffer[KEYS_NAME_MAX];
};

/* Begins a line without its newline (a carriage return may be left). On STATSD_OK the name is set, as
 * StatsD cleans it: blanks become one underscore, slashes become dashes, what is not a letter, digit or one of
 * _-.;= goes. Tags become carbon's, sorted: name;tag=x;other=true. Names longer than `name_max`,
 * which is KEYS_NAME_MAX at most, are STATSD_BAD_NAME. */
enum statsd_result statsd_line_begin(struct statsd_line *l, const char *line, size_t len, size_t name_max);

/* The next sample, as long as the line stays where it is; STATSD_NOTHING at the end. After any other result the
 * next can still be taken: a bad sample takes no good one with it. */
enum statsd_result statsd_line_next(struct statsd_line *l, struct statsd_sample *s);

#endif
