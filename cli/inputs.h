/* The files that backtest and import read, and what each is called. */
#ifndef RIDGELINE_CLI_INPUTS_H
#define RIDGELINE_CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#define INPUTS_ERROR_MAX 512

struct input {
    char *path;
    const char *name; /* "name.csv" or "category/name.csv" */
};

struct inputs {
    struct input *files; /* in order of their names, which differ */
    size_t n, cap;
};

/* Takes in `n` files and directories into a zeroed `*in`. Of a directory all files with one of the `suffixes` (up
 * to a NULL) in it and below are taken, under their paths below it, and the directories in it that cannot be read:
 * to open one says why. Files have their base names, or, when they lie
 * in several directories, that of their directory before it. Returns 0, or -1 with a sentence in `error` and
 * nothing to free. */
int inputs_find(struct inputs *in, char *const *paths, size_t n, const char *const *suffixes,
                char error[INPUTS_ERROR_MAX]);
void inputs_free(struct inputs *in);

/* Whether `path` ends in `suffix` and has more than that. */
bool inputs_has_suffix(const char *path, const char *suffix);

/* Makes the directories below `dir` that the results need, and `dir` itself. */
int inputs_make_dirs(const struct inputs *in, const char *dir, char error[INPUTS_ERROR_MAX]);

#endif
