/* What a channel sends: made by a format, taken by a transport. Pure. */
#ifndef RIDGELINE_ALERTER_PARCEL_H
#define RIDGELINE_ALERTER_PARCEL_H

#include <jansson.h>
#include <stddef.h>

/* All zero is an empty one. Everything but `method` is owned. */
#define PARCEL_HEADERS_MAX 24
struct parcel {
    char *target;       /* URL, address or path */
    const char *method; /* of HTTP: borrowed from the settings, or a literal */
    char *headers[PARCEL_HEADERS_MAX]; /* "Name: value", of HTTP and mail */
    size_t n_headers;
    char *body;
    size_t len;
    char *html; /* of mail: the other form of `body` */
};

/* Sets the target, and what is sent to it by HTTP. Returns 0, or -1 when memory is out. */
int parcel_address(struct parcel *p, const char *target, const char *method);

/* Adds a header; the value is made a harmless line. Returns 0, or -1 when memory or room is out. */
int parcel_header(struct parcel *p, const char *name, const char *value);

/* Takes `text` (malloc'd; NULL is an error) as the body. */
int parcel_text(struct parcel *p, char *text);

/* Takes the reference `json` (NULL is an error) as the body, and names its type. */
int parcel_json(struct parcel *p, json_t *json);

void parcel_fini(struct parcel *p);

#endif
