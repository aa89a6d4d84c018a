#include "alerter/writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/head.h"
#include "ridgeline/events.h"

#define IN_FLIGHT_MAX 128 /* incidents in one pipeline */
#define TOLD_MAX 128      /* two ids and kinds */

static const struct {
    unsigned due;
    enum events_kind kind;
} kinds[] = {
    {INCIDENTS_DUE_OPEN, EVENTS_OPEN}, {INCIDENTS_DUE_UPDATE, EVENTS_UPDATE}, {INCIDENTS_DUE_CLOSE, EVENTS_CLOSE}};
#define KINDS (sizeof kinds / sizeof *kinds)

/* Commands that were sent, and whether one could not be. */
struct pipeline {
    struct store *store;
    size_t sent;
    bool failed;
};

static void note(struct pipeline *p, int appended)
{
    if (appended == 0)
        p->sent++;
    else
        p->failed = true;
}

/* Takes all replies. Returns 0 when none is missing or an error. */
static int finish(struct pipeline *p)
{
    for (; p->sent > 0; p->sent--) {
        redisReply *r = store_reply(p->store);
        if (!store_ok(r))
            p->failed = true;
        if (r)
            freeReplyObject(r);
    }
    return p->failed ? -1 : 0;
}

bool writer_is_later(const struct writer_id *a, const struct writer_id *b)
{
    return a->ms != b->ms ? a->ms > b->ms : a->seq > b->seq;
}

const char *writer_read_id(const char *text, struct writer_id *id)
{
    char *end;

    if (*text < '0' || *text > '9')
        return NULL;
    id->ms = strtoull(text, &end, 10);
    if (end[0] != '-' || end[1] < '0' || end[1] > '9')
        return NULL;
    id->seq = strtoull(end + 1, &end, 10);
    return end;
}

unsigned writer_read_told(const char **text, struct writer_id *id)
{
    const char *kind = writer_read_id(*text, id);

    if (!kind || *kind++ != ' ')
        return 0;
    size_t len = strcspn(kind, ",");
    *text = kind + len + (kind[len] == ',');
    for (size_t i = 0; i < KINDS; i++) {
        const char *name = events_kind_name(kinds[i].kind);
        if (strlen(name) == len && memcmp(name, kind, len) == 0)
            return kinds[i].due;
    }
    return 0;
}

/* The id after the last one, of this millisecond if the clock allows it. */
static struct writer_id next_id(struct writer *w, int64_t now_wall_ms)
{
    uint64_t ms = now_wall_ms > 0 ? (uint64_t)now_wall_ms : 0;

    if (ms > w->last.ms)
        w->last = (struct writer_id){.ms = ms};
    else
        w->last.seq++;
    return w->last;
}

/* An update that comes with an opening or a closing is told by that. */
static unsigned told_kinds(unsigned due)
{
    return due & (INCIDENTS_DUE_OPEN | INCIDENTS_DUE_CLOSE) ? due & ~(unsigned)INCIDENTS_DUE_UPDATE : due;
}

/* Chooses an id for each kind of `told`: they stand in `ids`, and as text in `out`. */
static void choose_ids(struct writer *w, unsigned told, int64_t now_wall_ms, struct writer_id ids[KINDS],
                       char out[TOLD_MAX])
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < KINDS; i++) {
        if (!(told & kinds[i].due))
            continue;
        ids[i] = next_id(w, now_wall_ms);
        n += (size_t)snprintf(out + n, TOLD_MAX - n, "%s%" PRIu64 "-%" PRIu64 " %s", n ? "," : "", ids[i].ms,
                              ids[i].seq, events_kind_name(kinds[i].kind));
    }
}

static char *text_of(json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    json_decref(json);
    return text;
}

static size_t count_changed(const struct incidents_one *one)
{
    size_t n = 0;

    for (const struct incidents_member *member = one->members; member; member = member->next)
        n += member->changed;
    return n;
}

/* The head, what is told, and the members that changed in one command: half of them would be another incident. */
static void write_hash(struct pipeline *p, const char *key, struct incidents_one *one, const char *head,
                       const char *score, const char *told)
{
    size_t n = count_changed(one), argc = 8;
    const char **argv = calloc(argc + 2 * n, sizeof *argv);
    size_t *lens = calloc(argc + 2 * n, sizeof *lens);
    char **made = calloc(2 * n + 1, sizeof *made);
    bool whole = argv && lens && made;

    n = 0;
    for (struct incidents_member *member = one->members; whole && member; member = member->next) {
        if (!member->changed)
            continue;
        if (asprintf(&made[n], INCIDENT_FIELD_MEMBER "%s", member->m.id) < 0)
            made[n] = NULL;
        made[n + 1] = text_of(incident_member_to_json(&member->m));
        whole = made[n] && made[n + 1];
        n += 2;
        member->changed = false;
    }
    if (whole) {
        const char *const fixed[] = {"HSET", key, INCIDENT_FIELD_HEAD, head, INCIDENT_FIELD_SCORE, score,
                                     INCIDENT_FIELD_TOLD, told};
        memcpy(argv, fixed, sizeof fixed);
        memcpy(argv + argc, made, n * sizeof *made);
        argc += n;
        for (size_t i = 0; i < argc; i++)
            lens[i] = strlen(argv[i]);
    }
    note(p, whole ? store_append_argv(p->store, (int)argc, argv, lens) : -1);
    for (size_t i = 0; made && i < n; i++)
        free(made[i]);
    free(made);
    free(lens);
    free(argv);
}

static void write_events(struct pipeline *p, const char *id, const char *head, unsigned told,
                         const struct writer_id ids[KINDS])
{
    for (size_t i = 0; i < KINDS; i++)
        if (told & kinds[i].due)
            note(p, store_append(p->store, "XADD " KEYS_INCIDENTS_EVENTS " MAXLEN ~ %d %llu-%llu kind %s id %s json %s",
                                 WRITER_EVENTS_MAX, (unsigned long long)ids[i].ms, (unsigned long long)ids[i].seq,
                                 events_kind_name(kinds[i].kind), id, head));
}

/* Its place among the open or closed ones, and how long it is kept. */
static void write_place(struct pipeline *p, const char *key, const struct incidents_one *one)
{
    if (one->group.closed) {
        note(p, store_append(p->store, "ZADD " KEYS_INCIDENTS_CLOSED " %llu %s", (unsigned long long)one->group.end,
                             one->id));
        note(p, store_append(p->store, "ZREM " KEYS_INCIDENTS_OPEN " %s", one->id));
        note(p, store_append(p->store, "EXPIRE %s %lld", key, (long long)INCIDENT_AGE_S));
    } else {
        note(p, store_append(p->store, "PERSIST %s", key));
        note(p, store_append(p->store, "ZREM " KEYS_INCIDENTS_CLOSED " %s", one->id));
    }
}

static void write_one(struct writer *w, struct pipeline *p, struct incidents_one *one, int64_t now_wall_ms)
{
    char key[KEYS_MAX], title[PARTS_TITLE_MAX], score[32], told_text[TOLD_MAX];
    struct writer_id ids[KINDS];
    struct incident_head head;
    unsigned told = told_kinds(one->due);

    keys_incident(key, one->id);
    head_make(&head, one, NULL, title);
    char *text = text_of(incident_head_to_json(&head));
    if (!text) {
        p->failed = true;
        return;
    }
    choose_ids(w, told, now_wall_ms, ids, told_text);
    snprintf(score, sizeof score, "%.15g", isfinite(head.score) ? head.score : 0);
    write_hash(p, key, one, text, score, told_text);
    note(p, store_append(p->store, "ZADD " KEYS_INCIDENTS_OPEN " %llu %s", (unsigned long long)one->group.start,
                         one->id));
    write_events(p, one->id, text, told, ids);
    write_place(p, key, one);
    one->due = 0;
    free(text);
}

static int write_cursors(struct store *s, struct feed *feed)
{
    struct pipeline p = {.store = s};

    for (unsigned slot = 0; slot < KEYS_SLOTS; slot++) {
        const char *cursor = feed_cursor(feed, slot);
        if (cursor)
            note(&p, store_append(s, "HSET " KEYS_ALERTER " cursor:%u %s", slot, cursor));
    }
    return finish(&p);
}

int writer_write(struct writer *w, struct store *s, struct incidents *incidents, struct feed *feed, int64_t now_wall_ms)
{
    int result = store_connect(s);

    while (result == 0 && incidents->first_changed) {
        struct pipeline p = {.store = s};
        struct incidents_one *one;
        for (size_t n = 0; n < IN_FLIGHT_MAX && (one = incidents_next_changed(incidents)); n++)
            write_one(w, &p, one, now_wall_ms);
        result = finish(&p);
    }
    return result == 0 ? write_cursors(s, feed) : -1;
}

int writer_cut_old(struct store *s, int64_t now_wall_s)
{
    struct pipeline p = {.store = s};

    if (store_connect(s) != 0)
        return -1;
    note(&p, store_append(s, "ZREMRANGEBYSCORE " KEYS_INCIDENTS_CLOSED " -inf (%lld",
                          (long long)(now_wall_s - INCIDENT_AGE_S)));
    return finish(&p);
}
