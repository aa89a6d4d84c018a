#include "webapp/rates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "webapp/http.h"

#define LOOKS 30 /* senders flush every 10 or 60 s: rates are means over the last minute */

struct look {
    int64_t at_mono_ms;
    uint64_t crew; /* whose counters the sums are of */
    uint64_t received, judged;
};

struct rates {
    pthread_mutex_t lock;
    struct look looks[LOOKS]; /* newest last */
    size_t n;
};

struct rates *rates_new(void)
{
    struct rates *r = calloc(1, sizeof *r);
    if (r)
        pthread_mutex_init(&r->lock, NULL);
    return r;
}

void rates_free(struct rates *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void rates_look(struct rates *r, const struct processes *p)
{
    struct look now = {.at_mono_ms = clock_mono_ms(),
                       .crew = processes_crew(p, counters_horizon) ^ processes_crew(p, counters_worker),
                       .received = processes_sum(p, counters_horizon, "received"),
                       .judged = processes_sum(p, counters_worker, "judged")};
    pthread_mutex_lock(&r->lock);
    const struct look *last = r->n ? &r->looks[r->n - 1] : NULL;
    /* Of other processes, or of a Redis that lost its last second: start anew. A process that comes back from a
     * silence brings all that it ever counted. */
    if (last && (now.crew != last->crew || now.received < last->received || now.judged < last->judged))
        r->n = 0;
    if (r->n == LOOKS)
        memmove(r->looks, r->looks + 1, --r->n * sizeof *r->looks);
    r->looks[r->n++] = now;
    pthread_mutex_unlock(&r->lock);
}

void rates_add(json_t *out, struct rates *r)
{
    pthread_mutex_lock(&r->lock);
    struct look first = r->n ? r->looks[0] : (struct look){0};
    struct look last = r->n ? r->looks[r->n - 1] : first;
    pthread_mutex_unlock(&r->lock);
    double s = (double)(last.at_mono_ms - first.at_mono_ms) / 1000;
    json_object_set_new(out, "points_per_second",
                        s > 0 ? http_number((double)(last.received - first.received) / s) : json_null());
    json_object_set_new(out, "judged_per_second",
                        s > 0 ? http_number((double)(last.judged - first.judged) / s) : json_null());
}
