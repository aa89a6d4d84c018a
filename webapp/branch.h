/* The tree of names by their parts: what stands below a prefix, one level of it. Pure. */
#ifndef WEBAPP_BRANCH_H
#define WEBAPP_BRANCH_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/engine.h"
#include "webapp/names_list.h"

/* A child: all names that begin with the same part, which need not be a name itself. */
struct branch_child {
    const char *name; /* the prefix, a dot, and the part; in the list's bytes */
    size_t name_len, part_at;
    bool leaf;                     /* it is a metric's name */
    size_t metrics;                /* the names that it stands for, itself among them if it is a leaf */
    size_t in_state[ENGINE_STATES]; /* of these; those of unknown state are in none */
};

struct branch {
    struct branch_child *children; /* sorted by part */
    size_t n;
};

/* The children of `prefix` ("" for the root). A part ends at a dot, but for the first byte of it and the dots of tags
 * (behind ';'). Costs a binary search for each child, and a byte for each name below the prefix. The caller calls
 * branch_fini in any case. Returns 0, or -1 when memory is out. */
int branch_read(struct branch *b, const struct names_list *names, const char *prefix, size_t prefix_len);
void branch_fini(struct branch *b);

#endif
