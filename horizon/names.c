/* A uthash table over keys_hash. Entries hold their name, so that a look-up touches
 * the bucket and the entry, nothing else. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

/* Out of memory is an answer here, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "ridgeline/keys.h"

struct names_entry {
    UT_hash_handle hh;
    uint32_t last_seen_s;
    uint32_t announce_at_s; /* 0: with the next point */
    uint32_t announced_in;  /* round */
    uint32_t judged_in;     /* generation of the verdict, 0: none */
    bool pass;
    char name[];
};

void names_init(struct names *names, size_t max)
{
    *names = (struct names){.max = max};
}

void names_fini(struct names *names)
{
    struct names_entry *e, *next;
    HASH_ITER(hh, names->table, e, next)
    {
        HASH_DEL(names->table, e);
        free(e);
    }
    *names = (struct names){0};
}

struct names_entry *names_find(const struct names *names, const char *name, size_t len)
{
    struct names_entry *e;
    HASH_FIND_BYHASHVALUE(hh, names->table, name, len, (unsigned)keys_hash(name, len), e);
    return e;
}

struct names_entry *names_add(struct names *names, const char *name, size_t len)
{
    if (names->n >= names->max)
        return NULL;
    struct names_entry *e = calloc(1, sizeof *e + len);
    if (!e)
        return NULL;
    memcpy(e->name, name, len);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, names->table, e->name, len, (unsigned)keys_hash(name, len), e);
    if (!e->hh.tbl) {
        free(e);
        return NULL;
    }
    names->n++;
    return e;
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
    uint32_t phase = e->hh.hashv % NAMES_ANNOUNCE_S;
    e->announce_at_s = ((now_s + phase) / NAMES_ANNOUNCE_S + 1) * NAMES_ANNOUNCE_S - phase;
    e->announced_in = names->round;
    return true;
}

void names_unannounce(struct names *names, const char *name, size_t len)
{
    struct names_entry *e = names_find(names, name, len);
    if (e)
        e->announce_at_s = 0;
}

void names_announce_all(struct names *names)
{
    names->round++;
}

void names_sweep(struct names *names, size_t n, uint32_t silent_since_s)
{
    struct names_entry *e = names->sweep ? names->sweep : names->table;
    for (size_t i = 0; i < n && e; i++) {
        struct names_entry *next = e->hh.next;
        if (e->last_seen_s < silent_since_s) {
            HASH_DEL(names->table, e);
            free(e);
            names->n--;
        }
        e = next;
    }
    names->sweep = e;
}
