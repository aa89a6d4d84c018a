/* A uthash table for each type. An entry holds its name and, where a number is all there is, its state, so
 * that a look-up for a counter touches the bucket and the entry, nothing else. uthash's own hash takes twelve bytes
 * at a time; keys_hash, which what is stored depends on, takes one, and tagged names are long. */
#include "statsd_table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Out of memory is an answer here, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct statsd_entry {
    struct statsd_series series; /* first: a series is its entry */
    UT_hash_handle hh;
    char name[];
};

static struct statsd_entry *entry_of(struct statsd_series *s)
{
    return (struct statsd_entry *)s;
}

void statsd_table_init(struct statsd_table *t)
{
    *t = (struct statsd_table){.walk_type = STATSD_TYPES_N};
}

static void free_entry(struct statsd_table *t, struct statsd_entry *e)
{
    struct statsd_series *s = &e->series;
    if (s->type == STATSD_TIMER && s->as.timer) {
        statsd_timer_fini(s->as.timer, &t->pool);
        free(s->as.timer);
    } else if (s->type == STATSD_SET && s->as.set) {
        statsd_set_fini(s->as.set, &t->pool);
        free(s->as.set);
    }
    free(e);
}

void statsd_table_fini(struct statsd_table *t)
{
    for (unsigned type = 0; type < STATSD_TYPES_N; type++) {
        struct statsd_entry *e, *next;
        HASH_ITER(hh, t->tables[type], e, next)
        {
            HASH_DEL(t->tables[type], e);
            free_entry(t, e);
        }
    }
}

struct statsd_series *statsd_table_find(const struct statsd_table *t, enum statsd_type type, const char *name,
                                        size_t len)
{
    struct statsd_entry *e;
    HASH_FIND(hh, t->tables[type], name, len, e);
    return e ? &e->series : NULL;
}

/* An entry with its state, in no table yet; NULL when memory is out. */
static struct statsd_entry *new_entry(struct statsd_table *t, enum statsd_type type, const char *name, size_t len)
{
    struct statsd_entry *e = calloc(1, sizeof *e + len);
    if (!e)
        return NULL;
    memcpy(e->name, name, len);
    e->series.name = e->name;
    e->series.name_len = len;
    e->series.type = type;
    e->series.interval = t->interval;
    if (type == STATSD_TIMER)
        e->series.as.timer = calloc(1, sizeof *e->series.as.timer);
    if (type == STATSD_SET)
        e->series.as.set = calloc(1, sizeof *e->series.as.set);
    if ((type == STATSD_TIMER && !e->series.as.timer) || (type == STATSD_SET && !e->series.as.set)) {
        free(e);
        return NULL;
    }
    return e;
}

struct statsd_series *statsd_table_add(struct statsd_table *t, enum statsd_type type, const char *name, size_t len)
{
    struct statsd_entry *e = t->n < t->max_series ? new_entry(t, type, name, len) : NULL;
    if (!e)
        return NULL;
    HASH_ADD_KEYPTR(hh, t->tables[type], e->name, len, e);
    if (!e->hh.tbl) {
        free_entry(t, e);
        return NULL;
    }
    t->n++;
    return &e->series;
}

static enum statsd_table_result set_value(struct statsd_series *s, double value)
{
    if (!isfinite(value))
        return STATSD_TABLE_OVERFLOW;
    s->as.value = value;
    return STATSD_TABLE_OK;
}

enum statsd_table_result statsd_table_put(struct statsd_table *t, struct statsd_series *s,
                                          const struct statsd_sample *sample)
{
    enum statsd_table_result result = STATSD_TABLE_OK;
    assert(!statsd_table_is_due(t, s));
    switch (s->type) {
    case STATSD_COUNTER:
        result = set_value(s, s->as.value + sample->value * sample->weight);
        break;
    case STATSD_GAUGE:
        result = set_value(s, sample->delta ? s->as.value + sample->value : sample->value);
        break;
    case STATSD_TIMER:
        statsd_timer_add(s->as.timer, sample->value, sample->weight, &t->pool);
        break;
    default:
        if (!statsd_set_add(s->as.set, sample->text, sample->text_len, &t->pool))
            result = STATSD_TABLE_FULL;
        break;
    }
    s->active |= result == STATSD_TABLE_OK;
    return result;
}

void statsd_table_turn(struct statsd_table *t)
{
    assert(t->walk_type == STATSD_TYPES_N);
#ifdef RIDGELINE_DEBUG
    statsd_table_assert(t);
#endif
    t->interval++;
    t->walk_type = 0;
    t->walk = t->tables[0];
}

bool statsd_table_is_due(const struct statsd_table *t, const struct statsd_series *s)
{
    return s->interval != t->interval;
}

struct statsd_series *statsd_table_walk(struct statsd_table *t)
{
    while (!t->walk && t->walk_type < STATSD_TYPES_N)
        if (++t->walk_type < STATSD_TYPES_N)
            t->walk = t->tables[t->walk_type];
    struct statsd_entry *e = t->walk;
    if (!e)
        return NULL;
    t->walk = e->hh.next;
    return &e->series;
}

void statsd_table_settle(struct statsd_table *t, struct statsd_series *s, bool anew)
{
    s->active = false;
    s->interval = t->interval;
    if (s->type == STATSD_TIMER)
        statsd_timer_clear(s->as.timer, &t->pool);
    else if (s->type == STATSD_SET)
        statsd_set_clear(s->as.set, &t->pool);
    else if (s->type == STATSD_COUNTER || anew)
        s->as.value = 0;
}

void statsd_table_forget(struct statsd_table *t, struct statsd_series *s)
{
    struct statsd_entry *e = entry_of(s);
    HASH_DEL(t->tables[s->type], e);
    free_entry(t, e);
    t->n--;
}

/* The bytes of the pool that a series has taken. */
static uint64_t held_bytes(const struct statsd_series *s)
{
    if (s->type == STATSD_TIMER) {
        statsd_timer_assert(s->as.timer);
        return s->as.timer->cap * sizeof *s->as.timer->values;
    }
    if (s->type == STATSD_SET) {
        statsd_set_assert(s->as.set);
        return s->as.set->cap * sizeof *s->as.set->slots;
    }
    return 0;
}

void statsd_table_assert(const struct statsd_table *t)
{
    size_t n = 0, due = 0;
    uint64_t held = 0;
    for (unsigned type = 0; type < STATSD_TYPES_N; type++)
        for (struct statsd_entry *e = t->tables[type]; e; e = e->hh.next) {
            n++;
            due += statsd_table_is_due(t, &e->series);
            held += held_bytes(&e->series);
        }
    assert(n == t->n && held == t->pool.held_bytes && (due == 0 || t->walk_type < STATSD_TYPES_N));
    (void)n;
    (void)due;
    (void)held;
}
