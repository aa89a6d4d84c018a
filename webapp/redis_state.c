#include "webapp/redis_state.h"

#include <stdio.h>
#include <string.h>

#include "ridgeline/proc.h"
#include "webapp/app.h"
#include "webapp/processes.h"

#define ROOM_SHARE 0.8 /* of the memory: the rest is soon needed, by a rewrite of the append-only file at the latest */

/* Reads "field:NUMBER" out of Redis's INFO text. Returns whether it is there. */
static bool read_info(const char *info, const char *field, uint64_t *value)
{
    const char *at = strstr(info, field);
    char digits[24] = "";
    if (at)
        sscanf(at + strlen(field), "%23[0-9]", digits);
    return processes_digits(digits, value);
}

static json_t *info_number(const char *info, const char *field)
{
    uint64_t value;
    if (!read_info(info, field, &value))
        return json_null();
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Whether the kernel may refuse the fork in which Redis rewrites its append-only file. Known only of a
 * Redis on this machine; and a small one is never refused. */
static bool fork_may_fail(const struct app *app, const char *info)
{
    uint64_t used, total;
    return strncmp(app->settings.store, "unix:", 5) == 0 && proc_overcommit_memory() == 0 &&
           read_info(info, "\nused_memory_rss:", &used) && read_info(info, "\ntotal_system_memory:", &total) &&
           used > total / 2;
}

/* What Redis deletes when it is full; null when it does not say so. */
static json_t *policy_of(const char *info)
{
    const char *at = strstr(info, "\nmaxmemory_policy:");
    if (!at)
        return json_null();
    at += strlen("\nmaxmemory_policy:");
    return json_stringn(at, strcspn(at, "\r\n"));
}

/* Whether Redis has no room left. It counts some buffers to its use that it does not count to its limit. */
static bool is_full(const char *info)
{
    uint64_t used, limit;
    return read_info(info, "\nused_memory:", &used) && read_info(info, "\nmaxmemory:", &limit) && limit > 0 &&
           used >= limit - limit / 100;
}

static bool may_evict(const char *info)
{
    uint64_t limit;
    return read_info(info, "\nmaxmemory:", &limit) && limit > 0 && strstr(info, "\nmaxmemory_policy:") &&
           !strstr(info, "\nmaxmemory_policy:noeviction");
}

/* Adds that memory runs out, while there still is time to do something: against maxmemory, or, where there is none,
 * what the machine has. */
static void add_room(json_t *sentences, const char *info)
{
    uint64_t used, room;
    bool limited = read_info(info, "\nmaxmemory:", &room) && room > 0;
    if (!read_info(info, limited ? "\nused_memory:" : "\nused_memory_rss:", &used) ||
        (!limited && !read_info(info, "\ntotal_system_memory:", &room)))
        return;
    double share = room > 0 ? (double)used / (double)room : 0;
    if (share >= ROOM_SHARE)
        json_array_append_new(sentences, json_sprintf("Redis uses %.0f %% of %s: make room, or keep points for a "
                                                      "shorter time (retention)", 100 * share,
                                                      limited ? "its maxmemory" : "the machine's memory"));
}

/* Adds why Redis refuses to write, if it does; then no process can tell that it is alive. */
static bool add_refusals(json_t *sentences, const char *info)
{
    bool disk = strstr(info, "\naof_last_write_status:err") != NULL, full = is_full(info);
    if (disk)
        json_array_append_new(sentences, json_string("Redis cannot write its append-only file, perhaps because the "
                                                     "disk is full: it refuses new points, which wait in horizon"));
    if (full)
        json_array_append_new(sentences, json_string("Redis is at its maxmemory: it refuses new points, which wait in "
                                                     "horizon"));
    return disk || full;
}

int redis_state_add(json_t *out, json_t *sentences, const struct app *app, struct store *s, bool *mute)
{
    redisReply *r = store_command(s, "INFO");
    int result = -1;
    if (store_ok(r) && r->type == REDIS_REPLY_STRING) {
        json_object_set_new(out, "redis",
                            json_pack("{s:b,s:o,s:o,s:o,s:o}", "up", 1, "used_memory_bytes",
                                      info_number(r->str, "\nused_memory:"), "used_memory_peak_bytes",
                                      info_number(r->str, "\nused_memory_peak:"), "maxmemory_bytes",
                                      info_number(r->str, "\nmaxmemory:"), "maxmemory_policy",
                                      policy_of(r->str)));
        *mute = add_refusals(sentences, r->str);
        if (!*mute)
            add_room(sentences, r->str);
        if (may_evict(r->str))
            json_array_append_new(sentences, json_string("Redis deletes metrics when it is full: "
                                                         "set its maxmemory-policy to noeviction"));
        if (fork_may_fail(app, r->str))
            json_array_append_new(sentences,
                                  json_string("Redis uses over half of the memory, and vm.overcommit_memory is 0: "
                                              "a rewrite of its append-only file may fail; set it to 1"));
        result = 0;
    }
    freeReplyObject(r);
    return result;
}
