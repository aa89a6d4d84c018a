/* Where no raw points are left, the means of a rollup are judged in their place: each archive by a record of its own,
 * since a detector that learned the noise of one resolution knows nothing of another's. A finer archive takes over once
 * it is warm; until then the coarser one, which holds that time as well, says what it can. Pure. */
#include "ridgeline/history.h"

#include <stdlib.h>

#include "ridgeline/coarse.h"

/* Looks for the time of the `skip`th mean, from 0 on. */
struct nth {
    uint32_t skip, t;
    bool found;
};

static void count_to(void *context, const struct rollup_point *p)
{
    struct nth *n = context;
    if (n->found)
        return;
    n->found = n->skip == 0;
    n->t = p->t;
    n->skip -= !n->found;
}

unsigned history_means_plan(const struct rollup *r, uint32_t until, struct history_stretch plan[ROLLUP_ARCHIVES_MAX])
{
    unsigned n = 0;
    for (unsigned k = r->n; k-- > 0;) {
        struct nth begin = {.skip = n > 0 ? engine_warmup_points(r->archive[k].step_s) : 0};
        rollup_each_of(r, k, 0, until, count_to, &begin);
        if (!begin.found)
            continue;
        while (n > 0 && begin.t <= plan[n - 1].from)
            n--;
        if (n > 0)
            plan[n - 1].until = begin.t - 1;
        plan[n++] = (struct history_stretch){.archive = k, .from = begin.t, .until = until};
    }
    return n;
}

struct gathered {
    struct series *means;
    size_t all; /* how many there are, kept or not */
    bool failed;
};

static void count_mean(void *context, const struct rollup_point *p)
{
    struct gathered *g = context;
    (void)p;
    g->all++;
}

/* Keeps the last HISTORY_MEANS_MAX. */
static void gather_mean(void *context, const struct rollup_point *p)
{
    struct gathered *g = context;
    if (g->all-- <= HISTORY_MEANS_MAX && series_push(g->means, (struct point){.t = p->t, .v = p->mean}) != 0)
        g->failed = true;
}

int history_means_read(const struct rollup *r, const struct history_stretch *stretch, struct series *means)
{
    struct gathered g = {.means = means};
    rollup_each_of(r, stretch->archive, 0, stretch->until, count_mean, &g);
    rollup_each_of(r, stretch->archive, 0, stretch->until, gather_mean, &g);
    return g.failed ? -1 : 0;
}

int history_means_replay(const struct rollup *r, const struct history_stretch *stretch,
                         const struct engine_options *options, struct history_end *end, replay_each *each,
                         void *context)
{
    struct series means;
    struct coarse older = {0};
    struct engine_record *record = malloc(engine_record_bytes());
    int result = -1;
    series_init(&means);
    if (!record || history_means_read(r, stretch, &means) != 0 || coarse_init(&older, r) != 0)
        goto out;
    engine_init(record);
    episode_init(&end->episode);
    result = replay_run(record, &end->episode, options, &means, &older, NULL, each, context);
    end->source = HISTORY_FROM_MEANS;
    end->step_s = r->archive[stretch->archive].step_s;
    end->stale_after_s = engine_stale_after_s(record);
    end->sparse = engine_is_sparse(record);
out:
    coarse_fini(&older);
    free(record);
    series_fini(&means);
    return result;
}
