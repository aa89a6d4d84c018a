/* The states of a list of names, joined to it from the slots' rosters by the hash of the name. Pure. */
#ifndef WEBAPP_JOIN_H
#define WEBAPP_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/roster.h"

struct join;

/* Of `n` names (fewer than 2^31), name i at bytes[starts[i]] .. bytes[starts[i + 1]]; reads them no more afterwards.
 * All states are unknown. NULL when memory is out. */
struct join *join_new(const char *bytes, const size_t *starts, size_t n);
void join_free(struct join *j);

/* Takes the states of one slot's roster, whose bytes roster_stamp() has found good; names that the list does not have
 * are passed over. About 10 ns an entry. One thread at a time; others may ask meanwhile. */
void join_take(struct join *j, const uint8_t *roster, size_t len);

/* Makes the states of those names unknown again. As join_take(). */
void join_forget(struct join *j, const uint8_t *roster, size_t len);

/* An enum engine_state, or ROSTER_UNKNOWN. */
int join_state(const struct join *j, size_t i);

#endif
