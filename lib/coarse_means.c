/* Counts, then fills: a rollup does not know how many of its slots hold something. */
#include "ridgeline/coarse.h"

#include <stdint.h>
#include <stdlib.h>

static void count(void *context, const struct rollup_point *p)
{
    struct coarse *c = context;
    (void)p;
    c->n++;
}

static void take(void *context, const struct rollup_point *p)
{
    struct coarse *c = context;
    c->means[c->n++] = (struct engine_mean){.t = p->t, .step_s = p->step_s, .v = p->mean};
}

int coarse_init(struct coarse *c, const struct rollup *r)
{
    *c = (struct coarse){0};
    rollup_each(r, 0, UINT32_MAX, count, c);
    c->means = calloc(c->n + 1, sizeof *c->means);
    c->n = 0;
    if (!c->means)
        return -1;
    rollup_each(r, 0, UINT32_MAX, take, c);
    return 0;
}

void coarse_fini(struct coarse *c)
{
    free(c->means);
    *c = (struct coarse){0};
}
