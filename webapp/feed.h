/* Carries what happens in Redis to the hub: anomalies, and the state of health. Main thread only. */
#ifndef WEBAPP_FEED_H
#define WEBAPP_FEED_H

#include "webapp/app.h"

struct store;
struct feed;

struct feed *feed_new(void);
void feed_free(struct feed *f);

/* One turn: reads what is new of the budget and in the event streams, goes on with the list of names and with what
 * went wrong before, and when due gives out the status (every 2 s) and the heartbeat (every 15 s). */
void feed_turn(struct feed *f, struct app *app, struct store *s);

#endif
