/* What a pickle program works on: values, the stack, the memo. Pure.
 *
 * Values live in one array and refer to each other by index; a list or tuple is a
 * chain of cells, so that one value can stand in several (the memo allows it) and
 * appending costs the same for all. Each array grows by what the program
 * does, up to PICKLE_HEAP_MAX items, never by what it claims. */
#ifndef RIDGELINE_HORIZON_PICKLE_HEAP_H
#define RIDGELINE_HORIZON_PICKLE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICKLE_HEAP_MAX (1u << 20)
#define PICKLE_HEAP_NONE UINT32_MAX /* no value, no cell */

enum pickle_result {
    PICKLE_OK,
    PICKLE_MALFORMED, /* not a pickle, cut off, or beyond a bound */
    PICKLE_FORBIDDEN, /* an opcode that could build anything but lists, tuples, strings and numbers */
    PICKLE_NO_MEMORY,
};

enum pickle_kind { PICKLE_NUMBER, PICKLE_TEXT, PICKLE_SEQUENCE, PICKLE_NOTHING };

struct pickle_value {
    enum pickle_kind kind;
    uint32_t n; /* bytes of a text, items of a sequence */
    union {
        double number;
        const uint8_t *text; /* not owned */
        struct {
            uint32_t first, last; /* cells */
        } items;
    } as;
};

struct pickle_cell {
    uint32_t value, next;
};

struct pickle_array {
    void *items;
    size_t n, cap;
};

/* All zero is an empty one. Invariants: 1. every index on the stack, in a cell or in the memo is below
 * values.n, or the mark (stack), or PICKLE_HEAP_NONE (memo). 2. every cell index is below cells.n. */
struct pickle_heap {
    struct pickle_array values, cells, stack, memo; /* pickle_value, pickle_cell, uint32_t, uint32_t */
};

void pickle_heap_fini(struct pickle_heap *h);

/* Empties it and keeps its memory. */
void pickle_heap_clear(struct pickle_heap *h);

/* What stands at the index; valid until the next push. */
const struct pickle_value *pickle_heap_value(const struct pickle_heap *h, uint32_t index);
const struct pickle_cell *pickle_heap_cell(const struct pickle_heap *h, uint32_t index);

/* The value on top of the stack; PICKLE_HEAP_NONE when there is none or a mark. */
uint32_t pickle_heap_top(const struct pickle_heap *h);

/* Each returns PICKLE_OK, or why not. A value that is pushed is new, an index that of one that is there. */
enum pickle_result pickle_heap_push(struct pickle_heap *h, uint32_t index);
enum pickle_result pickle_heap_push_value(struct pickle_heap *h, struct pickle_value v);
enum pickle_result pickle_heap_push_mark(struct pickle_heap *h);
enum pickle_result pickle_heap_pop(struct pickle_heap *h);         /* one place, or a mark */
enum pickle_result pickle_heap_pop_to_mark(struct pickle_heap *h); /* and the mark */

/* Replaces the top `n` values, or all above the last mark and the mark, by one sequence of them. */
enum pickle_result pickle_heap_gather(struct pickle_heap *h, unsigned n);
enum pickle_result pickle_heap_gather_to_mark(struct pickle_heap *h);

/* Takes the top value, or all above the last mark and the mark, off and appends them to the
 * sequence below. */
enum pickle_result pickle_heap_append(struct pickle_heap *h);
enum pickle_result pickle_heap_append_to_mark(struct pickle_heap *h);

/* Puts the top value into a place of the memo; pushes what a place holds. */
enum pickle_result pickle_heap_put(struct pickle_heap *h, uint64_t place);
enum pickle_result pickle_heap_get(struct pickle_heap *h, uint64_t place);

#endif
