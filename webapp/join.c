/* A table of open addressing, at most half full, from a name's hash to its place in the list. The hashes are good ones
 * already, so their low bits choose the place; those that collide stand next to each other. */
#include "webapp/join.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "ridgeline/keys.h"

#define FREE UINT32_MAX

struct place {
    uint64_t hash;
    uint32_t name; /* FREE: none */
};

struct join {
    size_t mask;
    struct place *places;
    _Atomic int8_t *states;
};

static void add(struct join *j, uint64_t hash, uint32_t name)
{
    size_t at = hash & j->mask;
    while (j->places[at].name != FREE)
        at = (at + 1) & j->mask;
    j->places[at] = (struct place){hash, name};
}

struct join *join_new(const char *bytes, const size_t *starts, size_t n)
{
    struct join *j = calloc(1, sizeof *j);
    size_t n_places = 16;
    while (n_places < 2 * n)
        n_places *= 2;
    if (!j)
        return NULL;
    j->mask = n_places - 1;
    j->places = malloc(n_places * sizeof *j->places);
    j->states = malloc(n + 1);
    if (!j->places || !j->states) {
        join_free(j);
        return NULL;
    }
    for (size_t i = 0; i < n_places; i++)
        j->places[i].name = FREE;
    for (size_t i = 0; i < n; i++) {
        atomic_init(&j->states[i], ROSTER_UNKNOWN);
        add(j, keys_hash(bytes + starts[i], starts[i + 1] - starts[i]), (uint32_t)i);
    }
    return j;
}

void join_free(struct join *j)
{
    if (!j)
        return;
    free(j->places);
    free(j->states);
    free(j);
}

static void put(struct join *j, uint64_t hash, int state)
{
    size_t at = hash & j->mask;
    while (j->places[at].name != FREE && j->places[at].hash != hash)
        at = (at + 1) & j->mask;
    if (j->places[at].name != FREE)
        atomic_store_explicit(&j->states[j->places[at].name], (int8_t)state, memory_order_relaxed);
}

void join_take(struct join *j, const uint8_t *roster, size_t len)
{
    size_t n = roster_entries(len);
    for (size_t i = 0; i < n; i++)
        put(j, roster_hash(roster, i), roster_state(roster, i));
}

void join_forget(struct join *j, const uint8_t *roster, size_t len)
{
    size_t n = roster_entries(len);
    for (size_t i = 0; i < n; i++)
        put(j, roster_hash(roster, i), ROSTER_UNKNOWN);
}

int join_state(const struct join *j, size_t i)
{
    return atomic_load_explicit(&j->states[i], memory_order_relaxed);
}
