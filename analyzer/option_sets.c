#include "analyzer/option_sets.h"

#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->users = 0)
#include "ridgeline/seeded_uthash.h"

/* Two that differ in the sign of a zero alone are two. */
struct option_set {
    struct engine_options options;
    size_t users;
    UT_hash_handle hh;
};

void option_sets_init(struct option_sets *s)
{
    s->sets = NULL;
    engine_options_default(&s->shipped);
}

void option_sets_fini(struct option_sets *s)
{
    struct option_set *set, *next;
    HASH_ITER(hh, s->sets, set, next)
    {
        HASH_DEL(s->sets, set);
        free(set);
    }
}

static struct option_set *add(struct option_sets *s, const struct engine_options *o)
{
    struct option_set *set = malloc(sizeof *set);
    if (!set)
        return NULL;
    *set = (struct option_set){.options = *o, .users = 1};
    HASH_ADD(hh, s->sets, options, sizeof set->options, set);
    if (set->users == 1)
        return set;
    free(set);
    return NULL;
}

const struct engine_options *option_sets_take(struct option_sets *s, const struct engine_options *o)
{
    struct option_set *set;
    HASH_FIND(hh, s->sets, o, sizeof *o, set);
    if (set)
        set->users++;
    else
        set = add(s, o);
    return set ? &set->options : &s->shipped;
}

void option_sets_leave(struct option_sets *s, const struct engine_options *o)
{
    if (!o || o == &s->shipped)
        return;
    struct option_set *set;
    HASH_FIND(hh, s->sets, o, sizeof *o, set);
    if (--set->users > 0)
        return;
    HASH_DEL(s->sets, set);
    free(set);
}
