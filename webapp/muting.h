/* What is muted now, as lists and live events tell it. The main thread keeps a copy of the page's mutes, so that none
 * of the thousands of metrics that a list tells of asks Redis; any thread asks, with the settings read-locked. */
#ifndef WEBAPP_MUTING_H
#define WEBAPP_MUTING_H

#include <jansson.h>
#include <stddef.h>

struct app;
struct muting;
struct store;

struct muting *muting_new(void);
void muting_free(struct muting *m);

/* Main thread: looks for another version of the page's mutes. Returns 0, or -1 when Redis did not answer: what was
 * known stays. */
int muting_turn(struct muting *m, struct store *s);

/* The mute in force for a metric now, as mutes_now_json() has it; null for none. New reference. */
json_t *muting_json(struct app *app, const char *metric, size_t len);

/* Sets "mute" of a MEMBER of an incident, or of an anomaly: as muting_json(), and null of what has closed. */
void muting_set(struct app *app, json_t *member);
void muting_set_all(struct app *app, json_t *members);

/* {"active": how many mutes are in force, "stamp"}: another stamp is another set of them. New reference. */
json_t *muting_state(struct app *app);

#endif
