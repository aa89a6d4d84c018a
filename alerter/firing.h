/* What a channel was told of and not yet told the end of, for types that must tell it again (alertmanager) or that
 * say how many there are (nagios): a hash in Redis, dedup_key -> the last message's JSON. */
#ifndef RIDGELINE_ALERTER_FIRING_H
#define RIDGELINE_ALERTER_FIRING_H

#include <stdint.h>

#include "alerter/message.h"
#include "ridgeline/store.h"

/* Notes an open incident's message, or forgets a resolved one's. Returns 0 or -1; may be repeated. */
int firing_note(struct store *s, const char *channel, const struct message *m, const json_t *json);

/* How many there are beside the one of `dedup_key`; -1 when Redis did not say. */
int64_t firing_others(struct store *s, const char *channel, const char *dedup_key);

/* Forgets those whose incidents, and the groups they are told in, are open no more: an alert may tell no ends. Returns
 * 0 or -1. */
int firing_forget_closed(struct store *s, const char *channel);

/* Calls `each` with the message of each. Returns 0, or -1 when Redis did not say. */
typedef void firing_visit(void *context, const struct message *m, const char *id);
int firing_each(struct store *s, const char *channel, firing_visit *each, void *context);

#endif
