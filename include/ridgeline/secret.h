/* The site's secret, by which tickets are signed: made once, by whoever needs it first, and kept in Redis. */
#ifndef RIDGELINE_SECRET_H
#define RIDGELINE_SECRET_H

#include "ridgeline/store.h"
#include "ridgeline/ticket.h"

/* Writes `digits` random hex digits, an even number of at most 64, and a NUL. Returns 0, or -1 when there are no random
 * bits. */
int secret_random(char *out, size_t digits);

/* Reads it, and makes it first where there is none. Returns 0; 1 where something else stands in its place, so that
 * nothing can be signed; -1 when Redis did not answer or there are no random bits. */
int secret_get(struct store *s, char out[TICKET_SECRET_BYTES]);

#endif
