#include "webapp/names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "webapp/join.h"
#include "webapp/query.h"
#include "webapp/rosters.h"

#define SCAN_COUNT 1000
#define SCANS_PER_STEP 20
#define WALK_PAUSE_MS 2000 /* between the end of a walk and the next */
#define CURSOR_MAX 24      /* digits of a uint64, and NUL */

struct names {
    pthread_mutex_t lock; /* guards `list` and every list's holders */
    struct names_list *list;

    /* The main thread's own: */
    struct rosters *rosters;
    struct names_pile pile;
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
    pthread_mutex_init(&n->lock, NULL);
    n->rosters = rosters_new();
    n->list = calloc(1, sizeof *n->list);
    if (n->list)
        n->list->join = join_new(NULL, NULL, 0);
    if (n->rosters && n->list && n->list->join) {
        n->list->holders = 1; /* `names` itself holds the present list */
        return n;
    }
    names_free(n);
    return NULL;
}

void names_free(struct names *n)
{
    if (!n)
        return;
    names_list_free(n->list);
    rosters_free(n->rosters);
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
        names_list_free(list);
}

int64_t names_site(struct names *n)
{
    pthread_mutex_lock(&n->lock);
    int64_t site = n->list->starts ? (int64_t)n->list->site : -1;
    pthread_mutex_unlock(&n->lock);
    return site;
}

/* Adds a member of the set, "metrics.<name>". What no horizon would have let in is left out. */
static int add_member(struct names_pile *p, const redisReply *member)
{
    static const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    if (member->type != REDIS_REPLY_STRING || member->len <= prefix || member->len - prefix > KEYS_NAME_MAX ||
        memcmp(member->str, KEYS_METRIC_PREFIX, prefix) != 0 ||
        !query_printable(member->str + prefix, member->len - prefix))
        return 0;
    return names_list_pile(p, member->str + prefix, member->len - prefix);
}

static int finish_walk(struct names *n)
{
    struct names_list *fresh = names_list_new(&n->pile);
    n->walking = false;
    n->due_mono_ms = clock_mono_ms() + WALK_PAUSE_MS;
    if (!fresh)
        return -1;
    bool same = names_list_same(fresh, n->list);
    fresh->join = same ? NULL : join_new(fresh->bytes, fresh->starts, fresh->n);
    if (!fresh->join) {
        names_list_free(fresh);
        return same ? 0 : -1;
    }
    rosters_give(n->rosters, fresh->join);
    fresh->holders = 1;
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

static int walk(struct names *n, struct store *s)
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

int names_step(struct names *n, struct store *s)
{
    int walked = walk(n, s), taken = rosters_turn(n->rosters, s, n->list->join, clock_mono_ms());
    return walked == 0 ? taken : walked;
}
