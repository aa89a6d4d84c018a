#include "alerter/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/log.h"

/* 1 or 0; -1 when Redis did not say. */
static int is_sent(struct store *s, const char *channel, const char *id)
{
    char key[KEYS_MAX];
    size_t len = keys_sent(key, channel, id);
    redisReply *r = store_command(s, "EXISTS %b", key, len);
    int result = store_ok(r) && r->type == REDIS_REPLY_INTEGER ? r->integer == 1 : -1;
    if (r != NULL)
        freeReplyObject(r);
    return result;
}

int64_t outbox_length(struct store *s, const char *channel)
{
    char key[KEYS_MAX];
    keys_outbox(key, channel);
    redisReply *r = store_command(s, "XLEN %s", key);
    int64_t n = store_ok(r) && r->type == REDIS_REPLY_INTEGER ? r->integer : -1;
    if (r != NULL)
        freeReplyObject(r);
    return n;
}

static int append(struct store *s, const char *channel, const struct message *m, const char *id)
{
    char key[KEYS_MAX];
    json_t *json = message_to_json(m, id);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    keys_outbox(key, channel);
    int result = text != NULL ? store_done(store_command(s, "XADD %s * json %s", key, text)) : -1;
    free(text);
    json_decref(json);
    return result;
}

int outbox_send(struct store *s, const char *channel, const struct message *m, const char *id)
{
    char quoted[64];
    if (strlen(id) > OUTBOX_ID_MAX)
        return -1;
    int sent = is_sent(s, channel, id);
    if (sent != 0)
        return sent < 0 ? -1 : 0;
    int64_t n = outbox_length(s, channel);
    if (n < 0)
        return -1;
    if (n < OUTBOX_ENTRIES_MAX)
        return append(s, channel, m, id);
    log_error("outbox_full", "channel=%s entries=%lld id=%s", channel, (long long)n,
              log_quote(quoted, sizeof quoted, id, strlen(id)));
    return 1;
}

static bool is_text(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING;
}

/* Fills the entry from [id, [name, value, ...]]. False when it is not even that. */
static bool read_entry(struct outbox_entry *entry, const redisReply *r)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || !is_text(r->element[0]) ||
        r->element[0]->len >= sizeof entry->entry_id || r->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    memcpy(entry->entry_id, r->element[0]->str, r->element[0]->len + 1);
    entry->queued_at_ms = strtoll(entry->entry_id, NULL, 10);
    const redisReply *fields = r->element[1];
    if (fields->elements >= 2 && is_text(fields->element[1]))
        entry->json = json_loadb(fields->element[1]->str, fields->element[1]->len, JSON_REJECT_DUPLICATES, NULL);
    if (entry->json != NULL && (message_from_json(&entry->message, &entry->id, entry->json) < 0 ||
                                strlen(entry->id) > OUTBOX_ID_MAX)) {
        json_decref(entry->json);
        entry->json = NULL;
    }
    return true;
}

int outbox_first(struct store *s, const char *channel, struct outbox_entry *entry)
{
    char key[KEYS_MAX];
    int result = -1;
    *entry = (struct outbox_entry){0};
    keys_outbox(key, channel);
    redisReply *r = store_command(s, "XRANGE %s - + COUNT 1", key);
    if (store_ok(r) && r->type == REDIS_REPLY_ARRAY)
        result = r->elements > 0 && read_entry(entry, r->element[0]) ? 1 : 0;
    if (r != NULL)
        freeReplyObject(r);
    if (result == 1 && entry->json != NULL) {
        int sent = is_sent(s, channel, entry->id);
        entry->sent = sent == 1;
        if (sent < 0) {
            outbox_entry_fini(entry);
            return -1;
        }
    }
    return result;
}

void outbox_entry_fini(struct outbox_entry *entry)
{
    json_decref(entry->json);
    *entry = (struct outbox_entry){0};
}

int outbox_drop(struct store *s, const char *channel, const struct outbox_entry *entry)
{
    char key[KEYS_MAX];
    keys_outbox(key, channel);
    return store_done(store_command(s, "XDEL %s %s", key, entry->entry_id));
}

int outbox_settle(struct store *s, const char *channel, const struct outbox_entry *entry)
{
    char key[KEYS_MAX];
    size_t len = keys_sent(key, channel, entry->id);
    if (store_done(store_command(s, "SET %b 1 EX %d", key, len, OUTBOX_SENT_S)) < 0)
        return -1;
    return outbox_drop(s, channel, entry);
}

int outbox_bury(struct store *s, const char *channel, const struct outbox_entry *entry, const char *reason)
{
    char key[KEYS_MAX];
    char *text = json_dumps(entry->json, JSON_COMPACT);
    keys_dead(key, channel);
    int result = text != NULL ? store_done(store_command(s, "XADD %s MAXLEN ~ %d * reason %s json %s", key,
                                                   OUTBOX_DEAD_MAX, reason, text))
                              : -1;
    free(text);
    return result == 0 ? outbox_settle(s, channel, entry) : -1;
}
