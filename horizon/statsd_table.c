/* One table of all types, whose hashes tell them apart, and one list of all entries for the walk, since places in a
 * table change as it grows. An entry holds its state and its name, so that a sample touches its place in the table, the
 * entry, and of a timer or a set the values that it keeps, nothing else. */
#include "statsd_table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct statsd_entry {
    struct statsd_series series; /* first: a series is its entry */
    uint64_t hash;
    struct statsd_entry *next;
    _Alignas(struct statsd_timer) char rest[]; /* state of a timer or a set, and the name */
};

static const size_t state_bytes[STATSD_TYPES_N] = {[STATSD_TIMER] = sizeof(struct statsd_timer),
                                                   [STATSD_SET] = sizeof(struct statsd_set)};

static struct statsd_entry *entry_of(struct statsd_series *s)
{
    return (struct statsd_entry *)s;
}

_Static_assert(STATSD_TYPES_N <= 1 << TABLE_KIND_BITS, "a hash holds the type");

static uint64_t hash_of(const struct statsd_table *t, enum statsd_type type, const char *name, size_t len)
{
    const uint64_t mask = (1 << TABLE_KIND_BITS) - 1;
    return (table_hash(&t->by_name, name, len) & ~mask) | type;
}

/* Asked of an entry of the same hash, and so of the same type. */
static bool is(const void *entry, const char *name, size_t len)
{
    const struct statsd_entry *e = entry;
    return e->series.name_len == len && memcmp(e->series.name, name, len) == 0;
}

void statsd_table_init(struct statsd_table *t)
{
    *t = (struct statsd_table){.end = &t->first};
    table_init(&t->by_name, is);
}

static void free_entry(struct statsd_table *t, struct statsd_entry *e)
{
    if (e->series.type == STATSD_TIMER)
        statsd_timer_fini(e->series.as.timer, &t->pool);
    else if (e->series.type == STATSD_SET)
        statsd_set_fini(e->series.as.set, &t->pool);
    free(e);
}

void statsd_table_fini(struct statsd_table *t)
{
    for (struct statsd_entry *e = t->first, *next; e; e = next) {
        next = e->next;
        free_entry(t, e);
    }
    t->first = NULL;
    table_fini(&t->by_name);
}

struct statsd_series *statsd_table_find(const struct statsd_table *t, enum statsd_type type, const char *name,
                                        size_t len)
{
    return table_find(&t->by_name, hash_of(t, type, name, len), name, len);
}

/* An entry with its state, in no table yet; NULL when memory is out. */
static struct statsd_entry *new_entry(struct statsd_table *t, enum statsd_type type, const char *name, size_t len)
{
    struct statsd_entry *e = calloc(1, sizeof *e + state_bytes[type] + len);
    if (!e)
        return NULL;
    e->series.name = memcpy(e->rest + state_bytes[type], name, len);
    e->series.name_len = len;
    e->series.type = type;
    e->series.interval = t->interval;
    if (type == STATSD_TIMER)
        e->series.as.timer = (void *)e->rest;
    else if (type == STATSD_SET)
        e->series.as.set = (void *)e->rest;
    return e;
}

struct statsd_series *statsd_table_add(struct statsd_table *t, enum statsd_type type, const char *name, size_t len)
{
    struct statsd_entry *e = t->n < t->max_series ? new_entry(t, type, name, len) : NULL;
    if (!e)
        return NULL;
    e->hash = hash_of(t, type, name, len);
    if (table_add(&t->by_name, e->hash, e) != 0) {
        free_entry(t, e);
        return NULL;
    }
    *t->end = e;
    t->end = &e->next;
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
        if (!statsd_set_add(s->as.set, table_hash(&t->by_name, sample->text, sample->text_len), &t->pool))
            result = STATSD_TABLE_FULL;
        break;
    }
    s->active |= result == STATSD_TABLE_OK;
    return result;
}

void statsd_table_turn(struct statsd_table *t)
{
    assert(!t->walk);
#ifdef RIDGELINE_DEBUG
    statsd_table_assert(t);
#endif
    t->interval++;
    t->walk = &t->first;
    t->walk_begins = true;
}

bool statsd_table_is_due(const struct statsd_table *t, const struct statsd_series *s)
{
    return s->interval != t->interval;
}

struct statsd_series *statsd_table_walk(struct statsd_table *t)
{
    if (!t->walk)
        return NULL;
    if (!t->walk_begins)
        t->walk = &(*t->walk)->next;
    t->walk_begins = false;
    if (!*t->walk)
        t->walk = NULL;
    return t->walk ? &(*t->walk)->series : NULL;
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
    assert(t->walk && *t->walk == e);
    *t->walk = e->next;
    if (t->end == &e->next)
        t->end = t->walk;
    t->walk_begins = true;
    table_remove(&t->by_name, e->hash, e);
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
    struct statsd_entry *const *last = &t->first;
    for (; *last; last = &(*last)->next) {
        n++;
        due += statsd_table_is_due(t, &(*last)->series);
        held += held_bytes(&(*last)->series);
    }
    assert(n == t->n && last == t->end && held == t->pool.held_bytes && (due == 0 || t->walk));
    (void)n;
    (void)due;
    (void)held;
}
