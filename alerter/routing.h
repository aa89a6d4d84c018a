/* Which messages an incident makes on one channel for one alert. Pure.
 *
 * What was told stands with the incident, as struct routing_state, and each message has a number of its own. A
 * message is intended (routing_intend) and that is saved; it is sent under its number; that it was sent
 * (routing_sent) is saved. Whoever starts between any two of these steps finds `pending` and sends under the same
 * number, which the outbox takes but once. So each opening and each end is told exactly once, whatever is killed
 * when.
 *
 * An alert may tell several incidents as one group (groups.h). Then the first of them leads: its state is the group's,
 * and that of each other says with whom it is told. It is saved before a message counts it in, and taken back
 * (routing_leave) after the group's end was sent. So who starts in between finds the group as it was. */
#ifndef RIDGELINE_ALERTER_ROUTING_H
#define RIDGELINE_ALERTER_ROUTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/incident.h"

struct alert_settings;

enum routing_kind { ROUTING_NOTHING, ROUTING_OPEN, ROUTING_UPDATE, ROUTING_RESOLVE };

/* I1: `pending` other than RESOLVE only while `told`.
 * I2: nothing is pending of what is `held`.
 * I3: what is told with another is neither told nor pending by itself. */
struct routing_state {
    bool told;                 /* its opening, and not its end since */
    bool held;                 /* but that was held back: it stands in a digest alone */
    enum routing_kind pending; /* intended and perhaps not sent */
    uint32_t sequence;         /* messages intended so far: the number of the last */
    uint32_t count;            /* metrics that concern the alert (concern.h) when it was last told */
    uint32_t own;              /* of a group: how many of these the incident itself has */
    int64_t at_s;              /* when that was, wall time */
    uint64_t key;              /* of the group that it leads or led last (groups_key()); 0: of no group */
    char with[ANOMALY_ID_BYTES]; /* the incident that leads the group in which it is told; "": it is told by itself */
};

/* What is to be told of the incident now. `head` is the whole incident's, but for `metrics`: those that concern the
 * alert; and where it is not told, as concern_to_open() makes it. `score` is the least that the alert asks for. An
 * incident that came back after its end was told opens again. One that somebody sees to is not told anew and not
 * repeated; one that somebody found normal, as all of it still is, is told to be over, and nothing else. */
enum routing_kind routing_decide(const struct routing_state *s, const struct alert_settings *alert, int score,
                                 const struct incident_head *head, int64_t now_s);

/* Notes what was decided. `hold`: the channel's limit holds it back. An end that need not be told leaves nothing
 * pending. */
void routing_intend(struct routing_state *s, const struct alert_settings *alert, enum routing_kind kind, bool hold,
                    const struct incident_head *head, int64_t now_s);

void routing_sent(struct routing_state *s);

/* Whether what is told is not over, or not sent. */
bool routing_is_busy(const struct routing_state *s);

/* What was to be told as open is told in the group of `leader` instead; and no longer, when that is over. */
void routing_join(struct routing_state *s, const char *leader, int64_t now_s);
void routing_leave(struct routing_state *s);

/* As text for Redis: `TOLD HELD PENDING SEQUENCE COUNT AT`, and behind it ` own=N key=HEX` or ` own=N with=ID` where
 * there is one; older releases wrote no `own`, and COUNT is taken for it. And back: -1 leaves `*s` as at first, when it
 * is not such a text. */
#define ROUTING_FIELD "sent:" /* of an incident's hash, before `<alert>:<channel>` */
#define ROUTING_TEXT_MAX 128
char *routing_to_text(char out[ROUTING_TEXT_MAX], const struct routing_state *s);
int routing_from_text(struct routing_state *s, const char *text);

#endif
