/* Horizon's spool from its opening to its end: which directory it has, what the log hears of it, its rest while the
 * disk hangs, and its recovery when that was full or could not be written to or read. */
#ifndef RIDGELINE_HORIZON_SPOOL_WATCH_H
#define RIDGELINE_HORIZON_SPOOL_WATCH_H

#include "intake.h"

struct spool_watch {
    struct intake *intake;
    char *dir;
    struct spool_pulse *pulse;
    uint64_t told_damaged, told_dropped; /* as last logged */
    unsigned told_aside;
    bool told_failing, told_unread, told_stalled;
};

/* Opens the spool that the settings of `intake` name. Where the disk refuses, that is logged, tried again each second,
 * and horizon goes on with memory alone. Returns 0, or -1 with the reason logged: another process has the directory. */
int spool_watch_init(struct spool_watch *w, struct intake *intake);
void spool_watch_fini(struct spool_watch *w);

/* Each second. */
void spool_watch_tick(struct spool_watch *w);

/* Whether points can be put there. */
bool spool_watch_works(const struct spool_watch *w);

#endif
