/* What is told of an incident, put together from what is known of it, and given to a channel's outbox. */
#ifndef RIDGELINE_ALERTER_NOTICE_H
#define RIDGELINE_ALERTER_NOTICE_H

#include <jansson.h>
#include <stdint.h>

#include "alerter/routing.h"
#include "ridgeline/store.h"

struct settings;

/* Sends what is pending of `state`, about the incident of `head` (its JSON), or about the group whose leader that names
 * (subject_json()), and notes that with the incident. Returns 0; 1 when the outbox is full: try again later; -1 when
 * Redis did not answer or memory is out. */
int notice_send(struct store *s, const struct settings *settings, const char *alert, const char *channel,
                const struct routing_state *state, json_t *head);

/* Notes with the incident that a message of this kind was held back by the channel's limit. Returns 0, or -1 as
 * above. */
int notice_hold(struct store *s, const char *alert, const char *channel, const struct routing_state *state,
                enum routing_kind kind, const json_t *head);

/* Notes with the incident that it is told in the group of `leader` from now on, whose state is `group`. Returns 0, or
 * -1 as above. */
int notice_join(struct store *s, const char *alert, const char *channel, const char *incident, const char *leader,
                const struct routing_state *group);

/* Sends a channel's digest of this number about the incidents of `held` (array of heads), `held_count` with those that
 * are not listed. Returns as above. */
int notice_send_digest(struct store *s, const struct settings *settings, const char *channel, uint32_t sequence,
                       const json_t *held, int64_t held_count);

#endif
