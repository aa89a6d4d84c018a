/* One round trip a metric, and once in its life: there is nothing to gain from a pipeline. */
#include "analyzer/rebuild.h"

#include "ridgeline/coarse.h"
#include "ridgeline/counters.h"

bool rebuild_is_due(const struct metric *m)
{
    return m->lacks_past && engine_step_s(m->record) > 0;
}

int rebuild_run(struct store *s, struct metric *m, uint64_t *counters)
{
    struct coarse coarse;
    int result = coarse_load(&coarse, s, m->name, m->name_len);
    if (result == 0) {
        engine_warm_coarse(m->record, coarse.means, coarse.n);
        counters[WORKER_rebuilt] += coarse.n > 0;
        m->lacks_past = false;
    }
    coarse_fini(&coarse);
    return result;
}
