#include "webapp/names_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/join.h"

#define OWN_PREFIX "ridgeline."

static int grow(void **items, size_t *cap, size_t need, size_t item_bytes)
{
    if (need <= *cap)
        return 0;
    size_t wanted = *cap ? *cap * 2 : 4096;
    while (wanted < need)
        wanted *= 2;
    void *bigger = realloc(*items, wanted * item_bytes);
    if (!bigger)
        return -1;
    *items = bigger;
    *cap = wanted;
    return 0;
}

int names_list_pile(struct names_pile *p, const char *name, size_t len)
{
    void *bytes = p->bytes, *starts = p->starts;
    int failed = grow(&bytes, &p->bytes_cap, p->len + len, 1);
    p->bytes = bytes;
    failed |= grow(&starts, &p->starts_cap, p->n + 1, sizeof *p->starts);
    p->starts = starts;
    if (failed)
        return -1;
    memcpy(p->bytes + p->len, name, len);
    p->starts[p->n++] = p->len;
    p->len += len;
    return 0;
}

struct span {
    const char *text;
    size_t len;
};

static int by_name(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_own(const struct span *name)
{
    static const size_t prefix = sizeof OWN_PREFIX - 1;
    return name->len > prefix && memcmp(name->text, OWN_PREFIX, prefix) == 0;
}

struct names_list *names_list_new(const struct names_pile *p)
{
    struct names_list *list = calloc(1, sizeof *list);
    struct span *spans = calloc(p->n + 1, sizeof *spans);
    char *bytes = malloc(p->len + 1);
    size_t *starts = calloc(p->n + 1, sizeof *starts);
    if (!list || !spans || !bytes || !starts)
        goto fail;
    for (size_t i = 0; i < p->n; i++)
        spans[i] = (struct span){p->bytes + p->starts[i], (i + 1 < p->n ? p->starts[i + 1] : p->len) - p->starts[i]};
    qsort(spans, p->n, sizeof *spans, by_name);
    size_t at = 0, n = 0, site = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (i && by_name(&spans[i - 1], &spans[i]) == 0)
            continue;
        memcpy(bytes + at, spans[i].text, spans[i].len);
        at += spans[i].len;
        starts[++n] = at;
        site += !is_own(&spans[i]);
    }
    free(spans);
    *list = (struct names_list){.n = n, .site = site, .bytes = bytes, .starts = starts};
    return list;
fail:
    free(starts);
    free(bytes);
    free(spans);
    free(list);
    return NULL;
}

void names_list_free(const struct names_list *list)
{
    if (!list)
        return;
    join_free(list->join);
    free((void *)(uintptr_t)list->bytes);
    free((void *)(uintptr_t)list->starts);
    free((void *)(uintptr_t)list);
}

bool names_list_same(const struct names_list *a, const struct names_list *b)
{
    return a->starts && b->starts && a->n == b->n &&
           memcmp(a->starts, b->starts, (a->n + 1) * sizeof *a->starts) == 0 &&
           memcmp(a->bytes, b->bytes, a->starts[a->n]) == 0;
}
