/* The site's secret, by which tickets are signed: made once, by whoever needs it first, and kept in Redis. */
#ifndef RIDGELINE_SECRET_H
#define RIDGELINE_SECRET_H

#include "ridgeline/store.h"
#include "ridgeline/ticket.h"

/* Reads it, and makes it first where there is none. Returns 0, or -1 when Redis did not answer or there are no
 * random bits. */
int secret_get(struct store *s, char out[TICKET_SECRET_BYTES]);

#endif
