#include "cli/inputs.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_MAX_BYTES 4096

static int fail(char error[INPUTS_ERROR_MAX], const char *path, const char *reason)
{
    snprintf(error, INPUTS_ERROR_MAX, "%.400s: %.100s", path, reason);
    return -1;
}

/* Adds a file whose result is named by what of its path stands behind `prefix` bytes. */
static int add(struct inputs *in, const char *path, size_t prefix)
{
    if (in->n == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 64;
        struct input *files = realloc(in->files, cap * sizeof *files);
        if (!files)
            return -1;
        in->files = files;
        in->cap = cap;
    }
    char *copy = strdup(path);
    if (!copy)
        return -1;
    in->files[in->n++] = (struct input){copy, copy + prefix};
    return 0;
}

bool inputs_has_suffix(const char *path, const char *suffix)
{
    size_t len = strlen(path), suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(path + len - suffix_len, suffix) == 0;
}

static bool has_any(const char *path, const char *const *suffixes)
{
    for (; *suffixes; suffixes++)
        if (inputs_has_suffix(path, *suffixes))
            return true;
    return false;
}

/* Files, and what could be one but cannot be looked at: a link to nothing, or a directory that lets nobody in.
 * Whoever opens it learns why. */
static bool is_input(const FTSENT *e, const char *const *suffixes)
{
    switch (e->fts_info) {
    case FTS_F:
    case FTS_NS:
    case FTS_SLNONE:
        return has_any(e->fts_path, suffixes);
    default:
        return e->fts_info == FTS_DNR;
    }
}

static int add_directory(struct inputs *in, const char *dir, const char *const *suffixes, char error[INPUTS_ERROR_MAX])
{
    char root[PATH_MAX_BYTES];
    char *roots[] = {root, NULL};
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (snprintf(root, sizeof root, "%.*s", (int)len, dir) >= (int)sizeof root)
        return fail(error, dir, "the name is too long");
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        return fail(error, dir, strerror(errno));
    const FTSENT *e;
    int result = 0;
    while (result == 0 && (e = fts_read(walk))) {
        if (e->fts_info == FTS_ERR || (e->fts_info == FTS_DNR && e->fts_level == FTS_ROOTLEVEL))
            result = fail(error, e->fts_path, strerror(e->fts_errno));
        else if (is_input(e, suffixes) && add(in, e->fts_path, len + 1))
            result = fail(error, dir, strerror(errno));
    }
    if (result == 0 && errno != 0)
        result = fail(error, dir, strerror(errno));
    fts_close(walk);
    return result;
}

/* How many bytes of `path` stand before its base name. */
static size_t directory_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

static bool same_directory(const char *a, const char *b)
{
    size_t len = directory_len(a);
    return len == directory_len(b) && strncmp(a, b, len) == 0;
}

/* The prefix that leaves the last directory and the base name. */
static size_t category_prefix(const char *path)
{
    size_t len = directory_len(path);
    if (len < 2)
        return len;
    for (len--; len > 0 && path[len - 1] != '/';)
        len--;
    return len;
}

/* Files that were named one by one: from `first` on. */
static void name_files(struct inputs *in, size_t first)
{
    bool several = false;
    for (size_t i = first + 1; i < in->n; i++)
        several |= !same_directory(in->files[first].path, in->files[i].path);
    for (size_t i = first; i < in->n; i++) {
        struct input *f = &in->files[i];
        f->name = f->path + (several ? category_prefix(f->path) : directory_len(f->path));
    }
}

static int by_name(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int check_names(struct inputs *in, char error[INPUTS_ERROR_MAX])
{
    if (in->n == 0)
        return fail(error, "nothing to read", "no files");
    qsort(in->files, in->n, sizeof *in->files, by_name);
    for (size_t i = 1; i < in->n; i++) {
        if (strcmp(in->files[i - 1].name, in->files[i].name) != 0)
            continue;
        snprintf(error, INPUTS_ERROR_MAX, "%.200s and %.200s would have the same name", in->files[i - 1].path,
                 in->files[i].path);
        return -1;
    }
    return 0;
}

int inputs_find(struct inputs *in, char *const *paths, size_t n, const char *const *suffixes,
                char error[INPUTS_ERROR_MAX])
{
    struct stat st;
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++)
        if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            result = add_directory(in, paths[i], suffixes, error);
    size_t named = in->n;
    for (size_t i = 0; i < n && result == 0; i++)
        if ((stat(paths[i], &st) || !S_ISDIR(st.st_mode)) && add(in, paths[i], 0))
            result = fail(error, paths[i], strerror(errno));
    if (result == 0) {
        name_files(in, named);
        result = check_names(in, error);
    }
    if (result)
        inputs_free(in);
    return result;
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->files[i].path);
    free(in->files);
    *in = (struct inputs){0};
}

static int make_dir(const char *path, char error[INPUTS_ERROR_MAX])
{
    return mkdir(path, 0777) && errno != EEXIST ? fail(error, path, strerror(errno)) : 0;
}

int inputs_make_dirs(const struct inputs *in, const char *dir, char error[INPUTS_ERROR_MAX])
{
    char path[PATH_MAX_BYTES];
    size_t len = strlen(dir);
    if (make_dir(dir, error))
        return -1;
    for (size_t i = 0; i < in->n; i++) {
        if (snprintf(path, sizeof path, "%s/%s", dir, in->files[i].name) >= (int)sizeof path)
            return fail(error, in->files[i].path, "the name is too long");
        for (char *slash = path + len; (slash = strchr(slash + 1, '/'));) {
            *slash = '\0';
            if (make_dir(path, error))
                return -1;
            *slash = '/';
        }
    }
    return 0;
}
