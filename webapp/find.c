#include "webapp/find.h"

#include <stdio.h>
#include <string.h>

static int parse_glob(struct find *f, const char *text, char error[QUERY_ERROR_MAX])
{
    const char *reason = "out of memory";
    f->glob = glob_new(text, &reason);
    if (!f->glob) {
        snprintf(error, QUERY_ERROR_MAX, "query is not a glob: %s", reason);
        return -1;
    }
    f->walk = glob_walk_new(f->glob);
    if (f->walk)
        return 0;
    snprintf(error, QUERY_ERROR_MAX, "out of memory");
    find_fini(f);
    return -1;
}

int find_parse(struct find *f, const char *text, char error[QUERY_ERROR_MAX])
{
    *f = (struct find){.glob = NULL};
    if (strpbrk(text, "*?[{"))
        return parse_glob(f, text, error);
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        if (f->n_words == FIND_WORDS_MAX) {
            snprintf(error, QUERY_ERROR_MAX, "query has more than %d words", FIND_WORDS_MAX);
            return -1;
        }
        size_t len = strcspn(text, " ");
        f->words[f->n_words++] = (struct find_word){text, len};
        text += len;
    }
    return 0;
}

void find_fini(struct find *f)
{
    glob_walk_free(f->walk);
    glob_free(f->glob);
    *f = (struct find){.glob = NULL};
}

bool find_matches(struct find *f, const char *name, size_t len)
{
    if (f->glob)
        return glob_walk_match(f->walk, name, len);
    for (size_t i = 0; i < f->n_words; i++)
        if (!memmem(name, len, f->words[i].text, f->words[i].len))
            return false;
    return true;
}
