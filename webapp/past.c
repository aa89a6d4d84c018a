/* A table of anomalies by id for each of Redis' slots, bounded as the streams are that they come from: what a site
 * with endless anomalies costs here is 256,000 entries of about 200 bytes. */
#include "webapp/past.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->is_lost = true)
#include "ridgeline/seeded_uthash.h"

struct entry {
    struct past_anomaly anomaly; /* .metric points to `name` */
    bool is_lost;
    UT_hash_handle hh; /* by anomaly.id */
    char name[];
};

struct past {
    pthread_mutex_t lock;
    struct entry *slots[KEYS_SLOTS];
    bool complete;
};

struct past *past_new(void)
{
    struct past *p = calloc(1, sizeof *p);
    if (p)
        pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void drop(struct entry **slot, struct entry *e)
{
    HASH_DEL(*slot, e);
    free(e);
}

static void clear(struct past *p)
{
    for (unsigned i = 0; i < KEYS_SLOTS; i++) {
        while (p->slots[i])
            drop(&p->slots[i], p->slots[i]);
    }
}

void past_free(struct past *p)
{
    if (!p)
        return;
    clear(p);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void past_clear(struct past *p)
{
    pthread_mutex_lock(&p->lock);
    clear(p);
    p->complete = false;
    pthread_mutex_unlock(&p->lock);
}

static struct entry *find(struct entry *slot, const char *id)
{
    struct entry *e;
    HASH_FIND_STR(slot, id, e);
    return e;
}

/* The one to let go of: a closed one before an open one, and of either kind the one that ended first. */
static struct entry *least_missed(struct entry *slot)
{
    struct entry *least = slot;
    for (struct entry *e = slot; e; e = e->hh.next) {
        const struct past_anomaly *a = &e->anomaly, *b = &least->anomaly;
        if (a->open != b->open ? !a->open : a->end < b->end)
            least = e;
    }
    return least;
}

static struct past_anomaly what_counts(const struct anomaly *a)
{
    struct past_anomaly out = {.start = a->start,
                               .end = a->end > a->start ? a->end : a->start,
                               .score = isfinite(a->score) ? a->score : 0,
                               .direction = a->peak.direction,
                               .open = a->open};
    memcpy(out.id, a->id, sizeof out.id);
    return out;
}

static void add(struct entry **slot, const struct anomaly *a)
{
    size_t len = strlen(a->metric);
    struct entry *e = calloc(1, sizeof *e + len + 1);
    if (!e)
        return;
    e->anomaly = what_counts(a);
    memcpy(e->name, a->metric, len + 1);
    e->anomaly.metric = e->name;
    e->anomaly.metric_len = len;
    HASH_ADD_STR(*slot, anomaly.id, e);
    if (e->is_lost)
        free(e);
    else if (HASH_COUNT(*slot) > PAST_SLOT_MAX)
        drop(slot, least_missed(*slot));
}

void past_take(struct past *p, unsigned slot, const struct anomaly *a)
{
    pthread_mutex_lock(&p->lock);
    struct entry *known = find(p->slots[slot], a->id);
    if (known)
        drop(&p->slots[slot], known);
    add(&p->slots[slot], a);
    pthread_mutex_unlock(&p->lock);
}

bool past_knows(struct past *p, unsigned slot, const char *id)
{
    pthread_mutex_lock(&p->lock);
    bool known = find(p->slots[slot], id) != NULL;
    pthread_mutex_unlock(&p->lock);
    return known;
}

bool past_is_full(struct past *p, unsigned slot)
{
    pthread_mutex_lock(&p->lock);
    bool full = HASH_COUNT(p->slots[slot]) >= PAST_SLOT_MAX;
    pthread_mutex_unlock(&p->lock);
    return full;
}

void past_set_complete(struct past *p, bool complete)
{
    pthread_mutex_lock(&p->lock);
    p->complete = complete;
    pthread_mutex_unlock(&p->lock);
}

bool past_is_complete(struct past *p)
{
    pthread_mutex_lock(&p->lock);
    bool complete = p->complete;
    pthread_mutex_unlock(&p->lock);
    return complete;
}

void past_each(struct past *p, past_visit *visit, void *context)
{
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < KEYS_SLOTS; i++) {
        for (const struct entry *e = p->slots[i]; e; e = e->hh.next)
            visit(context, &e->anomaly);
    }
    pthread_mutex_unlock(&p->lock);
}
