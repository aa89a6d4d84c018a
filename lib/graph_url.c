#include "ridgeline/graph_url.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field { METRIC, FROM, UNTIL, FIELDS };
static const char *const fields[FIELDS] = {"{metric}", "{from}", "{until}"};

/* Which field stands at `at`; FIELDS: none. */
static enum field field_at(const char *at)
{
    enum field field = METRIC;
    while (field < FIELDS && strncmp(at, fields[field], strlen(fields[field])) != 0)
        field++;
    return field;
}

/* Bytes of the scheme and its slashes; 0: neither http nor https. */
static size_t scheme_len(const char *template)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(template, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

int graph_url_check(const char *template, const char **why)
{
    const char *host = template + scheme_len(template);
    bool named = false;
    *why = "must begin with http:// or https:// and a host";
    if (host == template || strcspn(host, "/?#{") == 0 || host[strcspn(host, "/?#{")] == '{')
        return -1;
    for (const char *c = host; *c; c++) {
        *why = "must be printable ASCII without blanks, quotes, backslashes or angle brackets";
        if (*c <= ' ' || *c > '~' || strchr("\"'`<>\\", *c))
            return -1;
        if (*c == '}')
            *why = "has a } without its {";
        else if (*c == '{')
            *why = "may have {metric}, {from} and {until} in braces, and nothing else";
        else
            continue;
        if (*c == '}' || field_at(c) == FIELDS)
            return -1;
        named = named || field_at(c) == METRIC;
        c += strlen(fields[field_at(c)]) - 1;
    }
    *why = "must have {metric} in it";
    return named ? 0 : -1;
}

/* All but the unreserved characters of RFC 3986. */
static void put_encoded(FILE *out, const char *text, size_t len)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr(unreserved, text[i]))
            fputc(text[i], out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
    }
}

char *graph_url_make(const char *template, const char *metric, size_t metric_len, uint32_t from, uint32_t until)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    while (*template) {
        enum field field = field_at(template);
        if (field == METRIC)
            put_encoded(out, metric, metric_len);
        else if (field < FIELDS)
            fprintf(out, "%" PRIu32, field == FROM ? from : until);
        else
            fputc(*template, out);
        template += field < FIELDS ? strlen(fields[field]) : 1;
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
