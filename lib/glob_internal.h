/* A compiled glob: what its compiling and its running share. See glob.c for how it runs. */
#ifndef RIDGELINE_LIB_GLOB_INTERNAL_H
#define RIDGELINE_LIB_GLOB_INTERNAL_H

#include "ridgeline/glob.h"

#define GLOB_WORD_BITS 64u

struct glob_brace {
    uint16_t open, close; /* its states */
};

/* Invariants:
 *   1. the last state is the match; no other bit beyond it is set in any mask
 *   2. braces come in rising order and do not nest */
struct glob {
    char *pattern;
    unsigned n;     /* states before the match, which is the n-th */
    unsigned words; /* that hold the states */
    unsigned n_braces;
    struct glob_brace braces[GLOB_BRACES_MAX];
    /* Masks of `words` words each. */
    uint64_t *stays;  /* what takes a byte and stays, beside going on: stars */
    uint64_t *passes; /* what also goes on without a byte: stars, but for "**" */
    uint64_t *jumps;  /* what takes no byte, and leads on: "{", and the "," and "}" of a brace */
    uint64_t *begins; /* first state of each alternative */
    uint64_t *takes;  /* 256 masks: of each byte, what takes it */
};

static inline void glob_add(uint64_t *mask, unsigned state)
{
    mask[state / GLOB_WORD_BITS] |= UINT64_C(1) << state % GLOB_WORD_BITS;
}

static inline bool glob_has(const uint64_t *mask, unsigned state)
{
    return mask[state / GLOB_WORD_BITS] >> state % GLOB_WORD_BITS & 1;
}

/* Fills the masks and the braces from the pattern; all were empty, with room for a state of each byte and the match.
 * Returns 0; -1 with `*reason` at a literal that says what is wrong with it. */
int glob_compile(struct glob *g, const char **reason);

#endif
