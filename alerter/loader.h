/* Reads back from Redis what the alerter must know: incidents that are open, or may come back, or changed of
 * late; and how far the events of anomalies were read. */
#ifndef RIDGELINE_ALERTER_LOADER_H
#define RIDGELINE_ALERTER_LOADER_H

#include "alerter/feed.h"
#include "alerter/incidents.h"
#include "alerter/writer.h"
#include "ridgeline/store.h"

/* An alerter that never ran begins with the events of the last day, not with those of 90. */
#define LOADER_FIRST_MS INT64_C(86400000)

/* Of the newest events of incidents, so many are looked at for incidents that changed of late. Between two writes of
 * the cursors fewer are added: whatever is read again from there finds its incident held. */
#define LOADER_RECENT 2048

/* Fills empty `*incidents` and `*feed`, and sets where the events of incidents end. What was chosen as an
 * incident's last event and never added is due again. Returns 0; or -1 when Redis did not answer or memory is out:
 * what is filled so far is to be dropped. */
int loader_load(struct store *s, struct incidents *incidents, struct feed *feed, struct writer *writer,
                int64_t reopen_within_s, int64_t now_wall_ms);

#endif
