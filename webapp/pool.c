#include "webapp/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "ridgeline/store.h"

struct pool {
    pthread_mutex_t lock;
    size_t n;               /* how many are here: the first n */
    struct store *stores[]; /* one for each thread */
};

struct pool *pool_new(const char *address, int timeout_ms, size_t threads)
{
    struct pool *p = calloc(1, sizeof *p + threads * sizeof *p->stores);
    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    for (; p->n < threads; p->n++) {
        p->stores[p->n] = store_new(address, timeout_ms);
        if (!p->stores[p->n]) {
            pool_free(p);
            return NULL;
        }
    }
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        store_free(p->stores[i]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

struct store *pool_take(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    assert(p->n > 0);
    struct store *s = p->stores[--p->n];
    pthread_mutex_unlock(&p->lock);
    return s;
}

void pool_put(struct pool *p, struct store *s)
{
    pthread_mutex_lock(&p->lock);
    p->stores[p->n++] = s;
    pthread_mutex_unlock(&p->lock);
}
