/* A list of names, sorted, each once, and the pile that it is made of. Pure. */
#ifndef WEBAPP_NAMES_LIST_H
#define WEBAPP_NAMES_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct join;

/* Names as they come: one after the other, with repeats. All zero is an empty one; `bytes` and `starts` are freed by
 * its owner. */
struct names_pile {
    char *bytes;
    size_t len, bytes_cap;
    size_t *starts;
    size_t n, starts_cap;
};

/* Returns 0, or -1 when memory is out. */
int names_list_pile(struct names_pile *p, const char *name, size_t len);

/* Sorted as bytes are. Held while it is read (names.h). */
struct names_list {
    size_t n, site; /* site: without Ridgeline's own */
    const char *bytes;
    const size_t *starts; /* n + 1: name i is bytes[starts[i]] .. bytes[starts[i + 1]]; NULL before the first walk */
    struct join *join;    /* the state of each */
    int holders;          /* guarded by names' lock */
};

/* The pile's names, without their states (`join` is NULL: its holder's to make). NULL when memory is out. */
struct names_list *names_list_new(const struct names_pile *p);

/* NULL-safe. */
void names_list_free(const struct names_list *list);

/* Whether both hold the same names. */
bool names_list_same(const struct names_list *a, const struct names_list *b);

#endif
