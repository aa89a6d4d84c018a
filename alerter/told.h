/* Incidents as those who tell of them see them: their heads, what was told of each, and what channels hold back.
 *
 * This memory is a cache of Redis: the hashes of incidents, with the fields `sent:<alert>:<channel>` (routing.h), and
 * the fields `limit:<channel>` (limiter.h) and `way:<alert>:<channel>` (ways.h) of `ridgeline:alerter`. Whatever fails,
 * it is dropped and loaded anew. */
#ifndef RIDGELINE_ALERTER_TOLD_H
#define RIDGELINE_ALERTER_TOLD_H

#include "alerter/concern.h"
#include "alerter/kinship.h"
#include "alerter/limiter.h"
#include "alerter/routing.h"
#include "alerter/ways.h"
#include "ridgeline/incident.h"
#include "ridgeline/seeded_uthash.h"
#include "ridgeline/store.h"

#define TOLD_CURSOR_BYTES 48
#define TOLD_CLOSED_S 86400 /* and `update_after`: how long a closed incident is counted in a group that goes on */

/* What was told of an incident on one way, and its place in a group (groups.h). */
struct told_way {
    struct routing_state state;
    struct concern concern;     /* what of it concerns the alert, as last counted */
    uint32_t asked;             /* of its open members, how many are known as muted (concern_any_open()) */
    struct told_one *leader;    /* whom it follows; NULL: nobody */
    struct told_one *followers; /* the last that came first */
    struct told_one *next;      /* of the leader's followers */
    int64_t kept_mono_ms;       /* of a leader that is closed: when it is to be kept on (told_keep()) */
};

struct told_one {
    char id[ANOMALY_ID_BYTES];
    json_t *json; /* the head, into which `head` points */
    struct incident_head head;
    bool counted; /* what concerns whom, since the head last changed */
    UT_hash_handle hh;
    struct told_way way[]; /* of each of the ways */
};

struct told {
    unsigned generation;     /* of the connection over which it was loaded */
    char cursor[TOLD_CURSOR_BYTES]; /* the last event of incidents that was taken */
    struct told_one *ones;   /* by id (uthash) */
    struct groups_one *groups; /* by way and key (uthash) */
    struct kinship kinship;
    struct ways ways;
    struct limiter *limiters; /* of the settings' channels */
    const struct conf_alerts *alerts;
    struct concern *counts; /* of each alert, while one incident is counted */
};

/* Reads the incidents that are open, those that closed since events were last followed, and those that are told with
 * them, and counts what of `incidents` concerns whom. Keeps pointers into `settings`. Returns 0; or -1 when Redis did
 * not answer or memory is out: then nothing is held. */
struct incidents;
int told_load(struct told *t, struct store *s, const struct settings *settings, const struct incidents *incidents);
void told_drop(struct told *t);

/* Counts what of it concerns whom. Of what `incidents` does not hold it stays as it was saved. */
void told_count(struct told *t, struct told_one *one, const struct incidents *incidents);

/* Takes the events that are new. Returns 0, or -1: what is held is to be dropped. */
int told_take_events(struct told *t, struct store *s);

/* Whether an incident is over and nothing of it is left to tell: it need not be held. And holds it no more. */
bool told_is_done(const struct told *t, const struct told_one *one);
void told_forget(struct told *t, struct told_one *one);

/* Each saves one thing. Returns 0, or -1 when Redis did not take it. */
int told_save(const struct told *t, struct store *s, const struct told_one *one, size_t way);
int told_keep(struct store *s, const struct told_one *one); /* for as long as if it had closed now */
int told_save_limiter(const struct told *t, struct store *s, const struct settings *settings, size_t channel);
int told_save_cursor(struct store *s, const char *cursor);

#endif
