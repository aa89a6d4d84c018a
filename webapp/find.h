/* What a reader looks for among names that come sorted: a glob, or words. Pure. */
#ifndef WEBAPP_FIND_H
#define WEBAPP_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "ridgeline/glob.h"
#include "webapp/query.h"

#define FIND_WORDS_MAX 16

struct find {
    struct glob *glob; /* NULL: words */
    struct glob_walk *walk;
    struct find_word {
        const char *text; /* in the text that was parsed */
        size_t len;
    } words[FIND_WORDS_MAX];
    size_t n_words;
};

/* Text that holds any of * ? [ { is a glob; any other is words, parted by blanks; "" is none. `text` must stay until
 * find_fini(). Returns 0, or -1 with a sentence in `error`. */
int find_parse(struct find *f, const char *text, char error[QUERY_ERROR_MAX]);
void find_fini(struct find *f);

/* Whether the name matches the glob, or holds all words, wherever; no words match every name. Each name must stay until
 * the next one was looked at. */
bool find_matches(struct find *f, const char *name, size_t len);

#endif
