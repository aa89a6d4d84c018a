/* Names below one part stand together in a sorted list, so their end is found by binary search. The part's own name may
 * stand apart from them ("a", "a-b", "a.c"): the children are sorted once more, and equal ones added up. */
#include "webapp/branch.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "webapp/join.h"

struct text {
    const char *bytes;
    size_t len;
};

static struct text name_at(const struct names_list *names, size_t i)
{
    return (struct text){names->bytes + names->starts[i], names->starts[i + 1] - names->starts[i]};
}

static int compare(struct text a, struct text b)
{
    int order = memcmp(a.bytes, b.bytes, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool begins_with(struct text name, struct text start)
{
    return name.len >= start.len && memcmp(name.bytes, start.bytes, start.len) == 0;
}

/* The first of `from`..n that is not before `start`; or, if `behind`, that lies behind all that begin with it. */
static size_t find(const struct names_list *names, size_t from, struct text start, bool behind)
{
    size_t low = from, high = names->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct text name = name_at(names, middle);
        if (behind && begins_with(name, start) ? true : compare(name, start) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Length of `name` up to the end of the part that begins at `at`. */
static size_t part_end(struct text name, size_t at)
{
    for (size_t i = at; i < name.len && name.bytes[i] != ';'; i++)
        if (name.bytes[i] == '.' && i > at)
            return i;
    return name.len;
}

static void count(struct branch_child *c, const struct names_list *names, size_t from, size_t until)
{
    c->metrics += until - from;
    for (size_t i = from; i < until; i++) {
        int state = join_state(names->join, i);
        if (state != ROSTER_UNKNOWN)
            c->in_state[state]++;
    }
}

static struct branch_child *add(struct branch *b, size_t *cap)
{
    if (b->n == *cap) {
        size_t wanted = *cap ? 2 * *cap : 64;
        struct branch_child *bigger = realloc(b->children, wanted * sizeof *bigger);
        if (!bigger)
            return NULL;
        b->children = bigger;
        *cap = wanted;
    }
    return &b->children[b->n++];
}

static int by_part(const void *a, const void *b)
{
    const struct branch_child *x = a, *y = b;
    return compare((struct text){x->name, x->name_len}, (struct text){y->name, y->name_len});
}

/* Sorts, and makes one of a part that is a name and has names below it. */
static void merge(struct branch *b)
{
    size_t n = 0;
    if (b->n)
        qsort(b->children, b->n, sizeof *b->children, by_part);
    for (size_t i = 0; i < b->n; i++) {
        struct branch_child *last = n ? &b->children[n - 1] : NULL, *c = &b->children[i];
        if (!last || by_part(last, c) != 0) {
            b->children[n++] = *c;
            continue;
        }
        last->leaf |= c->leaf;
        last->metrics += c->metrics;
        for (size_t state = 0; state < ENGINE_STATES; state++)
            last->in_state[state] += c->in_state[state];
    }
    b->n = n;
}

int branch_read(struct branch *b, const struct names_list *names, const char *prefix, size_t prefix_len)
{
    char start[KEYS_NAME_MAX + 1];
    size_t part_at = 0, cap = 0;
    *b = (struct branch){.children = NULL};
    if (prefix_len > KEYS_NAME_MAX)
        return 0;
    if (prefix_len > 0) {
        memcpy(start, prefix, prefix_len);
        start[prefix_len] = '.';
        part_at = prefix_len + 1;
    }
    size_t end = find(names, 0, (struct text){start, part_at}, true);
    for (size_t i = find(names, 0, (struct text){start, part_at}, false), next; i < end; i = next) {
        struct text name = name_at(names, i);
        size_t len = part_end(name, part_at);
        struct branch_child *c = add(b, &cap);
        if (!c)
            return -1;
        *c = (struct branch_child){.name = name.bytes, .name_len = len, .part_at = part_at, .leaf = len == name.len};
        /* "a.b" is looked for as "a.b.": what begins with "a.b-" is another part. */
        next = c->leaf ? i + 1 : find(names, i, (struct text){name.bytes, len + 1}, true);
        count(c, names, i, next);
    }
    merge(b);
    return 0;
}

void branch_fini(struct branch *b)
{
    free(b->children);
    *b = (struct branch){.children = NULL};
}
