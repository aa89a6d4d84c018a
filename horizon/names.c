/* An open-addressed table with linear probing, half full at most. A place holds its name's whole hash, so that a
 * look-up touches one place, nearly always, and the entry, and compares no other name's bytes: at a quarter of a
 * million names each of these is a miss in the cache, and they are most of what a point costs. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "queue.h"

#define PLACES_FIRST 256

struct names_entry {
    struct queue_metric metric; /* first: a metric is its entry */
    uint32_t last_seen_s;
    uint32_t announce_at_s; /* 0: with the next point */
    uint32_t announced_in;  /* round */
    uint32_t judged_in;     /* generation of the verdict, 0: none */
    bool pass;
    char name[];
};

struct names_place {
    uint64_t hash;
    struct names_entry *entry; /* NULL: empty */
};

void names_init(struct names *names, size_t max)
{
    *names = (struct names){.max = max};
    /* The kernel loads a program and its stack elsewhere each time. */
    names->seed = (uint64_t)(uintptr_t)names ^ (uint64_t)(uintptr_t)&names << 32;
}

void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->n_places; i++)
        free(names->places[i].entry);
    free(names->places);
    *names = (struct names){0};
}

static uint64_t stir(uint64_t h)
{
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* Eight bytes at a time, each multiplied by 2^64 over the golden ratio and folded (Knuth, "The Art of Computer
 * Programming", vol. 3, 6.4). */
uint64_t names_hash(const struct names *names, const char *name, size_t len)
{
    uint64_t h = names->seed ^ len, word;
    for (; len >= sizeof word; name += sizeof word, len -= sizeof word) {
        memcpy(&word, name, sizeof word);
        h = stir(h ^ word);
    }
    word = 0;
    memcpy(&word, name, len);
    return stir(stir(h ^ word));
}

static size_t next_place(const struct names *names, size_t i)
{
    return (i + 1) & (names->n_places - 1);
}

static size_t home_of(const struct names *names, uint64_t hash)
{
    return (size_t)hash & (names->n_places - 1);
}

struct names_entry *names_find(const struct names *names, uint64_t hash, const char *name, size_t len)
{
    if (names->n_places == 0)
        return NULL;
    for (size_t i = home_of(names, hash);; i = next_place(names, i)) {
        struct names_entry *e = names->places[i].entry;
        if (!e)
            return NULL;
        if (names->places[i].hash == hash && e->metric.name_len == len && memcmp(e->name, name, len) == 0)
            return e;
    }
}

static void put(struct names *names, uint64_t hash, struct names_entry *e)
{
    size_t i = home_of(names, hash);
    while (names->places[i].entry)
        i = next_place(names, i);
    names->places[i] = (struct names_place){hash, e};
}

/* Doubles the places. Returns 0, or -1 when memory is out. */
static int grow(struct names *names)
{
    struct names old = *names;
    size_t n_places = old.n_places ? old.n_places * 2 : PLACES_FIRST;
    struct names_place *places = calloc(n_places, sizeof *places);
    if (!places)
        return -1;
    names->places = places;
    names->n_places = n_places;
    for (size_t i = 0; i < old.n_places; i++)
        if (old.places[i].entry)
            put(names, old.places[i].hash, old.places[i].entry);
    free(old.places);
    return 0;
}

struct names_entry *names_add(struct names *names, uint64_t hash, const char *name, size_t len)
{
    if (names->n >= names->max || ((names->n + 1) * 2 > names->n_places && grow(names) != 0))
        return NULL;
    struct names_entry *e = calloc(1, sizeof *e + len);
    if (!e)
        return NULL;
    memcpy(e->name, name, len);
    e->metric.name = e->name;
    e->metric.name_len = (uint32_t)len;
    put(names, hash, e);
    names->n++;
    return e;
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

/* Empties place `i`, and closes the gap: what stands behind it and could not get there before moves up. */
static void empty_place(struct names *names, size_t i)
{
    const size_t mask = names->n_places - 1;
    for (size_t next = next_place(names, i); names->places[next].entry; next = next_place(names, next)) {
        size_t from_home = (next - home_of(names, names->places[next].hash)) & mask;
        if (from_home < ((next - i) & mask))
            continue;
        names->places[i] = names->places[next];
        i = next;
    }
    names->places[i] = (struct names_place){0};
}

void names_sweep(struct names *names, size_t n, uint32_t silent_since_s, const struct queue *q)
{
    for (; n > 0 && names->n_places > 0; n--) {
        names->sweep &= names->n_places - 1;
        struct names_entry *e = names->places[names->sweep].entry;
        if (e && e->last_seen_s < silent_since_s && !queue_holds(q, &e->metric)) {
            empty_place(names, names->sweep); /* and looks there again: another may stand there now */
            free(e);
            names->n--;
        } else {
            names->sweep++;
        }
    }
}
