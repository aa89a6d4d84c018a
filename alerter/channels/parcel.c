#include "alerter/channels/parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/channels/harmless.h"

#define HEADER_MAX 2048 /* bytes of one value */

int parcel_address(struct parcel *p, const char *target, const char *method)
{
    p->target = strdup(target);
    p->method = method;
    return p->target != NULL ? 0 : -1;
}

int parcel_header(struct parcel *p, const char *name, const char *value)
{
    char line[HEADER_MAX];
    if (p->n_headers == PARCEL_HEADERS_MAX ||
        asprintf(&p->headers[p->n_headers], "%s: %s", name, harmless_line(line, sizeof line, value)) < 0)
        return -1;
    p->n_headers++;
    return 0;
}

int parcel_text(struct parcel *p, char *text)
{
    p->body = text;
    p->len = text != NULL ? strlen(text) : 0;
    return text != NULL ? 0 : -1;
}

int parcel_json(struct parcel *p, json_t *json)
{
    int result = parcel_text(p, json != NULL ? json_dumps(json, JSON_COMPACT) : NULL);
    json_decref(json);
    return result == 0 ? parcel_header(p, "Content-Type", "application/json") : -1;
}

void parcel_fini(struct parcel *p)
{
    for (size_t i = 0; i < p->n_headers; i++)
        free(p->headers[i]);
    free(p->target);
    free(p->body);
    free(p->html);
    *p = (struct parcel){0};
}
