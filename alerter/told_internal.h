/* How one incident is read, shared by who follows them (told.c) and who reads them all (told_load.c). */
#ifndef RIDGELINE_ALERTER_TOLD_INTERNAL_H
#define RIDGELINE_ALERTER_TOLD_INTERNAL_H

#include "alerter/told.h"

/* NULL when it is not held. */
struct told_one *told_find(const struct told *t, const char *id);

/* Whether it is the id of an incident. */
bool told_is_id(const redisReply *r);

/* Asks for an incident's head and what was told of it. Returns 0 or -1. */
int told_ask(struct told *t, struct store *s, const char *id);

/* Takes the reply to that. One without a head is not kept, nor one of which nothing is left to tell: of the closed ones
 * that is nearly each. Returns 0, or -1 when Redis did not answer or memory is out. */
int told_take(struct told *t, struct store *s, const char *id);

#endif
