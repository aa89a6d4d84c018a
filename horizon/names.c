/* An entry holds its name, so that a point touches its place in the table and its entry, nothing else. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "queue.h"

struct names_entry {
    struct queue_metric metric; /* first: a metric is its entry */
    uint32_t last_seen_s;
    uint32_t announce_at_s; /* 0: with the next point */
    uint32_t announced_in;  /* round */
    uint32_t judged_in;     /* generation of the verdict, 0: none */
    bool pass;
    char name[];
};

static bool is(const void *entry, const char *name, size_t len)
{
    const struct names_entry *e = entry;
    return e->metric.name_len == len && memcmp(e->name, name, len) == 0;
}

void names_init(struct names *names, size_t max)
{
    *names = (struct names){.max = max};
    table_init(&names->table, is);
}

void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->table.n_places; i++)
        free(names->table.places[i].entry);
    table_fini(&names->table);
}

struct names_entry *names_find(const struct names *names, uint64_t hash, const char *name, size_t len)
{
    return table_find(&names->table, hash, name, len);
}

struct names_entry *names_add(struct names *names, uint64_t hash, const char *name, size_t len)
{
    struct names_entry *e = names->table.n < names->max ? calloc(1, sizeof *e + len) : NULL;
    if (!e)
        return NULL;
    memcpy(e->name, name, len);
    e->metric.name = e->name;
    e->metric.name_len = (uint32_t)len;
    if (table_add(&names->table, hash, e) != 0) {
        free(e);
        return NULL;
    }
    return e;
}

struct queue_metric *names_known(struct names *names, const char *name, size_t len, bool adds)
{
    uint64_t hash = table_hash(&names->table, name, len);
    struct names_entry *e = names_find(names, hash, name, len);
    if (!e && adds)
        e = names_add(names, hash, name, len);
    return e ? &e->metric : NULL;
}

struct queue_metric *names_metric(struct names_entry *e)
{
    return &e->metric;
}

int names_verdict(const struct names_entry *e, uint32_t generation)
{
    return e->judged_in == generation ? e->pass : -1;
}

void names_set_verdict(struct names_entry *e, uint32_t generation, bool pass)
{
    e->judged_in = generation;
    e->pass = pass;
}

bool names_touch(struct names *names, struct names_entry *e, uint32_t now_s)
{
    e->last_seen_s = now_s;
    if (now_s < e->announce_at_s && e->announced_in == names->round)
        return false;
    /* The next moment of this name's own phase: a burst of new names is not a burst an hour later. */
    uint32_t phase = (uint32_t)(keys_hash(e->name, e->metric.name_len) % NAMES_ANNOUNCE_S);
    e->announce_at_s = ((now_s + phase) / NAMES_ANNOUNCE_S + 1) * NAMES_ANNOUNCE_S - phase;
    e->announced_in = names->round;
    return true;
}

void names_unannounce(struct queue_metric *metric)
{
    ((struct names_entry *)metric)->announce_at_s = 0;
}

void names_announce_all(struct names *names)
{
    names->round++;
}

void names_sweep(struct names *names, size_t n, uint32_t silent_since_s, const struct queue *q)
{
    for (; n > 0 && names->table.n_places > 0; n--) {
        names->sweep &= names->table.n_places - 1;
        struct names_entry *e = names->table.places[names->sweep].entry;
        if (e && e->last_seen_s < silent_since_s && !queue_holds(q, &e->metric)) {
            table_empty(&names->table, names->sweep); /* and looks there again: another may stand there now */
            free(e);
        } else {
            names->sweep++;
        }
    }
}
