#include "alerter/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"
#include "ridgeline/anomaly.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"

#define REASON_MAX 200
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

/* The receipt, its id, and "1" when it tells what became of it. What cannot be read is begun anew. */
static struct store_script note_script = {
    .source = "local key, one, id, done = KEYS[1], cjson.decode(ARGV[1]), ARGV[2], ARGV[3] == '1'\n"
              "if redis.call('HEXISTS', key, 'head') == 0 then return 0 end\n"
              "local read, list = pcall(cjson.decode, redis.call('HGET', key, '" RECEIPT_FIELD "') or '[]')\n"
              "if not read or type(list) ~= 'table' then list = {} end\n"
              "local at\n"
              "for i, other in ipairs(list) do\n"
              "  if type(other) == 'table' and other.id == id and other.channel == one.channel then at = i end\n"
              "end\n"
              "if at and not done then return 0 end\n"
              "if at then one.at = list[at].at end\n"
              "list[at or #list + 1] = one\n"
              "if #list > " TEXT(RECEIPT_MAX) " then table.remove(list, 2) end\n"
              "redis.call('HSET', key, '" RECEIPT_FIELD "', cjson.encode(list))\n"
              "return 1"};

int receipts_note(struct store *s, const char *incident, const struct receipt *r)
{
    char key[KEYS_MAX];
    if (strlen(incident) != ANOMALY_ID_BYTES - 1)
        return 0;
    json_t *json = receipt_to_json(r);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return -1;
    const char *argv[] = {text, r->id, r->done_at_s > 0 ? "1" : "0"};
    const size_t lens[] = {strlen(text), strlen(r->id), 1};
    size_t len = keys_incident(key, incident);
    redisReply *reply = store_eval(s, &note_script, key, len, 3, argv, lens);
    int result = reply ? 0 : -1;
    store_ok(reply);
    if (reply)
        freeReplyObject(reply);
    free(text);
    return result;
}

const char *receipts_place(const json_t *head)
{
    const json_t *group = json_object_get(head, "group");
    return json_string_value(json_object_get(group ? group : head, "id"));
}

int receipts_note_entry(struct store *s, const char *channel, const struct outbox_entry *entry,
                        enum receipt_outcome outcome, const char *reason)
{
    char line[REASON_MAX];
    const struct message *m = &entry->message;
    const char *incident = receipts_place(m->incident);
    struct receipt r = {.id = entry->id,
                        .alert = m->alert ? m->alert : "",
                        .channel = channel,
                        .kind = message_kind_name(m->kind),
                        .outcome = outcome,
                        .at_s = entry->queued_at_ms / 1000,
                        .done_at_s = clock_wall_s(),
                        .reason = harmless_line(line, sizeof line, reason),
                        .group = ""};
    return incident ? receipts_note(s, incident, &r) : 0;
}
