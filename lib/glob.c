/* Globs, compiled to a small program and run as a set of states.
 *
 * Each step of the program takes one byte or passes control forward, never
 * back; a star stays where it is. So one sweep over the steps in rising order
 * settles all states for one byte of the name, with no stack and no retries:
 * "a*a*a*a*b" costs pattern * name steps at worst. Only the stretch of the
 * program between the lowest and the highest live state is swept, which is one
 * step for plain text. */
#include "ridgeline/glob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum op {
    OP_BYTE,  /* takes `byte` */
    OP_ANY,   /* takes any byte but a dot */
    OP_CLASS, /* takes a byte of classes[target] */
    OP_STAR,  /* takes any byte but a dot and stays, or passes on */
    OP_DEEP,  /* takes any byte and stays, or takes any byte and passes on */
    OP_FORK,  /* goes on after it and at `target` */
    OP_JUMP,  /* goes on at `target` */
    OP_MATCH, /* the last one */
};

struct step {
    uint8_t op, byte;
    uint16_t target;
};

struct class {
    uint8_t bits[32];
};

/* Every byte of a pattern makes at most two steps (a comma: JUMP and FORK). */
#define STEPS_MAX (2 * GLOB_MAX + 1)

struct glob {
    char *pattern;
    struct step *steps; /* targets lie ahead of the step that names them */
    struct class *classes;
    uint16_t n_steps, n_classes;
};

/* The compiler's place in the pattern. `fork` is the open alternative's FORK and
 * `jumps` chains the JUMPs, through their targets, that will go to the closing brace. */
#define NONE UINT16_MAX
struct compiler {
    struct glob *g;
    const char *p;
    uint16_t fork, jumps;
    bool in_braces;
    const char *reason;
};

static int fail(struct compiler *c, const char *reason)
{
    c->reason = reason;
    return -1;
}

static uint16_t emit(struct compiler *c, enum op op, char byte, uint16_t target)
{
    struct glob *g = c->g;
    g->steps[g->n_steps] = (struct step){.op = (uint8_t)op, .byte = (uint8_t)byte, .target = target};
    return g->n_steps++;
}

static bool class_holds(const struct class *class, uint8_t byte)
{
    return class->bits[byte >> 3] >> (byte & 7) & 1;
}

/* Compiles the class whose '[' is at c->p and moves behind its ']'. */
static int compile_class(struct compiler *c)
{
    struct class *class = &c->g->classes[c->g->n_classes];
    const char *p = c->p + 1;
    bool inverted = *p == '!';
    p += inverted;
    for (const char *first = p; *p != ']' || p == first; p++) {
        uint8_t low = (uint8_t)*p, high = low;
        if (*p == '\0')
            return fail(c, "unclosed [");
        if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
            high = (uint8_t)p[2];
            p += 2;
        }
        if (low > high)
            return fail(c, "a range in [] that runs backwards");
        if (low == '.' || high == '.')
            return fail(c, "a dot in []: it matches within one part of a name");
        for (unsigned byte = low; byte <= high; byte++)
            class->bits[byte >> 3] |= (uint8_t)(1u << (byte & 7));
    }
    if (inverted)
        for (size_t i = 0; i < sizeof class->bits; i++)
            class->bits[i] = (uint8_t)~class->bits[i];
    class->bits['.' >> 3] &= (uint8_t)~(1u << ('.' & 7));
    emit(c, OP_CLASS, 0, c->g->n_classes++);
    c->p = p + 1;
    return 0;
}

static void end_alternative(struct compiler *c)
{
    c->jumps = emit(c, OP_JUMP, 0, c->jumps);
    c->g->steps[c->fork].target = c->g->n_steps;
}

/* "{a,b,c}" becomes FORK a JUMP FORK b JUMP c. */
static int compile_brace(struct compiler *c)
{
    switch (*c->p++) {
    case '{':
        if (c->in_braces)
            return fail(c, "a { within {}");
        c->in_braces = true;
        c->jumps = NONE;
        c->fork = emit(c, OP_FORK, 0, NONE);
        return 0;
    case ',':
        end_alternative(c);
        c->fork = emit(c, OP_FORK, 0, NONE);
        return 0;
    default:
        if (!c->in_braces)
            return fail(c, "a } without its {");
        /* The last alternative's FORK has nowhere else to go: both ways lead into it. */
        c->g->steps[c->fork].target = (uint16_t)(c->fork + 1);
        while (c->jumps != NONE) {
            uint16_t next = c->g->steps[c->jumps].target;
            c->g->steps[c->jumps].target = c->g->n_steps;
            c->jumps = next;
        }
        c->in_braces = false;
        return 0;
    }
}

static int compile_next(struct compiler *c)
{
    char byte = *c->p;
    if (byte == '[')
        return compile_class(c);
    if (byte == '{' || byte == '}' || (byte == ',' && c->in_braces))
        return compile_brace(c);
    if ((uint8_t)byte < ' ' || byte == 0x7f)
        return fail(c, "a control character");
    c->p++;
    if (byte == '*' && *c->p == '*') {
        c->p++;
        emit(c, OP_DEEP, 0, 0);
    } else if (byte == '*') {
        emit(c, OP_STAR, 0, 0);
    } else if (byte == '?') {
        emit(c, OP_ANY, 0, 0);
    } else {
        emit(c, OP_BYTE, byte, 0);
    }
    return 0;
}

static int compile(struct glob *g, const char **reason)
{
    struct compiler c = {.g = g, .p = g->pattern};
    while (*c.p != '\0')
        if (compile_next(&c) < 0) {
            *reason = c.reason;
            return -1;
        }
    if (c.in_braces) {
        *reason = "unclosed {";
        return -1;
    }
    emit(&c, OP_MATCH, 0, 0);
    return 0;
}

static size_t count_bytes(const char *text, char byte)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == byte;
    return n;
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
    g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->pattern = strdup(pattern);
    g->steps = calloc(2 * len + 1, sizeof *g->steps);
    g->classes = calloc(count_bytes(pattern, '[') + 1, sizeof *g->classes);
    if (g->pattern == NULL || g->steps == NULL || g->classes == NULL || compile(g, reason) < 0) {
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
    free(g->steps);
    free(g->classes);
    free(g);
}

const char *glob_pattern(const struct glob *g)
{
    return g->pattern;
}

/* Live states before and after one byte. All bytes of `now` and `next` outside
 * low..high and next_low..next_high are zero. */
struct run {
    uint8_t sets[2][STEPS_MAX];
    uint8_t *now, *next;
    unsigned low, high, next_low, next_high;
};

static void add_now(struct run *r, unsigned step)
{
    r->now[step] = 1;
    if (step > r->high)
        r->high = step;
}

static void add_next(struct run *r, unsigned step)
{
    r->next[step] = 1;
    if (step < r->next_low)
        r->next_low = step;
    if (step > r->next_high)
        r->next_high = step;
}

/* Takes `byte` in the live state `i`, which may also pass control forward. */
static void take(const struct glob *g, struct run *r, unsigned i, uint8_t byte)
{
    const struct step *step = &g->steps[i];
    switch (step->op) {
    case OP_BYTE:
        if (byte == step->byte)
            add_next(r, i + 1);
        break;
    case OP_ANY:
        if (byte != '.')
            add_next(r, i + 1);
        break;
    case OP_CLASS:
        if (class_holds(&g->classes[step->target], byte))
            add_next(r, i + 1);
        break;
    case OP_STAR:
        if (byte != '.')
            add_next(r, i);
        add_now(r, i + 1);
        break;
    case OP_DEEP:
        add_next(r, i);
        add_next(r, i + 1);
        break;
    case OP_FORK:
        add_now(r, i + 1);
        add_now(r, step->target);
        break;
    case OP_JUMP:
        add_now(r, step->target);
        break;
    case OP_MATCH:
        break;
    }
}

/* Makes the states after a byte the live ones. */
static void advance(struct run *r)
{
    uint8_t *swept = r->now;
    r->now = r->next;
    r->next = swept;
    r->low = r->next_low;
    r->high = r->next_high;
    r->next_low = STEPS_MAX;
    r->next_high = 0;
}

/* Whether the end can be reached from the live states without taking a byte. */
static bool reaches_end(const struct glob *g, struct run *r)
{
    for (unsigned i = r->low; i <= r->high; i++) {
        const struct step *step = &g->steps[i];
        if (!r->now[i])
            continue;
        if (step->op == OP_MATCH)
            return true;
        if (step->op == OP_STAR || step->op == OP_FORK)
            add_now(r, i + 1);
        if (step->op == OP_FORK || step->op == OP_JUMP)
            add_now(r, step->target);
    }
    return false;
}

bool glob_match(const struct glob *g, const char *name, size_t len)
{
    struct run r;
    r.now = r.sets[0];
    r.next = r.sets[1];
    memset(r.now, 0, g->n_steps);
    memset(r.next, 0, g->n_steps);
    r.next_low = STEPS_MAX;
    r.next_high = 0;
    r.low = r.high = 0;
    r.now[0] = 1;
    for (size_t k = 0; k < len && r.low <= r.high; k++) {
        for (unsigned i = r.low; i <= r.high; i++) { /* r.high may grow meanwhile */
            if (r.now[i])
                take(g, &r, i, (uint8_t)name[k]);
            r.now[i] = 0;
        }
        advance(&r);
    }
    return reaches_end(g, &r);
}
