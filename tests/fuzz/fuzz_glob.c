/* Bytes up to the first newline are a pattern, the rest is a name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *newline = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t pattern_len = newline != NULL ? (size_t)(newline - data) : len;
    size_t name_len = newline != NULL ? len - pattern_len - 1 : 0;
    char *pattern = strndup(len > 0 ? (const char *)data : "", pattern_len);
    char *name = malloc(name_len + 1); /* exact, so that a read too far shows */
    const char *reason;
    struct glob *g = glob_new(pattern, &reason);
    if (name_len > 0)
        memcpy(name, newline + 1, name_len);
    if (g != NULL) {
        struct glob_walk *w = glob_walk_new(g);
        bool matched = glob_match(g, name, name_len);
        if (w == NULL || glob_walk_match(w, name, name_len) != matched || strcmp(glob_pattern(g), pattern) != 0)
            abort();
        if (glob_walk_steps(w) > (name_len + 1) * GLOB_STEPS_MAX)
            abort();
        glob_walk_free(w);
    }
    glob_free(g);
    free(name);
    free(pattern);
    return 0;
}
