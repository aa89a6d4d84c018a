#include "analyzer/episodes.h"

#include <stdlib.h>

void episodes_take(const struct episodes_kept *kept, struct episode *i)
{
    if (kept->whole) {
        *i = *kept->whole;
        return;
    }
    i->open = i->pending = false;
    i->start = kept->start;
    i->first_hot = kept->first_hot;
    i->last_hot = kept->last_hot;
    i->odd_since = kept->odd_since;
    i->score = kept->score;
}

int episodes_keep(struct episodes_kept *kept, const struct episode *i)
{
    if (i->open || i->pending) {
        if (!kept->whole)
            kept->whole = malloc(sizeof *kept->whole);
        if (!kept->whole)
            return -1;
        *kept->whole = *i;
        return 0;
    }
    free(kept->whole);
    *kept = (struct episodes_kept){.start = i->start,
                                   .first_hot = i->first_hot,
                                   .last_hot = i->last_hot,
                                   .odd_since = i->odd_since,
                                   .score = i->score};
    return 0;
}

bool episodes_is_open(const struct episodes_kept *kept)
{
    return kept->whole && kept->whole->open;
}

void episodes_forget(struct episodes_kept *kept)
{
    free(kept->whole);
    *kept = (struct episodes_kept){0};
}
