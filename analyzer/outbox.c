#include "analyzer/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/events.h"

#define IN_FLIGHT_MAX 256 /* changes in one pipeline */

struct outbox_item {
    struct outbox_item *next;
    enum outbox_kind kind;
    bool hash_due, event_due;
    unsigned slot;
    uint32_t start;
    int64_t sent_mono_ms;
    char id[ANOMALY_ID_BYTES];
    char *text;
    char metric[];
};

static enum events_kind events_kind(enum outbox_kind kind)
{
    static const enum events_kind kinds[] = {
        [OUTBOX_OPEN] = EVENTS_OPEN, [OUTBOX_UPDATE] = EVENTS_UPDATE, [OUTBOX_CLOSE] = EVENTS_CLOSE};
    return kinds[kind];
}

static void append(struct outbox_list *l, struct outbox_item *item)
{
    item->next = NULL;
    if (l->last)
        l->last->next = item;
    else
        l->first = item;
    l->last = item;
}

static struct outbox_item *take_first(struct outbox_list *l)
{
    struct outbox_item *item = l->first;
    if (item) {
        l->first = item->next;
        if (!l->first)
            l->last = NULL;
    }
    return item;
}

static void free_item(struct outbox_item *item)
{
    free(item->text);
    free(item);
}

void outbox_init(struct outbox *o, uint64_t *errors)
{
    *o = (struct outbox){.errors = errors};
}

void outbox_fini(struct outbox *o)
{
    for (struct outbox_item *item; (item = take_first(&o->pending));)
        free_item(item);
    for (struct outbox_item *item; (item = take_first(&o->sent));)
        free_item(item);
}

int outbox_push(struct outbox *o, enum outbox_kind kind, const struct anomaly *a, bool hash, bool event)
{
    size_t len = strlen(a->metric);
    struct outbox_item *item = calloc(1, sizeof *item + len + 1);
    if (!item)
        return -1;
    item->text = anomaly_to_text(a);
    if (!item->text) {
        free(item);
        return -1;
    }
    item->kind = kind;
    item->hash_due = hash;
    item->event_due = event;
    item->slot = keys_slot(keys_hash(a->metric, len));
    item->start = a->start;
    memcpy(item->id, a->id, sizeof item->id);
    memcpy(item->metric, a->metric, len);
    append(&o->pending, item);
    return 0;
}

bool outbox_is_empty(const struct outbox *o)
{
    return !o->pending.first;
}

static int append_writes(struct store *s, const struct outbox_item *item)
{
    char key[KEYS_MAX];
    keys_open(key, item->slot);
    if (item->hash_due && item->kind == OUTBOX_CLOSE && store_append(s, "HDEL %s %s", key, item->id) != 0)
        return -1;
    if (item->hash_due && item->kind != OUTBOX_CLOSE &&
        store_append(s, "HSET %s %s %s", key, item->id, item->text) != 0)
        return -1;
    if (item->event_due && events_append(s, item->slot, events_kind(item->kind), item->id, item->text) != 0)
        return -1;
    return 0;
}

/* Takes the reply to one write; it stays due unless Redis acknowledged it. */
static void confirm(struct outbox *o, struct store *s, bool *due)
{
    if (!*due)
        return;
    *due = store_done(store_reply(s)) != 0;
    *o->errors += *due;
}

/* Writes up to IN_FLIGHT_MAX changes, and moves those that were acknowledged, up to the first that
 * was not. The hash is written again for all behind that one: else the opening, when it is
 * repeated, would stay in the hash after its closing. Returns 0 when none was refused. */
static int flush_some(struct outbox *o, struct store *s, int64_t now_mono_ms)
{
    size_t n = 0;
    for (struct outbox_item *item = o->pending.first; item && n < IN_FLIGHT_MAX; item = item->next, n++)
        if (append_writes(s, item) != 0)
            break;
    size_t i = 0;
    bool refused = false;
    for (struct outbox_item *item = o->pending.first; item && i < n; item = item->next, i++) {
        confirm(o, s, &item->hash_due);
        confirm(o, s, &item->event_due);
        refused = refused || item->hash_due || item->event_due;
        item->hash_due = refused;
    }
    for (i = 0; i < n; i++) {
        struct outbox_item *item = o->pending.first;
        if (item->hash_due || item->event_due)
            return -1;
        item->sent_mono_ms = now_mono_ms;
        append(&o->sent, take_first(&o->pending));
    }
    return n > 0 ? 0 : -1;
}

int outbox_flush(struct outbox *o, struct store *s, int64_t now_mono_ms)
{
    while (!outbox_is_empty(o))
        if (flush_some(o, s, now_mono_ms) != 0)
            return -1;
    while (o->sent.first && now_mono_ms - o->sent.first->sent_mono_ms > OUTBOX_KEEP_MS)
        free_item(take_first(&o->sent));
    return 0;
}

/* What of `item` is still to be written, given that `e` (may be NULL) is what Redis has. The hash is
 * always written again: that is idempotent and cheap, and leaves it as the last change wants it. */
static void compare(struct outbox_item *item, const struct ledger_entry *e, bool was_sent)
{
    item->hash_due = true;
    if (item->kind == OUTBOX_UPDATE)
        item->event_due = item->event_due && !was_sent;
    else
        item->event_due = !e || !(item->kind == OUTBOX_OPEN ? e->opened || e->closed : e->closed);
}

static int verify(struct outbox *o, struct ledger *l, struct outbox_item *item, bool was_sent)
{
    size_t metric_len = strlen(item->metric), text_len = strlen(item->text);
    compare(item, ledger_find(ledger_chain(l, item->metric, metric_len), item->start), was_sent);
    append(&o->pending, item);
    if (item->kind != OUTBOX_CLOSE && ledger_note_hash(l, item->text, text_len) < 0)
        return -1;
    return ledger_note_event(l, events_kind_name(events_kind(item->kind)), item->text, text_len) < 0 ? -1 : 0;
}

int outbox_verify(struct outbox *o, struct ledger *l)
{
    struct outbox_list sent = o->sent, pending = o->pending;
    int result = 0;
    o->sent = o->pending = (struct outbox_list){0};
    for (struct outbox_item *item; (item = take_first(&sent));)
        if (verify(o, l, item, true) != 0)
            result = -1;
    for (struct outbox_item *item; (item = take_first(&pending));)
        if (verify(o, l, item, false) != 0)
            result = -1;
    return result;
}

int outbox_cut_old(struct store *s, unsigned slot, int64_t now_wall_ms)
{
    char key[KEYS_MAX], oldest[32];
    keys_events(key, slot);
    snprintf(oldest, sizeof oldest, "%lld", (long long)(now_wall_ms - 1000 * EVENTS_AGE_S));
    if (store_append(s, "XTRIM %s MINID ~ %s", key, oldest) != 0)
        return -1;
    return store_done(store_reply(s));
}
