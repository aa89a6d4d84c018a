/* One pass over the anomalies fills the cells of every group, however many there are, and notes which metric each was
 * of. The strongest groups are told; how many metrics a group has comes of sorting the notes. */
#include "webapp/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/budget.h"
#include "ridgeline/keys.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(row) ((row)->is_lost = true)
#include "ridgeline/seeded_uthash.h"

struct row {
    UT_hash_handle hh; /* by name */
    const char *name;  /* `bytes`, of name_len bytes */
    size_t name_len;
    size_t metrics;
    unsigned strongest;
    bool is_lost, leaf;
    uint8_t *cells; /* behind the name */
    char bytes[];
};

/* That a group has an anomaly of the metric with this hash. */
struct note {
    struct row *row;
    uint64_t metric;
};

struct lanes {
    struct lanes_frame frame;
    struct row *rows;
    struct note *notes;
    size_t n, cap;
    bool failed; /* memory was out */
};

struct lanes *lanes_new(const struct lanes_frame *frame)
{
    struct lanes *l = calloc(1, sizeof *l);
    if (l)
        l->frame = *frame;
    return l;
}

void lanes_free(struct lanes *l)
{
    if (!l)
        return;
    struct row *row, *next;
    HASH_ITER (hh, l->rows, row, next) {
        HASH_DEL(l->rows, row);
        free(row);
    }
    free(l->notes);
    free(l);
}

static bool ends_part(const char *metric, size_t len, size_t at)
{
    return at == len || metric[at] == '.' || metric[at] == ';';
}

bool lanes_is_below(const char *metric, size_t len, const char *prefix, size_t prefix_len)
{
    if (prefix_len == 0)
        return true;
    return len >= prefix_len && memcmp(metric, prefix, prefix_len) == 0 && ends_part(metric, len, prefix_len);
}

size_t lanes_group(const char *metric, size_t len, size_t prefix_len, unsigned depth)
{
    size_t at = prefix_len;
    if (at > 0 && at < len && metric[at] == '.')
        at++;
    while (at < len && metric[at] != ';' && depth > 0) {
        if (metric[at] == '.' && --depth == 0)
            break;
        at++;
    }
    return at;
}

static struct row *row_of(struct lanes *l, const char *name, size_t len)
{
    struct row *row;
    HASH_FIND(hh, l->rows, name, len, row);
    if (row)
        return row;
    row = calloc(1, sizeof *row + len + l->frame.slots);
    if (!row)
        return NULL;
    if (len)
        memcpy(row->bytes, name, len);
    row->name = row->bytes;
    row->name_len = len;
    row->cells = (uint8_t *)row->bytes + len;
    row->leaf = true;
    HASH_ADD_KEYPTR(hh, l->rows, row->name, len, row);
    if (!row->is_lost)
        return row;
    free(row);
    return NULL;
}

static int note(struct lanes *l, struct row *row, uint64_t metric)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        struct note *bigger = realloc(l->notes, cap * sizeof *bigger);
        if (!bigger)
            return -1;
        l->notes = bigger;
        l->cap = cap;
    }
    l->notes[l->n++] = (struct note){row, metric};
    return 0;
}

static void colour(const struct lanes_frame *f, struct row *row, uint32_t start, uint32_t end, unsigned score)
{
    unsigned first = start > f->from ? (start - f->from) / f->slot_s : 0;
    uint32_t last = (end - f->from) / f->slot_s;
    for (unsigned i = first; i <= last && i < f->slots; i++) {
        if (score > row->cells[i])
            row->cells[i] = (uint8_t)score;
    }
    if (score > row->strongest)
        row->strongest = score;
}

void lanes_add(struct lanes *l, const char *metric, size_t len, uint32_t start, uint32_t end, double score)
{
    const struct lanes_frame *f = &l->frame;
    uint64_t until = (uint64_t)f->from + (uint64_t)f->slot_s * f->slots;
    int level = budget_level(score);
    if (end < f->from || start >= until || !lanes_is_below(metric, len, f->prefix, f->prefix_len))
        return;
    size_t group = lanes_group(metric, len, f->prefix_len, f->depth);
    struct row *row = row_of(l, metric, group);
    if (!row || note(l, row, keys_hash(metric, len)) != 0) {
        l->failed = true;
        return;
    }
    row->leaf &= group == len;
    colour(f, row, start, end, level > 0 ? (unsigned)level : 1);
}

static int by_row_and_metric(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    uintptr_t row_x = (uintptr_t)x->row, row_y = (uintptr_t)y->row;
    if (row_x != row_y)
        return (row_x > row_y) - (row_x < row_y);
    return (x->metric > y->metric) - (x->metric < y->metric);
}

static void count_metrics(struct lanes *l)
{
    if (l->n)
        qsort(l->notes, l->n, sizeof *l->notes, by_row_and_metric);
    for (size_t i = 0; i < l->n; i++) {
        if (i == 0 || by_row_and_metric(&l->notes[i - 1], &l->notes[i]) != 0)
            l->notes[i].row->metrics++;
    }
    l->n = 0;
}

static int strongest_first(const struct row *x, const struct row *y)
{
    if (x->strongest != y->strongest)
        return x->strongest < y->strongest ? 1 : -1;
    if (x->metrics != y->metrics)
        return x->metrics < y->metrics ? 1 : -1;
    size_t len = x->name_len < y->name_len ? x->name_len : y->name_len;
    int by_name = memcmp(x->name, y->name, len);
    return by_name ? by_name : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

static json_t *row_json(const struct row *row, unsigned slots)
{
    json_t *cells = json_array();
    for (unsigned i = 0; i < slots; i++)
        json_array_append_new(cells, json_integer(row->cells[i]));
    return json_pack("{s:s%,s:b,s:I,s:o}", "prefix", row->name, row->name_len, "leaf", row->leaf, "metrics",
                     (json_int_t)row->metrics, "cells", cells);
}

json_t *lanes_to_json(struct lanes *l, size_t *total)
{
    json_t *array = json_array();
    size_t left = LANES_ROWS_MAX;
    if (l->failed || !array) {
        json_decref(array);
        return NULL;
    }
    count_metrics(l);
    HASH_SORT(l->rows, strongest_first);
    *total = HASH_COUNT(l->rows);
    for (const struct row *row = l->rows; row && left > 0; row = row->hh.next, left--)
        json_array_append_new(array, row_json(row, l->frame.slots));
    return array;
}
