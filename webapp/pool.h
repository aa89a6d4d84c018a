/* Connections to Redis for threads that answer requests, one each. */
#ifndef WEBAPP_POOL_H
#define WEBAPP_POOL_H

#include <stddef.h>

struct pool;
struct store;

/* As many connections to `address` as there are threads, so that taking one never
 * waits. NULL when the address cannot be read or memory is out. */
struct pool *pool_new(const char *address, int timeout_ms, size_t threads);

/* Every connection must have been put back. */
void pool_free(struct pool *p);

/* Takes one for the length of a request; puts it back. */
struct store *pool_take(struct pool *p);
void pool_put(struct pool *p, struct store *s);

#endif
