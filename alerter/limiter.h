/* How many messages a channel takes, and what was held back beyond that: told together, in a digest, when there is
 * room again. Pure.
 *
 * The limit counts in spans of its length, the first of which begins with a message. A digest is intended, sent and
 * noted in three saved steps, as any message is (routing.h). */
#ifndef RIDGELINE_ALERTER_LIMITER_H
#define RIDGELINE_ALERTER_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

struct units_budget;

#define LIMITER_HELD_MAX 50 /* incidents that a digest names; those beyond are counted */

/* I1: n <= held_count, and `held` names no incident twice.
 * I2: something is held while `pending`. */
struct limiter {
    int64_t since_s, sent; /* the span, and how many messages it has had */
    uint32_t sequence;     /* digests so far: the number of the last */
    bool pending;          /* the last one is perhaps not sent */
    int64_t held_count;
    size_t n;
    char held[LIMITER_HELD_MAX][ANOMALY_ID_BYTES];
};

/* Whether there is room for a message now; if so it is counted. */
bool limiter_take(struct limiter *l, const struct units_budget *limit, int64_t now_s);

/* Notes an incident that is held back. One that is named already is not counted again. */
void limiter_hold(struct limiter *l, const char *id);

/* Whether a digest is to be sent: something is held and there is room again. Then limiter_intend(), and limiter_sent()
 * when it was sent: nothing is held then. */
bool limiter_is_due(const struct limiter *l, const struct units_budget *limit, int64_t now_s);
void limiter_intend(struct limiter *l, int64_t now_s);
void limiter_sent(struct limiter *l);

/* As text for Redis; and back: -1 leaves `*l` as at first, when it is not such a text. */
#define LIMITER_TEXT_MAX (96 + LIMITER_HELD_MAX * ANOMALY_ID_BYTES)
char *limiter_to_text(char out[LIMITER_TEXT_MAX], const struct limiter *l);
int limiter_from_text(struct limiter *l, const char *text);

#endif
