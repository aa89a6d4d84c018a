#include "analyzer/ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly_outline.h"
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->len = 0)
#include "ridgeline/seeded_uthash.h"

struct ledger_metric {
    UT_hash_handle hh;
    struct ledger_entry *entries;
    size_t len; /* of the name; 0: the table could not take it */
    char name[];
};

void ledger_init(struct ledger *l)
{
    l->metrics = NULL;
}

static void free_metric(struct ledger_metric *m)
{
    for (struct ledger_entry *e = m->entries, *next; e; e = next) {
        next = e->next;
        free(e->text);
        free(e);
    }
    free(m);
}

void ledger_fini(struct ledger *l)
{
    struct ledger_metric *m, *next;
    HASH_ITER(hh, l->metrics, m, next)
    {
        HASH_DEL(l->metrics, m);
        free_metric(m);
    }
}

static struct ledger_metric *find_metric(const struct ledger *l, const char *name, size_t len)
{
    struct ledger_metric *m;
    HASH_FIND(hh, l->metrics, name, len, m);
    return m;
}

static struct ledger_metric *get_metric(struct ledger *l, const char *name, size_t len)
{
    struct ledger_metric *m = find_metric(l, name, len);
    if (m)
        return m;
    m = calloc(1, sizeof *m + len + 1);
    if (!m)
        return NULL;
    memcpy(m->name, name, len);
    m->len = len;
    HASH_ADD_KEYPTR(hh, l->metrics, m->name, len, m);
    if (m->len == 0) {
        free(m);
        return NULL;
    }
    return m;
}

struct ledger_entry *ledger_find(struct ledger_entry *chain, uint32_t start)
{
    while (chain && chain->start != start)
        chain = chain->next;
    return chain;
}

/* The entry of `a`, made if there is none; its end as the newest text has it. */
static struct ledger_entry *note(struct ledger *l, const struct anomaly_outline *a)
{
    struct ledger_metric *m = get_metric(l, a->metric, strlen(a->metric));
    if (!m)
        return NULL;
    struct ledger_entry *e = ledger_find(m->entries, a->start);
    if (!e) {
        e = calloc(1, sizeof *e);
        if (!e)
            return NULL;
        e->start = e->end = a->start;
        e->silence = isnan(a->value);
        e->next = m->entries;
        m->entries = e;
    }
    if (a->end > e->end)
        e->end = a->end;
    return e;
}

/* Points `*e` at the entry of the anomaly in `text`. 0; 1: the id is not what metric and start make, or the text is no
 * anomaly's at all, so not ours; -1: out of memory. */
static int note_text(struct ledger *l, const char *text, size_t len, struct ledger_entry **e)
{
    struct anomaly_outline a;
    char id[ANOMALY_ID_BYTES];
    if (anomaly_outline_from_text(&a, text, len) != 0 || a.metric[0] == '\0')
        return 1;
    anomaly_id(id, a.metric, strlen(a.metric), a.start);
    if (strcmp(id, a.id) != 0)
        return 1;
    *e = note(l, &a);
    return *e ? 0 : -1;
}

static int keep_text(struct ledger_entry *e, const char *text, size_t len)
{
    char *copy = strndup(text, len);
    if (!copy)
        return -1;
    free(e->text);
    e->text = copy;
    return 0;
}

int ledger_note_hash(struct ledger *l, const char *text, size_t len)
{
    struct ledger_entry *e;
    int noted = note_text(l, text, len, &e);
    if (noted != 0)
        return noted;
    e->in_hash = true;
    return keep_text(e, text, len);
}

int ledger_note_event(struct ledger *l, const char *kind, const char *text, size_t len)
{
    struct ledger_entry *e;
    int noted = note_text(l, text, len, &e);
    if (noted != 0)
        return noted;
    if (strcmp(kind, "close") == 0) {
        e->closed = true;
        return 0;
    }
    /* An update whose opening lies before what was read stands for it. */
    e->opened = true;
    return keep_text(e, text, len);
}

struct ledger_entry *ledger_chain(const struct ledger *l, const char *metric, size_t len)
{
    struct ledger_metric *m = find_metric(l, metric, len);
    return m ? m->entries : NULL;
}

bool ledger_is_live(const struct ledger_entry *e)
{
    return !e->closed && (e->in_hash || e->opened);
}

struct ledger_entry *ledger_match(struct ledger_entry *chain, uint32_t start, uint32_t end, uint32_t reach_s)
{
    struct ledger_entry *best = NULL;
    int best_rank = -1;
    for (struct ledger_entry *e = chain; e; e = e->next) {
        bool live = ledger_is_live(e);
        uint64_t last = (uint64_t)e->end + (live ? reach_s : 0);
        int rank = 2 * live + (e->start == start);
        if (e->silence && e->start != start)
            continue;
        if (e->start <= end && start <= last && rank > best_rank) {
            best = e;
            best_rank = rank;
        }
    }
    return best;
}

static void remove_metric(struct ledger *l, struct ledger_metric *m)
{
    HASH_DEL(l->metrics, m);
    free_metric(m);
}

void ledger_forget(struct ledger *l, const char *metric, size_t len)
{
    struct ledger_metric *m = find_metric(l, metric, len);
    if (m)
        remove_metric(l, m);
}

void ledger_each(struct ledger *l, void (*each)(void *context, const char *metric, size_t len), void *context)
{
    struct ledger_metric *m, *next;
    HASH_ITER(hh, l->metrics, m, next)
    {
        each(context, m->name, m->len);
    }
}
