#include "webapp/names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "webapp/query.h"

#define OWN_PREFIX "ridgeline."
#define SCAN_COUNT 1000
#define SCANS_PER_STEP 20
#define WALK_PAUSE_MS 2000 /* between the end of a walk and the next */
#define CURSOR_MAX 24      /* digits of a uint64, and NUL */

/* Names as they come from a walk: one after the other, with repeats. */
struct pile {
    char *bytes;
    size_t len, bytes_cap;
    size_t *starts;
    size_t n, starts_cap;
};

struct names {
    pthread_mutex_t lock; /* guards `list` and every list's holders */
    struct names_list *list;

    /* The main thread's own: */
    struct pile pile;
    char cursor[CURSOR_MAX];
    unsigned generation; /* of the connection: another Redis process does not know the cursor */
    bool walking;
    int64_t due_mono_ms;
};

struct names *names_new(void)
{
    struct names *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->list = calloc(1, sizeof *n->list);
    if (!n->list) {
        free(n);
        return NULL;
    }
    n->list->holders = 1; /* `names` itself holds the present list */
    pthread_mutex_init(&n->lock, NULL);
    return n;
}

static void free_list(const struct names_list *list)
{
    free((void *)(uintptr_t)list->bytes);
    free((void *)(uintptr_t)list->starts);
    free((void *)(uintptr_t)list);
}

void names_free(struct names *n)
{
    if (!n)
        return;
    free_list(n->list);
    free(n->pile.bytes);
    free(n->pile.starts);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

const struct names_list *names_hold(struct names *n)
{
    pthread_mutex_lock(&n->lock);
    n->list->holders++;
    const struct names_list *list = n->list;
    pthread_mutex_unlock(&n->lock);
    return list;
}

void names_release(struct names *n, const struct names_list *list)
{
    pthread_mutex_lock(&n->lock);
    struct names_list *mine = (struct names_list *)(uintptr_t)list;
    bool last = --mine->holders == 0;
    pthread_mutex_unlock(&n->lock);
    if (last)
        free_list(list);
}

int64_t names_site(struct names *n)
{
    pthread_mutex_lock(&n->lock);
    int64_t site = n->list->starts ? (int64_t)n->list->site : -1;
    pthread_mutex_unlock(&n->lock);
    return site;
}

static int grow(void **items, size_t *cap, size_t need, size_t item_bytes)
{
    if (need <= *cap)
        return 0;
    size_t wanted = *cap ? *cap * 2 : 4096;
    while (wanted < need)
        wanted *= 2;
    void *bigger = realloc(*items, wanted * item_bytes);
    if (!bigger)
        return -1;
    *items = bigger;
    *cap = wanted;
    return 0;
}

static int pile_add(struct pile *p, const char *name, size_t len)
{
    void *bytes = p->bytes, *starts = p->starts;
    int failed = grow(&bytes, &p->bytes_cap, p->len + len, 1);
    p->bytes = bytes;
    failed |= grow(&starts, &p->starts_cap, p->n + 1, sizeof *p->starts);
    p->starts = starts;
    if (failed)
        return -1;
    memcpy(p->bytes + p->len, name, len);
    p->starts[p->n++] = p->len;
    p->len += len;
    return 0;
}

/* Adds a member of the set, "metrics.<name>". What no horizon would have let in is left out. */
static int add_member(struct pile *p, const redisReply *member)
{
    static const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    if (member->type != REDIS_REPLY_STRING || member->len <= prefix || member->len - prefix > KEYS_NAME_MAX ||
        memcmp(member->str, KEYS_METRIC_PREFIX, prefix) != 0 ||
        !query_printable(member->str + prefix, member->len - prefix))
        return 0;
    return pile_add(p, member->str + prefix, member->len - prefix);
}

struct span {
    const char *text;
    size_t len;
};

static int by_name(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_own(const struct span *name)
{
    static const size_t prefix = sizeof OWN_PREFIX - 1;
    return name->len > prefix && memcmp(name->text, OWN_PREFIX, prefix) == 0;
}

/* The pile's names, sorted, each once: SSCAN may give a member twice. NULL when memory is out. */
static struct names_list *list_of(const struct pile *p)
{
    struct names_list *list = calloc(1, sizeof *list);
    struct span *spans = calloc(p->n + 1, sizeof *spans);
    char *bytes = malloc(p->len + 1);
    size_t *starts = calloc(p->n + 1, sizeof *starts);
    if (!list || !spans || !bytes || !starts)
        goto fail;
    for (size_t i = 0; i < p->n; i++)
        spans[i] = (struct span){p->bytes + p->starts[i], (i + 1 < p->n ? p->starts[i + 1] : p->len) - p->starts[i]};
    qsort(spans, p->n, sizeof *spans, by_name);
    size_t at = 0, n = 0, site = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (i && by_name(&spans[i - 1], &spans[i]) == 0)
            continue;
        memcpy(bytes + at, spans[i].text, spans[i].len);
        at += spans[i].len;
        starts[++n] = at;
        site += !is_own(&spans[i]);
    }
    free(spans);
    *list = (struct names_list){.n = n, .site = site, .bytes = bytes, .starts = starts, .holders = 1};
    return list;
fail:
    free(starts);
    free(bytes);
    free(spans);
    free(list);
    return NULL;
}

static int finish_walk(struct names *n)
{
    struct names_list *fresh = list_of(&n->pile);
    n->walking = false;
    n->due_mono_ms = clock_mono_ms() + WALK_PAUSE_MS;
    if (!fresh)
        return -1;
    pthread_mutex_lock(&n->lock);
    const struct names_list *old = n->list;
    n->list = fresh;
    pthread_mutex_unlock(&n->lock);
    names_release(n, old);
    return 0;
}

/* One SSCAN. Returns 1 when the walk is complete, 0 when not yet, -1 on failure. */
static int scan(struct names *n, struct store *s)
{
    redisReply *r = store_command(s, "SSCAN " KEYS_UNIQUE " %s COUNT %d", n->cursor, SCAN_COUNT);
    int result = -1;
    if (!store_ok(r) || r->type != REDIS_REPLY_ARRAY || r->elements != 2)
        goto out;
    const redisReply *cursor = r->element[0], *members = r->element[1];
    if (cursor->type != REDIS_REPLY_STRING || cursor->len >= CURSOR_MAX || members->type != REDIS_REPLY_ARRAY)
        goto out;
    for (size_t i = 0; i < members->elements; i++) {
        if (add_member(&n->pile, members->element[i]) != 0)
            goto out;
    }
    memcpy(n->cursor, cursor->str, cursor->len + 1);
    result = strcmp(n->cursor, "0") == 0;
out:
    if (r)
        freeReplyObject(r);
    return result;
}

static void begin_walk(struct names *n, unsigned generation)
{
    n->pile.len = n->pile.n = 0;
    strcpy(n->cursor, "0");
    n->generation = generation;
    n->walking = true;
}

int names_step(struct names *n, struct store *s)
{
    if (!n->walking && clock_mono_ms() < n->due_mono_ms)
        return 0;
    if (store_connect(s) != 0) {
        n->walking = false;
        return -1;
    }
    if (!n->walking || n->generation != store_generation(s))
        begin_walk(n, store_generation(s));
    for (int i = 0; i < SCANS_PER_STEP; i++) {
        int done = scan(n, s);
        if (done < 0) {
            n->walking = false;
            return -1;
        }
        if (done)
            return finish_walk(n);
    }
    return 0;
}
