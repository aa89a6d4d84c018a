/* From a pattern to states, in one pass: each element becomes the next state, and enters the masks by what it does. */
#include "glob_internal.h"

struct compiler {
    struct glob *g;
    const char *p; /* its place in the pattern */
    bool in_braces;
    const char *reason;
};

static int fail(struct compiler *c, const char *reason)
{
    c->reason = reason;
    return -1;
}

static void takes_byte(struct glob *g, uint8_t byte)
{
    glob_add(g->takes + byte * g->words, g->n);
}

static void takes_any(struct glob *g, bool dots)
{
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++)
        if (byte != '.' || dots)
            takes_byte(g, (uint8_t)byte);
}

/* Reads one byte or range of a class at *p into `in`, and moves to the last byte of it. */
static int read_range(struct compiler *c, const char **p, bool in[UINT8_MAX + 1])
{
    uint8_t low = (uint8_t)**p, high = low;
    if (low == '\0')
        return fail(c, "unclosed [");
    if ((*p)[1] == '-' && (*p)[2] != ']' && (*p)[2] != '\0') {
        high = (uint8_t)(*p)[2];
        *p += 2;
    }
    if (low > high)
        return fail(c, "a range in [] that runs backwards");
    if (low == '.' || high == '.')
        return fail(c, "a dot in []: it matches within one part of a name");
    for (unsigned byte = low; byte <= high; byte++)
        in[byte] = true;
    return 0;
}

/* Compiles the class whose '[' is at c->p and moves behind its ']'. */
static int compile_class(struct compiler *c)
{
    bool in[UINT8_MAX + 1] = {false};
    const char *p = c->p + 1;
    bool inverted = *p == '!';
    p += inverted;
    for (const char *first = p; *p != ']' || p == first; p++)
        if (read_range(c, &p, in) < 0)
            return -1;
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++)
        if (in[byte] != inverted && byte != '.')
            takes_byte(c->g, (uint8_t)byte);
    c->g->n++;
    c->p = p + 1;
    return 0;
}

static int compile_brace(struct compiler *c)
{
    struct glob *g = c->g;
    char byte = *c->p++;
    if (byte == '{' && c->in_braces)
        return fail(c, "a { within {}");
    if (byte == '}' && !c->in_braces)
        return fail(c, "a } without its {");
    if (byte == '{' && g->n_braces == GLOB_BRACES_MAX)
        return fail(c, "more than 16 {}");
    if (byte == '{')
        g->braces[g->n_braces++].open = (uint16_t)g->n;
    if (byte == '}')
        g->braces[g->n_braces - 1].close = (uint16_t)g->n;
    c->in_braces = byte != '}';
    glob_add(g->jumps, g->n++);
    if (c->in_braces)
        glob_add(g->begins, g->n);
    return 0;
}

static void compile_star(struct compiler *c)
{
    struct glob *g = c->g;
    bool dots = *c->p == '*';
    c->p += dots;
    takes_any(g, dots);
    glob_add(g->stays, g->n);
    if (!dots)
        glob_add(g->passes, g->n);
    g->n++;
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
    if (byte == '*') {
        compile_star(c);
        return 0;
    }
    if (byte == '?')
        takes_any(c->g, false);
    else
        takes_byte(c->g, (uint8_t)byte);
    c->g->n++;
    return 0;
}

int glob_compile(struct glob *g, const char **reason)
{
    struct compiler c = {.g = g, .p = g->pattern};
    int result = 0;
    while (result == 0 && *c.p != '\0')
        result = compile_next(&c);
    if (result == 0 && c.in_braces)
        result = fail(&c, "unclosed {");
    if (result < 0)
        *reason = c.reason;
    return result;
}
