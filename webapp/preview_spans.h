/* What a change of options does to anomalies: those before, those after, and which of them are the same. Pure. */
#ifndef WEBAPP_PREVIEW_SPANS_H
#define WEBAPP_PREVIEW_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct preview_span { /* one anomaly of one metric */
    uint32_t start, end; /* epoch s; the end is its last anomalous point */
    double score;
    bool open;
};

/* Those of one metric. All zero is an empty list.
 *
 * I1: in time order, start <= end, and none overlaps the next. */
struct preview_spans {
    struct preview_span *list;
    size_t n, cap;
};

/* Appends one that ends after the last. A flat run is told from its first point on, which may lie within the anomaly
 * before it: then it begins after that one here. Returns 0, or -1 when memory is out. */
int preview_spans_push(struct preview_spans *s, struct preview_span span);
void preview_spans_fini(struct preview_spans *s);

/* Drops those that ended before `from`. */
void preview_spans_since(struct preview_spans *s, uint32_t from);

/* Calls `each` for every span of `s` that shares no moment with any of `other`, in time order. Returns how many those
 * are. `each` may be NULL. */
typedef void preview_spans_each(void *context, const struct preview_span *span);
size_t preview_spans_only_in(const struct preview_spans *s, const struct preview_spans *other, preview_spans_each *each,
                             void *context);

/* The strongest of many spans of many metrics: what a reader is shown of them.
 *
 * I1: highest score first, at most PREVIEW_STRONGEST_MAX of them; of equal scores the first come stands first. */
#define PREVIEW_STRONGEST_MAX 100
struct preview_strong {
    struct preview_span span;
    const char *metric; /* not NUL-terminated; whoever noted it owns it */
    size_t metric_len;
};
struct preview_strongest {
    struct preview_strong list[PREVIEW_STRONGEST_MAX];
    size_t n;
};
void preview_strongest_note(struct preview_strongest *s, const struct preview_strong *one);

#endif
