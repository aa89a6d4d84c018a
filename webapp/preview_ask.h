/* The body of POST /api/preview. Pure. */
#ifndef WEBAPP_PREVIEW_ASK_H
#define WEBAPP_PREVIEW_ASK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/glob.h"

#define PREVIEW_ASK_ERROR_MAX 256
#define PREVIEW_ASK_SPAN_S 86400u
#define PREVIEW_ASK_SPAN_MIN_S 60
#define PREVIEW_ASK_SPAN_MAX_S (366 * 86400)

struct preview_ask {
    json_t *body; /* owns the texts below */
    const char *match;
    struct glob *glob; /* the same */
    const char *metric; /* whose chart is wanted; NULL: none */
    size_t metric_len;
    const json_t *options; /* as an override takes them; whether they are such is not checked here */
    uint32_t span_s;
};

/* Reads {"match": GLOB, "options": {...}, "metric": NAME, "span_s": SECONDS}; the last two may be absent. Returns 0,
 * then preview_ask_fini(); or -1 with a sentence in `error` and nothing to free. */
int preview_ask_parse(struct preview_ask *a, const char *body, size_t len, char error[PREVIEW_ASK_ERROR_MAX]);
void preview_ask_fini(struct preview_ask *a);

#endif
