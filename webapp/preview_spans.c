#include "webapp/preview_spans.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* I1, in debug builds, where the last one has come to its end. */
static void spans_assert(const struct preview_spans *s)
{
#ifdef RIDGELINE_DEBUG
    for (size_t i = 0; i < s->n; i++) {
        assert(s->list[i].start <= s->list[i].end);
        assert(i == 0 || s->list[i - 1].end < s->list[i].start);
    }
#else
    (void)s;
#endif
}

int preview_spans_push(struct preview_spans *s, struct preview_span span)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        struct preview_span *bigger = realloc(s->list, cap * sizeof *bigger);
        if (!bigger)
            return -1;
        s->list = bigger;
        s->cap = cap;
    }
    if (s->n && span.start <= s->list[s->n - 1].end)
        span.start = s->list[s->n - 1].end + 1;
    s->list[s->n++] = span;
    return 0;
}

void preview_spans_fini(struct preview_spans *s)
{
    free(s->list);
    *s = (struct preview_spans){.list = NULL};
}

void preview_spans_since(struct preview_spans *s, uint32_t from)
{
    size_t old = 0;
    while (old < s->n && s->list[old].end < from)
        old++;
    if (old == 0)
        return;
    memmove(s->list, s->list + old, (s->n - old) * sizeof *s->list);
    s->n -= old;
}

/* Both lists are in time order, so `o` never has to go back. */
size_t preview_spans_only_in(const struct preview_spans *s, const struct preview_spans *other, preview_spans_each *each,
                             void *context)
{
    size_t found = 0, o = 0;
    spans_assert(s);
    spans_assert(other);
    for (size_t i = 0; i < s->n; i++) {
        const struct preview_span *span = &s->list[i];
        while (o < other->n && other->list[o].end < span->start)
            o++;
        if (o < other->n && other->list[o].start <= span->end)
            continue;
        found++;
        if (each)
            each(context, span);
    }
    return found;
}

void preview_strongest_note(struct preview_strongest *s, const struct preview_strong *one)
{
    size_t at = s->n;
    while (at > 0 && s->list[at - 1].span.score < one->span.score)
        at--;
    if (at == PREVIEW_STRONGEST_MAX)
        return;
    s->n += s->n < PREVIEW_STRONGEST_MAX;
    memmove(s->list + at + 1, s->list + at, (s->n - at - 1) * sizeof *s->list);
    s->list[at] = *one;
}
