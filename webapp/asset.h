/* The page's files, carried inside this program. */
#ifndef WEBAPP_ASSET_H
#define WEBAPP_ASSET_H

#include <stdbool.h>
#include <stddef.h>

#define ASSET_ETAG_BYTES 19 /* 16 hex digits in quotes, and NUL */

struct asset_bytes {
    const void *bytes;
    size_t len;
    char etag[ASSET_ETAG_BYTES]; /* hash of the bytes */
};

struct asset {
    const char *path, *type;
    struct asset_bytes plain, gzip;
};

/* Hashes the files. Call once, before any thread that looks them up. */
void asset_init(void);

/* The file served at `path`, or NULL. */
const struct asset *asset_find(const char *path);

/* Whether a client with this Accept-Encoding (NULL: none) takes gzip (RFC 9110, 12.5.3). */
bool asset_takes_gzip(const char *accept_encoding);

#endif
