/* SCAN's cursor says nothing about how far a walk has come, so the pace goes by the
 * number of keys there were at its start. */
#include "walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/counters.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define STEP_KEYS 64
#define RETRY_MS 1000

void walk_init(struct walk *w)
{
    *w = (struct walk){.start_mono_ms = clock_mono_ms()};
}

int64_t walk_due_mono_ms(const struct walk *w, int64_t interval_s)
{
    int64_t due = w->start_mono_ms;

    if (w->active) {
        uint64_t scanned = w->scanned < w->keys ? w->scanned : w->keys;
        due += (int64_t)((double)interval_s * 1000 * (double)scanned / (double)(w->keys ? w->keys : 1));
    }
    return due > w->retry_mono_ms ? due : w->retry_mono_ms;
}

static void fail(struct walk *w, struct sweep *s)
{
    s->counters[ROOMBA_errors]++;
    w->retry_mono_ms = clock_mono_ms() + RETRY_MS;
}

/* Learns how many keys and names there are, for the pace, and begins. */
static int begin(struct walk *w, struct sweep *s)
{
    long long keys = store_integer(store_command(s->store, "DBSIZE"));
    long long names = store_integer(store_command(s->store, "SCARD " KEYS_UNIQUE));

    if (keys < 0)
        return -1;
    *w = (struct walk){.active = true,
                       .cursor = "0",
                       .start_mono_ms = clock_mono_ms(),
                       .keys = (uint64_t)keys + (uint64_t)(names > 0 ? names : 0)};
    forget_next_walk(s->forget);
    return 0;
}

/* The walk is over; the next one is due an interval after this one began. */
static void end(struct walk *w, struct sweep *s, int64_t interval_s)
{
    int64_t now_mono_ms = clock_mono_ms();
    int64_t took_ms = now_mono_ms - w->start_mono_ms, next_mono_ms = w->start_mono_ms + interval_s * 1000;

    s->counters[ROOMBA_passes]++;
    s->counters[ROOMBA_pass_seconds] = (uint64_t)took_ms / 1000;
    s->counters[ROOMBA_pass_at] = (uint64_t)clock_wall_s();
    log_info("walk_done", "took_ms=%" PRId64 " keys=%" PRIu64, took_ms, w->scanned);
    *w = (struct walk){.start_mono_ms = next_mono_ms > now_mono_ms ? next_mono_ms : now_mono_ms};
}

/* Whether `r` is what SCAN answers: a cursor and a list of keys. */
static bool is_scan(const redisReply *r)
{
    return store_ok(r) && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[0]->len < sizeof((struct walk *)0)->cursor &&
           r->element[1]->type == REDIS_REPLY_ARRAY;
}

/* Takes a step, and the cursor to the next. Returns 0, or -1 when Redis refused or did not answer. */
static int scan(struct walk *w, struct sweep *s)
{
    redisReply *r =
        w->names ? store_command(s->store, "SSCAN " KEYS_UNIQUE " %s COUNT %d", w->cursor, STEP_KEYS)
                 : store_command(s->store, "SCAN %s MATCH " KEYS_METRIC_PREFIX "* COUNT %d", w->cursor, STEP_KEYS);
    int result = is_scan(r) ? 0 : -1;

    if (result == 0) {
        (w->names ? sweep_names : sweep_keys)(s, r->element[1]->element, r->element[1]->elements);
        snprintf(w->cursor, sizeof w->cursor, "%s", r->element[0]->str);
        w->scanned += STEP_KEYS;
    }
    freeReplyObject(r);
    return result;
}

bool walk_step(struct walk *w, struct sweep *s, int64_t interval_s)
{
    int result = w->active ? 0 : begin(w, s);

    if (result == 0)
        result = scan(w, s);
    if (result < 0)
        fail(w, s);
    /* A set that is none must not keep the keys from their next walk. */
    bool over = result < 0 ? w->names : strcmp(w->cursor, "0") == 0;
    if (over && !w->names) {
        w->names = true;
        over = false;
    } else if (over) {
        end(w, s, interval_s);
    }
    return over;
}
