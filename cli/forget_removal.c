#include "cli/forget_removal.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/remnants.h"
#include "ridgeline/series.h"

#define LIST_FIRST 64
#define CURSOR_MAX 24 /* digits of a uint64, and NUL */
#define AHEAD 256     /* requests under way */

static int add(struct forget_metrics *m, const char *name, size_t len)
{
    if (m->n == m->cap) {
        size_t cap = m->cap > 0 ? 2 * m->cap : LIST_FIRST;
        struct forget_metric *list = realloc(m->list, cap * sizeof *list);
        if (!list)
            return -1;
        m->list = list;
        m->cap = cap;
    }
    char *copy = malloc(len + 1);
    if (!copy)
        return -1;
    memcpy(copy, name, len);
    copy[len] = '\0';
    m->list[m->n++] = (struct forget_metric){.name = copy, .len = len};
    return 0;
}

/* What cannot be a metric's name is passed over. */
static int add_members(struct forget_metrics *m, const redisReply *members, const struct glob *glob)
{
    static const size_t prefix = sizeof KEYS_METRIC_PREFIX - 1;
    for (size_t i = 0; i < members->elements; i++) {
        const redisReply *e = members->element[i];
        if (e->type != REDIS_REPLY_STRING || e->len <= prefix || e->len - prefix > KEYS_NAME_MAX ||
            memcmp(e->str, KEYS_METRIC_PREFIX, prefix) != 0)
            continue;
        if (!glob_match(glob, e->str + prefix, e->len - prefix))
            m->others++;
        else if (add(m, e->str + prefix, e->len - prefix) != 0)
            return -1;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct forget_metric *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* SSCAN may give a name twice. */
static void sort_once(struct forget_metrics *m)
{
    size_t kept = 0;
    if (m->n > 0)
        qsort(m->list, m->n, sizeof *m->list, compare);
    for (size_t i = 0; i < m->n; i++) {
        if (kept > 0 && compare(&m->list[kept - 1], &m->list[i]) == 0)
            free(m->list[i].name);
        else
            m->list[kept++] = m->list[i];
    }
    m->n = kept;
}

static int find_names(struct forget_metrics *m, struct store *s, const struct glob *glob)
{
    char cursor[CURSOR_MAX] = "0";
    int result = 0;
    do {
        redisReply *r = store_expect(store_command(s, "SSCAN " KEYS_UNIQUE " %s COUNT 1000", cursor),
                                     REDIS_REPLY_ARRAY);
        result = r && r->elements == 2 && r->element[0]->type == REDIS_REPLY_STRING &&
                         r->element[0]->len < CURSOR_MAX && r->element[1]->type == REDIS_REPLY_ARRAY
                     ? add_members(m, r->element[1], glob)
                     : -1;
        if (result == 0)
            strcpy(cursor, r->element[0]->str);
        freeReplyObject(r);
    } while (result == 0 && strcmp(cursor, "0") != 0);
    sort_once(m);
    return result;
}

static int ask_last(struct store *s, const struct forget_metric *metric)
{
    char key[KEYS_MAX];
    size_t len = keys_metric(key, metric->name, metric->len);
    return store_append(s, "GETRANGE %b -%d -1", key, len, SERIES_POINT_BYTES);
}

/* A key of another form than ours does not tell. */
static bool is_since(const redisReply *last, int64_t since_s)
{
    struct point p;
    return store_ok(last) && last->type == REDIS_REPLY_STRING && last->len == SERIES_POINT_BYTES &&
           series_decode((const uint8_t *)last->str, &p) && (int64_t)p.t >= since_s;
}

static int count_fresh(struct forget_metrics *m, struct store *s, int64_t since_s)
{
    size_t asked = 0;
    for (size_t i = 0; i < m->n; i++) {
        for (; asked < m->n && asked < i + AHEAD; asked++)
            if (ask_last(s, &m->list[asked]) != 0)
                return -1;
        redisReply *last = store_reply(s);
        if (!last)
            return -1;
        m->fresh += is_since(last, since_s);
        freeReplyObject(last);
    }
    return 0;
}

int forget_removal_find(struct forget_metrics *m, struct store *s, const struct glob *glob, int64_t since_s)
{
    return find_names(m, s, glob) == 0 ? count_fresh(m, s, since_s) : -1;
}

void forget_removal_fini(struct forget_metrics *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->list[i].name);
    free(m->list);
    *m = (struct forget_metrics){.list = NULL};
}

int forget_removal_do(struct store *s, const struct forget_metric *metric)
{
    char key[KEYS_MAX];
    size_t len = keys_metric(key, metric->name, metric->len);
    if (store_done(store_command(s, "DEL %b", key, len)) != 0 || remnants_delete(s, metric->name, metric->len) != 0 ||
        store_noted(store_command(s, "HDEL " KEYS_LIMITS " %b", metric->name, metric->len)) != 0)
        return -1;
    if (store_done(store_command(s, "SREM " KEYS_UNIQUE " %b", key, len)) != 0 ||
        store_done(store_command(s, "DEL %b", key, len)) != 0)
        return -1;
    return store_done(store_command(s, "XADD " KEYS_NAMES " MAXLEN ~ 100000 * f %b", metric->name, metric->len));
}
