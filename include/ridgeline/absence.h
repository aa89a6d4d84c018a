/* When to speak of a peer that is away: when it goes, then ever more seldom while it stays away, and when it is back.
 * One that comes and goes is spoken of no more often than one that stays away. Pure. */
#ifndef RIDGELINE_ABSENCE_H
#define RIDGELINE_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

#define ABSENCE_PAUSE_FIRST_MS 5000 /* doubling to */
#define ABSENCE_PAUSE_LAST_MS 60000
#define ABSENCE_SETTLED_MS 10000 /* back for so long, its next absence is a new one */

/* Zero at first: the peer is there. */
struct absence {
    int64_t since_mono_ms; /* 0: it is there */
    int64_t back_mono_ms;  /* when it came back last */
    int64_t tell_at_mono_ms, pause_ms;
    bool told;  /* it was told to be away, and not yet to be back */
    unsigned n; /* how often it went */
};

/* The peer was found away at `now_mono_ms` > 0. Returns whether to say so; `*away_ms` is for how long it has been. */
bool absence_found_away(struct absence *o, int64_t now_mono_ms, int64_t *away_ms);

/* The peer answers. Returns whether to say so; `*away_ms` is for how long it had been away. */
bool absence_found_there(struct absence *o, int64_t now_mono_ms, int64_t *away_ms);

#endif
