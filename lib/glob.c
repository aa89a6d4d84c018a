/* Globs, run as sets of states that are bits of words.
 *
 * Each byte of a pattern makes at most one state, which stands for the rest of the pattern from there on. For each
 * byte a name may hold, one mask tells which states take it: so a byte of a name moves all states at once, by a shift
 * of as many words as hold them (shift-and; Baeza-Yates and Gonnet, CACM 35(10), 1992). What passes control on without
 * taking a byte does so forward only: a star to the state behind it, "{" to the begin of each alternative, "," and "}"
 * to what is behind the brace. One sweep in rising order settles all of these, so there is no stack and no retry, and
 * what a byte costs is bounded (GLOB_STEPS_MAX), whatever the pattern. A walk remembers the states after each byte of
 * the last name, so that of sorted names only what differs is run. */
#include "glob_internal.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BITS GLOB_WORD_BITS
#define WORDS_MAX (GLOB_MAX / WORD_BITS + 1)

/* Room for a pattern of `len` bytes, with all masks empty. */
static struct glob *allocate(const char *pattern, size_t len)
{
    struct glob *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->words = (unsigned)(len / WORD_BITS + 1);
    g->pattern = strdup(pattern);
    g->stays = calloc((size_t)g->words * (4 + UINT8_MAX + 1), sizeof *g->stays);
    if (g->pattern == NULL || g->stays == NULL) {
        glob_free(g);
        return NULL;
    }
    g->passes = g->stays + g->words;
    g->jumps = g->passes + g->words;
    g->begins = g->jumps + g->words;
    g->takes = g->begins + g->words;
    return g;
}

struct glob *glob_new(const char *pattern, const char **reason)
{
    const char *ignored;
    struct glob *g;
    size_t len = strlen(pattern);
    if (reason == NULL)
        reason = &ignored;
    if (len == 0 || len > GLOB_MAX) {
        *reason = len == 0 ? "an empty pattern" : "a pattern of more than 512 bytes";
        return NULL;
    }
    *reason = "out of memory";
    g = allocate(pattern, len);
    if (g == NULL || glob_compile(g, reason) < 0) {
        glob_free(g);
        return NULL;
    }
    return g;
}

void glob_free(struct glob *g)
{
    if (g == NULL)
        return;
    free(g->pattern);
    free(g->stays);
    free(g);
}

const char *glob_pattern(const struct glob *g)
{
    return g->pattern;
}

/* The bits behind one of a word. */
static uint64_t behind(unsigned bit)
{
    return UINT64_MAX << bit << 1;
}

/* Makes the begin of each alternative live. */
static void enter(const struct glob *g, const struct glob_brace *b, uint64_t *live, uint64_t *steps)
{
    unsigned first = b->open / WORD_BITS, last = b->close / WORD_BITS;
    for (unsigned w = first; w <= last; w++) {
        uint64_t within = w == first ? behind(b->open % WORD_BITS) : UINT64_MAX;
        if (w == last)
            within &= ~behind(b->close % WORD_BITS);
        live[w] |= g->begins[w] & within;
        ++*steps;
    }
}

/* Makes live what is reached without taking a byte. All ends of a brace lead to one place, so of those in a word only
 * the first is followed. Returns whether any state is live. */
static bool settle(const struct glob *g, uint64_t *live, uint64_t *steps)
{
    const struct glob_brace *b = g->braces;
    uint64_t any = 0;
    for (unsigned w = 0; w < g->words; w++) {
        uint64_t ahead = UINT64_MAX; /* of this word, what was not passed yet */
        for (;;) {
            live[w] |= (live[w] & g->passes[w]) << 1;
            uint64_t jumps = live[w] & g->jumps[w] & ahead;
            if (jumps == 0)
                break;
            unsigned state = w * WORD_BITS + (unsigned)__builtin_ctzll(jumps);
            while (b->close < state)
                b++;
            ++*steps;
            if (state == b->open) {
                enter(g, b, live, steps);
                ahead = behind(state % WORD_BITS);
            } else {
                glob_add(live, b->close + 1u);
                ahead = b->close / WORD_BITS > w ? 0 : behind(b->close % WORD_BITS);
            }
        }
        if (live[w] & g->passes[w] & UINT64_C(1) << (WORD_BITS - 1))
            live[w + 1] |= 1; /* there is one: a star is not the match */
        any |= live[w];
        ++*steps;
    }
    return any != 0;
}

static void begin(const struct glob *g, uint64_t *live, uint64_t *steps)
{
    memset(live, 0, g->words * sizeof *live);
    glob_add(live, 0);
    settle(g, live, steps);
}

/* The states behind `byte`. Returns whether any is live. */
static bool take(const struct glob *g, const uint64_t *now, uint64_t *next, uint8_t byte, uint64_t *steps)
{
    const uint64_t *takes = g->takes + byte * g->words;
    uint64_t carry = 0;
    for (unsigned w = 0; w < g->words; w++) {
        uint64_t taken = now[w] & takes[w];
        next[w] = taken << 1 | carry | (taken & g->stays[w]);
        carry = taken >> (WORD_BITS - 1);
    }
    return settle(g, next, steps);
}

bool glob_match(const struct glob *g, const char *name, size_t len)
{
    uint64_t states[2][WORDS_MAX], steps = 0;
    uint64_t *now = states[0], *next = states[1];
    bool live = true;
    begin(g, now, &steps);
    for (size_t i = 0; i < len && live; i++) {
        uint64_t *before = now;
        live = take(g, now, next, (uint8_t)name[i], &steps);
        now = next;
        next = before;
    }
    return live && glob_has(now, g->n);
}

/* Invariant: the states after each of the first `known` bytes of `name`, 0 to `known`, stand in `states`; if `dead`,
 * none is live after the last of these. */
struct glob_walk {
    const struct glob *g;
    const char *name; /* the last one; NULL before the first */
    size_t known;
    bool dead;
    uint64_t steps;
    uint64_t states[]; /* (GLOB_WALK_NAME_MAX + 1) * words */
};

struct glob_walk *glob_walk_new(const struct glob *g)
{
    struct glob_walk *w = malloc(sizeof *w + (GLOB_WALK_NAME_MAX + 1) * g->words * sizeof *w->states);
    if (w == NULL)
        return NULL;
    *w = (struct glob_walk){.g = g};
    begin(g, w->states, &w->steps);
    return w;
}

void glob_walk_free(struct glob_walk *w)
{
    free(w);
}

/* Goes back to what the last name shares with this one. */
static void go_back(struct glob_walk *w, const char *name, size_t len)
{
    size_t shared = 0, most = w->known < len ? w->known : len;
    while (shared < most && name[shared] == w->name[shared])
        shared++;
    w->dead = w->dead && shared == w->known;
    w->known = shared;
}

bool glob_walk_match(struct glob_walk *w, const char *name, size_t len)
{
    go_back(w, name, len <= GLOB_WALK_NAME_MAX ? len : 0);
    w->name = name;
    if (len > GLOB_WALK_NAME_MAX)
        return glob_match(w->g, name, len);
    for (; w->known < len && !w->dead; w->known++) {
        uint64_t *now = w->states + w->known * w->g->words;
        w->dead = !take(w->g, now, now + w->g->words, (uint8_t)name[w->known], &w->steps);
    }
    return !w->dead && glob_has(w->states + len * w->g->words, w->g->n);
}

uint64_t glob_walk_steps(const struct glob_walk *w)
{
    return w->steps;
}
