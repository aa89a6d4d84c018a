#include "ridgeline/absence.h"

bool absence_found_away(struct absence *o, int64_t now_mono_ms, int64_t *away_ms)
{
    if (o->since_mono_ms == 0) {
        if (o->pause_ms == 0 || now_mono_ms - o->back_mono_ms >= ABSENCE_SETTLED_MS) {
            o->pause_ms = ABSENCE_PAUSE_FIRST_MS;
            o->tell_at_mono_ms = now_mono_ms;
        }
        o->since_mono_ms = now_mono_ms;
        o->n++;
    }
    *away_ms = now_mono_ms - o->since_mono_ms;
    if (now_mono_ms < o->tell_at_mono_ms)
        return false;
    o->tell_at_mono_ms = now_mono_ms + o->pause_ms;
    o->pause_ms = 2 * o->pause_ms < ABSENCE_PAUSE_LAST_MS ? 2 * o->pause_ms : ABSENCE_PAUSE_LAST_MS;
    o->told = true;
    return true;
}

bool absence_found_there(struct absence *o, int64_t now_mono_ms, int64_t *away_ms)
{
    bool says = o->told;
    if (o->since_mono_ms == 0)
        return false;
    *away_ms = now_mono_ms - o->since_mono_ms;
    o->since_mono_ms = 0;
    o->back_mono_ms = now_mono_ms;
    o->told = false;
    return says;
}
