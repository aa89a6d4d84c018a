/* The alerter's children, one for each channel of the settings. */
#ifndef RIDGELINE_ALERTER_DELIVERERS_H
#define RIDGELINE_ALERTER_DELIVERERS_H

#include "alerter/deliverer.h"
#include "ridgeline/proc.h"

/* All zero is none. */
struct deliverers {
    struct proc_child *children;
    struct deliverer_args *args;
    size_t n;
};

/* Prepares a child for each channel of `settings`, which must stay as they are until deliverers_stop(). Returns 0, or
 * -1 when memory is out. */
int deliverers_init(struct deliverers *d, const struct settings *settings);

/* Starts what is down and due. Call at least every 200 ms or so. */
void deliverers_tend(struct deliverers *d);

/* Ends all, and leaves none. A delivery under way is broken off. */
void deliverers_stop(struct deliverers *d);

#endif
