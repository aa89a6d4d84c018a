/* The lease that makes one daemon of a kind the leader: a Redis key that names its
 * holder and expires when it is not renewed.
 *
 * A leader that was stopped longer than the lease lasts may still send one more
 * write: each kind of daemon says what that may do. */
#ifndef RIDGELINE_LEASE_H
#define RIDGELINE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/store.h"

#define LEASE_MS 5000       /* a dead leader is succeeded this soon */
#define LEASE_RENEW_MS 1000 /* held for this long without asking again; without it each call asks */

struct lease {
    const char *key; /* KEYS_LEASE_... */
    char holder[128];
    bool held;
    int64_t confirmed_mono_ms; /* when Redis was last asked */
};

void lease_init(struct lease *l, const char *key);

/* Whether we hold the lease, taking or renewing it when that is due. False when
 * another holds it or Redis does not say. */
bool lease_hold(struct lease *l, struct store *s);

/* Gives the lease up, if we hold it, so that another may take it at once. */
void lease_release(struct lease *l, struct store *s);

#endif
