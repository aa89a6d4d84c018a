/* The ways on which incidents are told: each alert with each of its channels, and those that settings no longer have.
 *
 * What was told as open on a way is told to be over on it, also when its alert was renamed or taken out meanwhile, or
 * no longer names the channel: whoever it woke is not left with it. So ways stand in Redis, as fields
 * `way:<alert>:<channel>` of `ridgeline:alerter`:
 *
 * I1: a way stands there before anything is told on it.
 * I2: it is taken out when settings have it no longer, and either nothing told on it is open, or the channel is gone.
 *
 * A former way has an alert that matches nothing: so nothing opens on it, and nothing is updated. */
#ifndef RIDGELINE_ALERTER_WAYS_H
#define RIDGELINE_ALERTER_WAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/alerts.h"
#include "ridgeline/store.h"

#define WAYS_FIELD_MAX (2 * CHANNEL_NAME_MAX + 8)

struct ways_one {
    const struct alert_settings *alert;
    size_t alert_index, channel; /* in the settings; a former alert has none */
    int parts;                  /* alerts_group_parts() of the alert */
    char field[WAYS_FIELD_MAX]; /* of the hash of an incident: what was told of it on this way */
    bool is_former;
    struct alert_settings former; /* the alert of a former one, with the name and nothing else that is owned */
    char former_name[CHANNEL_NAME_MAX + 1];
};

struct ways {
    struct ways_one *list;
    size_t n;
};

/* Reads the former ones and saves the new ones. Keeps pointers into `settings`. Returns 0; or -1 when Redis did not
 * answer or memory is out: then `*w` is empty. */
int ways_load(struct ways *w, struct store *s, const struct settings *settings);
void ways_free(struct ways *w);

/* Takes a former one out of Redis. Returns 0 or -1. */
int ways_forget(const struct ways_one *way, struct store *s, const struct settings *settings);

#endif
