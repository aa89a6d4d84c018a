/* Reads into memory (past.h) what went wrong before the webapp started. Main thread only. */
#ifndef WEBAPP_RECALL_H
#define WEBAPP_RECALL_H

struct past;
struct recall;
struct store;

struct recall *recall_new(void);
void recall_free(struct recall *r);

/* Goes on for a moment, until all is read; begins anew with each new connection, which may lead to a Redis that lost
 * some, or has others. Returns 0, or -1 when Redis did not answer: it goes on with the next call. */
int recall_turn(struct recall *r, struct past *p, struct store *s);

#endif
