#include "analyzer/excuses.h"

#include <inttypes.h>

#include "ridgeline/log.h"

#define LOOK_EVERY_MS 60000

int excuses_read(struct excuses *e, struct store *s)
{
    return outages_read(&e->outages, s);
}

static bool is_known(const struct excuses *e, const struct outage *o)
{
    uint32_t unknown_s = o->until - o->from - outages_overlap_s(&e->outages, o->from, o->until);
    return unknown_s < BLACKOUT_LEAST_S || o->until <= e->told_until;
}

int excuses_tell(struct excuses *e, struct store *s, size_t speaking, int64_t now_mono_ms, uint32_t now_wall_s)
{
    struct outage found;
    if (now_mono_ms - e->looked_mono_ms < LOOK_EVERY_MS)
        return 0;
    e->looked_mono_ms = now_mono_ms;
    if (!blackout_find(&e->blackout, speaking, now_wall_s, &found) || is_known(e, &found))
        return 0;
    if (outages_tell(s, &found) != 0) {
        e->blackout.changed = true;
        return -1;
    }
    e->told_until = found.until;
    log_warning("outage", "from=%" PRIu32 " until=%" PRIu32 " meaning=\"nearly all were silent: no habit of theirs\"",
                found.from, found.until);
    return 0;
}
