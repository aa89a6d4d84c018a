/* How Redis is: its memory, and why it refuses to write, or may lose metrics. */
#ifndef WEBAPP_REDIS_STATE_H
#define WEBAPP_REDIS_STATE_H

#include <jansson.h>
#include <stdbool.h>

struct app;
struct store;

/* Adds "redis" to `out`, and a sentence for each of its problems to `sentences`. `*mute` gets whether it refuses to
 * write, so that no process can tell that it is alive. Returns 0, or -1 when it did not answer. */
int redis_state_add(json_t *out, json_t *sentences, const struct app *app, struct store *s, bool *mute);

#endif
