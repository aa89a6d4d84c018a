#include "analyzer/shard.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"

#define LIST_FIRST 256

void shard_init(struct shard *s, unsigned worker, unsigned n_workers, int64_t now_mono_ms)
{
    *s = (struct shard){.worker = worker, .n_workers = n_workers};
    wheel_init(&s->wheel, now_mono_ms);
}

void shard_fini(struct shard *s)
{
    while (s->n > 0)
        shard_remove(s, s->list[s->n - 1]);
    free(s->list);
    s->list = NULL;
}

/* Anomalies carry the name as JSON text: it is valid UTF-8, with no NUL. */
static bool is_text(const char *name, size_t len)
{
    json_t *text = memchr(name, '\0', len) ? NULL : json_stringn(name, len);
    json_decref(text);
    return text != NULL;
}

bool shard_owns(const struct shard *s, const char *name, size_t len)
{
    return len > 0 && len <= KEYS_NAME_MAX &&
           keys_worker(keys_slot(keys_hash(name, len)), s->n_workers) == s->worker && is_text(name, len);
}

struct metric *shard_find(const struct shard *s, const char *name, size_t len)
{
    struct metric *m;
    HASH_FIND(hh, s->by_name, name, len, m);
    return m;
}

/* The engine record stands behind the name, aligned for anything. */
static size_t record_offset(size_t name_len)
{
    size_t align = _Alignof(max_align_t), end = sizeof(struct metric) + name_len + 1;
    return (end + align - 1) / align * align;
}

static int grow(struct shard *s)
{
    if (s->n < s->cap)
        return 0;
    size_t cap = s->cap ? s->cap * 2 : LIST_FIRST;
    struct metric **list = realloc(s->list, cap * sizeof *list);
    if (!list)
        return -1;
    s->list = list;
    s->cap = cap;
    return 0;
}

struct metric *shard_add(struct shard *s, const char *name, size_t len)
{
    if (grow(s) != 0)
        return NULL;
    struct metric *m = calloc(1, record_offset(len) + engine_record_bytes());
    if (!m)
        return NULL;
    m->record = (struct engine_record *)(void *)((char *)m + record_offset(len));
    engine_init(m->record);
    m->open_level = m->told_level = BUDGET_UNTOLD;
    memcpy(m->name, name, len);
    m->name_len = len;
    HASH_ADD_KEYPTR(hh, s->by_name, m->name, len, m);
    if (m->name_len == 0) {
        free(m);
        return NULL;
    }
    m->index = s->n;
    s->list[s->n++] = m;
    return m;
}

void shard_remove(struct shard *s, struct metric *m)
{
    wheel_cancel(&m->timer);
    HASH_DEL(s->by_name, m);
    s->list[m->index] = s->list[--s->n];
    s->list[m->index]->index = m->index;
    skyline_window_free(m->window);
    episodes_forget(&m->episode);
    free(m);
}

static bool is_cold(const struct metric *m)
{
    return m->read_whole || m->tail.anchor_bytes == 0 || m->tail.seen_t < engine_last_t(m->record);
}

static unsigned rank_of(const struct metric *m)
{
    return SHARD_RANK(m->options->priority, is_cold(m));
}

void shard_rerank(struct shard *s, struct metric *m)
{
    if (m->timer.rank != rank_of(m))
        shard_schedule(s, m, m->timer.due_ms);
}

void shard_schedule(struct shard *s, struct metric *m, int64_t due_mono_ms)
{
    wheel_set(&s->wheel, &m->timer, rank_of(m), due_mono_ms);
}

void shard_put_back(struct shard *s, struct metric *m)
{
    wheel_put_back(&s->wheel, &m->timer);
}

struct metric *shard_take_due(struct shard *s, unsigned rank)
{
    struct wheel_entry *e = wheel_take(&s->wheel, rank);
    return e ? (struct metric *)(void *)((char *)e - offsetof(struct metric, timer)) : NULL;
}
