/* Live events (server-sent events): one hub, any number of streams. The main
 * thread gives, the HTTP threads send. */
#ifndef WEBAPP_HUB_H
#define WEBAPP_HUB_H

#include <microhttpd.h>
#include <stddef.h>

struct hub;

/* A hub for at most `max_streams` streams at a time. NULL when memory is out. */
struct hub *hub_new(size_t max_streams);

/* Every stream must be gone (hub_stop, then MHD_stop_daemon). */
void hub_free(struct hub *h);

/* The response that streams events to `connection`: those after `last_event_id` (the header's text,
 * NULL: from now on). NULL with `*full` set at max_streams, else when memory is out. */
struct MHD_Response *hub_open(struct hub *h, struct MHD_Connection *connection, const char *last_event_id, int *full);

/* Gives out an event of the kind `event`, which a stream that comes back can ask for again. `json` is
 * one line. */
void hub_event(struct hub *h, const char *event, const char *json);

/* Gives out an event `status`; it replaces the one before. Takes `json` (malloc'd, one line). */
void hub_status(struct hub *h, char *json);

/* Has each stream send a comment, which keeps proxies from closing it. */
void hub_beat(struct hub *h);

/* How many streams are open. */
size_t hub_streams(struct hub *h);

/* Ends every stream; new ones end at once. Call before MHD_stop_daemon, which
 * forbids suspended connections. */
void hub_stop(struct hub *h);

#endif
