#include "ridgeline/ensemble.h"

#include <math.h>

#include "analyzer/skyline/skyline.h"

bool ensemble_lacks_window(const struct engine_options *o, const struct skyline_window *window)
{
    return o->ensemble == ENGINE_ENSEMBLE_SKYLINE && !window;
}

static int fill(struct skyline_window **window, struct point p)
{
    if (!*window)
        *window = skyline_window_new();
    if (!*window)
        return -1;
    return isfinite(p.v) ? skyline_window_push(*window, p) : 0;
}

int ensemble_update(struct engine_record *r, struct skyline_window **window, const struct engine_options *o,
                    struct point p, struct verdict *out)
{
    bool skyline = o->ensemble == ENGINE_ENSEMBLE_SKYLINE;
    if (!skyline) {
        skyline_window_free(*window);
        *window = NULL;
    } else if (fill(window, p) != 0) {
        return -1;
    }
    if (engine_update(r, o, p, out) != 0)
        return 1;
    return skyline ? skyline_judge(*window, o, out) : 0;
}
