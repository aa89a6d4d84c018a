#include "webapp/ring.h"

#include <stdlib.h>
#include <string.h>

int ring_init(struct ring *r, size_t cap, size_t max_bytes, uint64_t first_id)
{
    *r = (struct ring){.cap = cap, .max_bytes = max_bytes, .next_id = first_id};
    r->entries = calloc(cap, sizeof *r->entries);
    return r->entries ? 0 : -1;
}

static void drop_oldest(struct ring *r)
{
    struct ring_entry *e = &r->entries[r->oldest];
    r->bytes -= e->len;
    free(e->text);
    *e = (struct ring_entry){0};
    r->oldest = (r->oldest + 1) % r->cap;
    r->n--;
}

static void drop_all(struct ring *r)
{
    while (r->n)
        drop_oldest(r);
}

void ring_fini(struct ring *r)
{
    drop_all(r);
    free(r->entries);
    *r = (struct ring){0};
}

uint64_t ring_push(struct ring *r, const char *text, size_t len)
{
    char *copy = len <= r->max_bytes ? malloc(len + 1) : NULL;
    uint64_t id = r->next_id++;
    if (!copy) {
        drop_all(r); /* I1: what stays must be without a gap */
        return 0;
    }
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    while (r->n && (r->n == r->cap || r->bytes + len > r->max_bytes))
        drop_oldest(r);
    r->entries[(r->oldest + r->n) % r->cap] = (struct ring_entry){.text = copy, .len = len};
    r->n++;
    r->bytes += len;
    return id;
}

uint64_t ring_newest(const struct ring *r)
{
    return r->next_id - 1;
}

enum ring_next ring_next(const struct ring *r, uint64_t *seen, const struct ring_entry **entry)
{
    uint64_t newest = ring_newest(r);
    if (*seen == newest)
        return RING_NONE;
    uint64_t behind = newest - *seen; /* entries the reader has not seen */
    if (*seen > newest || behind > r->n) {
        *seen = newest;
        return RING_LOST;
    }
    *entry = &r->entries[(r->oldest + r->n - behind) % r->cap];
    ++*seen;
    return RING_ENTRY;
}
