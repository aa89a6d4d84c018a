/* Runs pickles that hold data and nothing else. Pure.
 *
 * A pickle is a program. This reader runs it opcode by opcode and knows only those
 * that build lists, tuples, strings, bytes, numbers, booleans and None, in protocols 0
 * to 5. It never imports, calls, or allocates what a length claims. */
#ifndef RIDGELINE_HORIZON_PICKLE_H
#define RIDGELINE_HORIZON_PICKLE_H

#include "pickle_heap.h"

/* All zero is a new one. */
struct pickle {
    struct pickle_heap heap;
    uint8_t *decoded; /* texts that had escapes */
    size_t decoded_n;
    const uint8_t *at, *end; /* of the program */
    size_t len;
    bool stopped;
};

void pickle_fini(struct pickle *p);

/* Runs one program; may be called again and again. On PICKLE_OK the result is on top of the heap's
 * stack; its texts point into `bytes` or into `*p`. */
enum pickle_result pickle_run(struct pickle *p, const uint8_t *bytes, size_t len);

#endif
