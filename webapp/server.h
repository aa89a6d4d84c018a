/* The HTTP server: libmicrohttpd with a small pool of threads, each request
 * answered on the thread that read it. */
#ifndef WEBAPP_SERVER_H
#define WEBAPP_SERVER_H

#include "webapp/app.h"

struct server;

/* Listens and starts to answer. Fills the app's page, listen_host and pool. NULL, with the reason
 * logged, when that cannot be. */
struct server *server_start(struct app *app);

/* Ends live streams, finishes what is being answered, and stops. NULL-safe. */
void server_stop(struct server *s);

#endif
