/* A mark is a place on the stack of its own kind; no operation takes values from
 * below the last one, and none takes the mark for a value. */
#include "pickle_heap.h"

#include <assert.h>
#include <stdlib.h>

#define MARK (UINT32_MAX - 1)
#define FIRST_CAP 1024

/* Room for one more item. NULL when there is none: at the bound, or memory is out. */
static void *array_add(struct pickle_array *a, size_t item_bytes)
{
    if (a->n == PICKLE_HEAP_MAX)
        return NULL;
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : FIRST_CAP;
        void *items = realloc(a->items, cap * item_bytes);
        if (!items)
            return NULL;
        a->items = items;
        a->cap = cap;
    }
    return (char *)a->items + a->n++ * item_bytes;
}

static enum pickle_result no_room(const struct pickle_array *a)
{
    return a->n == PICKLE_HEAP_MAX ? PICKLE_MALFORMED : PICKLE_NO_MEMORY;
}

static struct pickle_value *value_at(const struct pickle_heap *h, uint32_t index)
{
    assert(index < h->values.n);
    return (struct pickle_value *)h->values.items + index;
}

static struct pickle_cell *cell_at(const struct pickle_heap *h, uint32_t index)
{
    assert(index < h->cells.n);
    return (struct pickle_cell *)h->cells.items + index;
}

static uint32_t *stack_at(const struct pickle_heap *h, size_t place)
{
    return (uint32_t *)h->stack.items + place;
}

void pickle_heap_fini(struct pickle_heap *h)
{
    free(h->values.items);
    free(h->cells.items);
    free(h->stack.items);
    free(h->memo.items);
    *h = (struct pickle_heap){0};
}

void pickle_heap_clear(struct pickle_heap *h)
{
    h->values.n = h->cells.n = h->stack.n = h->memo.n = 0;
}

const struct pickle_value *pickle_heap_value(const struct pickle_heap *h, uint32_t index)
{
    return value_at(h, index);
}

const struct pickle_cell *pickle_heap_cell(const struct pickle_heap *h, uint32_t index)
{
    return cell_at(h, index);
}

uint32_t pickle_heap_top(const struct pickle_heap *h)
{
    uint32_t index = h->stack.n > 0 ? *stack_at(h, h->stack.n - 1) : MARK;
    return index == MARK ? PICKLE_HEAP_NONE : index;
}

enum pickle_result pickle_heap_push(struct pickle_heap *h, uint32_t index)
{
    uint32_t *place = array_add(&h->stack, sizeof *place);
    if (!place)
        return no_room(&h->stack);
    *place = index;
    return PICKLE_OK;
}

enum pickle_result pickle_heap_push_value(struct pickle_heap *h, struct pickle_value v)
{
    struct pickle_value *place = array_add(&h->values, sizeof *place);
    if (!place)
        return no_room(&h->values);
    *place = v;
    return pickle_heap_push(h, (uint32_t)(h->values.n - 1));
}

enum pickle_result pickle_heap_push_mark(struct pickle_heap *h)
{
    return pickle_heap_push(h, MARK);
}

enum pickle_result pickle_heap_pop(struct pickle_heap *h)
{
    if (h->stack.n == 0)
        return PICKLE_MALFORMED;
    h->stack.n--;
    return PICKLE_OK;
}

/* The place of the last mark, or SIZE_MAX. */
static size_t last_mark(const struct pickle_heap *h)
{
    for (size_t i = h->stack.n; i > 0; i--)
        if (*stack_at(h, i - 1) == MARK)
            return i - 1;
    return SIZE_MAX;
}

enum pickle_result pickle_heap_pop_to_mark(struct pickle_heap *h)
{
    size_t mark = last_mark(h);
    if (mark == SIZE_MAX)
        return PICKLE_MALFORMED;
    h->stack.n = mark;
    return PICKLE_OK;
}

/* Appends the values from place `from` up to a sequence; the stack stays. */
static enum pickle_result append_from(struct pickle_heap *h, uint32_t sequence, size_t from)
{
    for (size_t i = from; i < h->stack.n; i++) {
        struct pickle_cell *cell = array_add(&h->cells, sizeof *cell);
        if (!cell)
            return no_room(&h->cells);
        *cell = (struct pickle_cell){.value = *stack_at(h, i), .next = PICKLE_HEAP_NONE};
        uint32_t index = (uint32_t)(h->cells.n - 1);
        struct pickle_value *v = value_at(h, sequence);
        if (v->n++ == 0)
            v->as.items.first = index;
        else
            cell_at(h, v->as.items.last)->next = index;
        v->as.items.last = index;
    }
    return PICKLE_OK;
}

/* A sequence of the values from place `from` up, pushed in their stead when the stack is cut to `keep`. */
static enum pickle_result gather_from(struct pickle_heap *h, size_t from, size_t keep)
{
    struct pickle_value *v = array_add(&h->values, sizeof *v);
    if (!v)
        return no_room(&h->values);
    *v = (struct pickle_value){.kind = PICKLE_SEQUENCE, .as.items = {PICKLE_HEAP_NONE, PICKLE_HEAP_NONE}};
    uint32_t sequence = (uint32_t)(h->values.n - 1);
    enum pickle_result result = append_from(h, sequence, from);
    h->stack.n = keep;
    return result == PICKLE_OK ? pickle_heap_push(h, sequence) : result;
}

enum pickle_result pickle_heap_gather(struct pickle_heap *h, unsigned n)
{
    if (h->stack.n < n)
        return PICKLE_MALFORMED;
    size_t from = h->stack.n - n;
    for (size_t i = from; i < h->stack.n; i++)
        if (*stack_at(h, i) == MARK)
            return PICKLE_MALFORMED;
    return gather_from(h, from, from);
}

enum pickle_result pickle_heap_gather_to_mark(struct pickle_heap *h)
{
    size_t mark = last_mark(h);
    return mark == SIZE_MAX ? PICKLE_MALFORMED : gather_from(h, mark + 1, mark);
}

/* Appends from place `from` to the sequence at place `below`, and cuts the stack above that. */
static enum pickle_result append_to(struct pickle_heap *h, size_t below, size_t from)
{
    uint32_t sequence = *stack_at(h, below);
    if (sequence == MARK || value_at(h, sequence)->kind != PICKLE_SEQUENCE)
        return PICKLE_MALFORMED;
    enum pickle_result result = append_from(h, sequence, from);
    h->stack.n = below + 1;
    return result;
}

enum pickle_result pickle_heap_append(struct pickle_heap *h)
{
    if (h->stack.n < 2 || pickle_heap_top(h) == PICKLE_HEAP_NONE)
        return PICKLE_MALFORMED;
    return append_to(h, h->stack.n - 2, h->stack.n - 1);
}

enum pickle_result pickle_heap_append_to_mark(struct pickle_heap *h)
{
    size_t mark = last_mark(h);
    return mark == SIZE_MAX || mark == 0 ? PICKLE_MALFORMED : append_to(h, mark - 1, mark + 1);
}

enum pickle_result pickle_heap_put(struct pickle_heap *h, uint64_t place)
{
    uint32_t top = pickle_heap_top(h);
    if (top == PICKLE_HEAP_NONE || place >= PICKLE_HEAP_MAX)
        return PICKLE_MALFORMED;
    while (h->memo.n <= place) {
        uint32_t *empty = array_add(&h->memo, sizeof *empty);
        if (!empty)
            return no_room(&h->memo);
        *empty = PICKLE_HEAP_NONE;
    }
    ((uint32_t *)h->memo.items)[place] = top;
    return PICKLE_OK;
}

enum pickle_result pickle_heap_get(struct pickle_heap *h, uint64_t place)
{
    uint32_t index = place < h->memo.n ? ((uint32_t *)h->memo.items)[place] : PICKLE_HEAP_NONE;
    return index == PICKLE_HEAP_NONE ? PICKLE_MALFORMED : pickle_heap_push(h, index);
}
