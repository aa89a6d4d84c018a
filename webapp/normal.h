/* What "this is normal" can teach of an incident, and teaching it:
 *   GET /api/incident/normal, and what POST /api/incident/desk does with "teach". */
#ifndef WEBAPP_NORMAL_H
#define WEBAPP_NORMAL_H

#include "webapp/http.h"

http_handler normal_get;

/* Saves what the choice of the incident `id` says whose "change" is `change`, as a save of the tuning form would. So
 * what is changed is what was shown and is of this incident, whoever asks. Returns 0, or -1 with the reply filled:
 * 409 where the incident has no such choice (any more). */
int normal_teach(const struct request *request, struct reply *reply, const char *id, const char *change);

#endif
