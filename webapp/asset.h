/* The page's files, carried inside this program. */
#ifndef WEBAPP_ASSET_H
#define WEBAPP_ASSET_H

#include <stddef.h>

#define ASSET_ETAG_BYTES 19 /* 16 hex digits in quotes, and NUL */

struct asset {
    const char *path, *type;
    const void *bytes;
    size_t len;
    char etag[ASSET_ETAG_BYTES]; /* hash of the bytes */
};

/* Hashes the files. Call once, before any thread that looks them up. */
void asset_init(void);

/* The file served at `path`, or NULL. */
const struct asset *asset_find(const char *path);

#endif
