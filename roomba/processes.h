/* Forgets the statistics of processes that have been gone for a day. */
#ifndef RIDGELINE_ROOMBA_PROCESSES_H
#define RIDGELINE_ROOMBA_PROCESSES_H

#include <stdint.h>

#include "ridgeline/store.h"

#define PROCESSES_KEPT_S 86400

/* Drops from KEYS_PROCESSES what was last saved longer ago, and its statistics, those of a horizon as late as its
 * outages. One that lives registers again within a second. Returns 0, or -1 when Redis refused or
 * did not answer. */
int processes_drop_gone(struct store *s, int64_t now_s);

#endif
