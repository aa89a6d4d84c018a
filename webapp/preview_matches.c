#include "webapp/preview_matches.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "webapp/spread.h"

#define NAMES_PER_LOOK 256

static int add(struct preview_matches *m, struct preview_name name)
{
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        struct preview_name *bigger = realloc(m->list, cap * sizeof *bigger);
        if (!bigger)
            return -1;
        m->list = bigger;
        m->cap = cap;
    }
    m->list[m->n++] = name;
    return 0;
}

static bool same(struct preview_name a, struct preview_name b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static int find_in_list(struct preview_matches *m, struct glob_walk *walk, const struct names_list *names,
                        int64_t until_mono_ms)
{
    for (size_t i = 0; i < names->n; i++) {
        struct preview_name name = {names->bytes + names->starts[i], names->starts[i + 1] - names->starts[i]};
        if (i % NAMES_PER_LOOK == 0 && clock_mono_ms() > until_mono_ms)
            return -1;
        if (!glob_walk_match(walk, name.text, name.len) || (m->first && same(name, m->list[0])))
            continue;
        if (add(m, name) != 0)
            return -1;
    }
    return 0;
}

int preview_matches_find(struct preview_matches *m, const struct preview_ask *a, const struct names_list *names,
                         int64_t until_mono_ms)
{
    *m = (struct preview_matches){.list = NULL};
    if (!strpbrk(a->match, "*?[{"))
        return add(m, (struct preview_name){a->match, strlen(a->match)});
    if (a->metric && glob_match(a->glob, a->metric, a->metric_len)) {
        if (add(m, (struct preview_name){a->metric, a->metric_len}) != 0)
            return -1;
        m->first = 1;
    }
    struct glob_walk *walk = glob_walk_new(a->glob);
    int result = walk ? find_in_list(m, walk, names, until_mono_ms) : -1;
    glob_walk_free(walk);
    return result;
}

void preview_matches_fini(struct preview_matches *m)
{
    free(m->list);
    *m = (struct preview_matches){.list = NULL};
}

struct preview_name preview_matches_at(const struct preview_matches *m, size_t i)
{
    if (i < m->first)
        return m->list[i];
    size_t others = m->n - m->first;
    return m->list[m->first + (i - m->first) * spread_step(others) % others];
}
