/* The rosters of all slots (ridgeline:states:<slot>), followed as they change. The main thread's own. */
#ifndef WEBAPP_ROSTERS_H
#define WEBAPP_ROSTERS_H

#include <stdint.h>

#include "ridgeline/store.h"

struct join;
struct rosters;

struct rosters *rosters_new(void);
void rosters_free(struct rosters *r);

/* When it is due, reads those that were written since, a bounded number, and has `join` take them. Returns 0, or -1
 * when Redis did not answer. */
int rosters_turn(struct rosters *r, struct store *s, struct join *join, int64_t now_mono_ms);

/* Has `join`, that of a new list, take all that are known. */
void rosters_give(const struct rosters *r, struct join *join);

#endif
