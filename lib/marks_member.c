/* A mark as Redis keeps it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/keys.h"
#include "ridgeline/marks.h"

char *marks_member(int64_t at, const char *text, const char *match)
{
    char id[17], *whole = NULL;
    if (asprintf(&whole, "%" PRId64 " %s %s", at, match, text) < 0)
        return NULL;
    snprintf(id, sizeof id, "%016" PRIx64, keys_hash(whole, strlen(whole)));
    free(whole);
    json_t *mark = json_pack("{s:s, s:I, s:s, s:s}", "id", id, "at", (json_int_t)at, "text", text, "match", match);
    char *member = mark ? json_dumps(mark, JSON_COMPACT) : NULL;
    json_decref(mark);
    return member;
}
