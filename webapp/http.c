#include "webapp/http.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_MAX 1024
#define JSON_TYPE "application/json"

/* 15 digits give a decimal back as it was written: 0.1, not 0.10000000000000001. */
#define JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static void fill(struct reply *r, enum http_status status, const char *type, char *body)
{
    r->status = status;
    r->type = type;
    r->body = body;
    r->len = body ? strlen(body) : 0;
}

void http_json(struct reply *r, enum http_status status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_FLAGS) : NULL;
    json_decref(json);
    if (text)
        fill(r, status, JSON_TYPE, text);
    else
        fill(r, HTTP_INTERNAL, JSON_TYPE, strdup("{\"error\":\"out of memory\"}"));
}

void http_error(struct reply *r, enum http_status status, const char *format, ...)
{
    char sentence[ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    json_t *text = json_string(sentence);
    if (!text) { /* a name cut within a character is no UTF-8 */
        for (char *c = sentence; *c; c++)
            *c = (unsigned char)*c < 0x80 ? *c : '?';
        text = json_string(sentence);
    }
    http_json(r, status, json_pack("{s:o}", "error", text));
}

void http_text(struct reply *r, const char *type, char *text)
{
    if (text)
        fill(r, HTTP_OK, type, text);
    else
        http_json(r, HTTP_INTERNAL, NULL);
}

void http_no_redis(struct reply *r)
{
    http_error(r, HTTP_UNAVAILABLE, "Redis does not answer; data will be here again when it does");
}

json_t *http_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
