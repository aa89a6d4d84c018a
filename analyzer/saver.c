#include "analyzer/saver.h"

#include "analyzer/rebuild.h"
#include "ridgeline/counters.h"
#include "ridgeline/records.h"

#define BATCH_MAX 128

struct batch {
    struct metric *metrics[BATCH_MAX];
    size_t n;
};

_Static_assert(TAIL_PACKED_MAX <= RECORDS_PLACE_MAX, "a place fits");

void saver_init(struct saver *s, struct shard *shard, struct store *store, const struct settings *settings,
                uint64_t *counters)
{
    *s = (struct saver){.shard = shard, .store = store, .settings = settings, .counters = counters};
}

static int ask(struct saver *s, struct metric *m)
{
    struct episode episode;
    struct records_saved saved = {.record = m->record, .episode = &episode};
    episodes_take(&m->episode, &episode);
    saved.place_bytes = tail_pack(&m->tail, saved.place);
    return records_save(s->store, m->name, m->name_len, RECORDS_NOW, &saved, records_expire_s(m->raw_span_s));
}

/* Saves all of `b` in one pipeline. A record that Redis refused is tried again when it has changed again. Returns 0
 * when Redis answered. */
static int save(struct saver *s, const struct batch *b)
{
    size_t asked = 0;
    int result = 0;
    while (asked < b->n && ask(s, b->metrics[asked]) == 0)
        asked++;
    for (size_t i = 0; i < asked; i++) {
        int confirmed = records_confirm(s->store);
        s->counters[WORKER_records_saved] += confirmed == 0;
        s->counters[WORKER_redis_errors] += confirmed != 0;
        if (confirmed >= 0)
            b->metrics[i]->changed = false;
        else
            result = -1;
    }
    return asked == b->n ? result : -1;
}

/* The next metrics of the list, up to `visits`, that have changed. One that is to be rebuilt would not be, if its
 * record were found after a kill. Returns how many it visited. */
static size_t gather(struct saver *s, struct batch *b, size_t visits)
{
    size_t visited = 0;
    b->n = 0;
    while (visited < visits && b->n < BATCH_MAX) {
        if (s->at >= s->shard->n)
            s->at = 0;
        struct metric *m = s->shard->list[s->at++];
        visited++;
        if (m->changed && !rebuild_is_due(m))
            b->metrics[b->n++] = m;
    }
    return visited;
}

int saver_turn(struct saver *s, int64_t now_mono_ms)
{
    struct batch b;
    double n = (double)s->shard->n;
    if (s->last_mono_ms != 0)
        s->owed += n * (double)(now_mono_ms - s->last_mono_ms) / 1000 / (double)s->settings->analyzer.save_interval_s;
    s->last_mono_ms = now_mono_ms;
    if (s->owed > n)
        s->owed = n;
    size_t visits = s->owed < BATCH_MAX ? (size_t)s->owed : BATCH_MAX;
    if (visits == 0)
        return 0;
    s->owed -= (double)gather(s, &b, visits);
    return save(s, &b);
}

int saver_drain(struct saver *s)
{
    struct batch b;
    gather(s, &b, s->shard->n);
    if (save(s, &b) != 0)
        return -1;
    return b.n == BATCH_MAX ? 1 : 0;
}
