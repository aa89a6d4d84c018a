#include "webapp/asset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ridgeline/keys.h"

#define ASSET(id, path, type, file) \
    extern const char asset_##id##_start[], asset_##id##_end[], asset_gz_##id##_start[], asset_gz_##id##_end[];
#include "webapp/assets.def"
#undef ASSET

#define ASSET(id, path_, type_, file) \
    {.path = path_, .type = type_, .plain.bytes = asset_##id##_start, .gzip.bytes = asset_gz_##id##_start},
static struct asset assets[] = {
#include "webapp/assets.def"
};
#undef ASSET

static const struct {
    const char *plain, *gzip;
} ends[] = {
#define ASSET(id, path, type, file) {asset_##id##_end, asset_gz_##id##_end},
#include "webapp/assets.def"
#undef ASSET
};

#define ASSETS (sizeof assets / sizeof *assets)

static void measure(struct asset_bytes *b, const char *end)
{
    b->len = (size_t)(end - (const char *)b->bytes);
    snprintf(b->etag, sizeof b->etag, "\"%016" PRIx64 "\"", keys_hash(b->bytes, b->len));
}

void asset_init(void)
{
    for (size_t i = 0; i < ASSETS; i++) {
        measure(&assets[i].plain, ends[i].plain);
        measure(&assets[i].gzip, ends[i].gzip);
    }
}

const struct asset *asset_find(const char *path)
{
    for (size_t i = 0; i < ASSETS; i++) {
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    }
    return NULL;
}

/* Whether the parameters of a coding, "; q=0.5", leave it some weight. */
static bool has_weight(const char *parameters, size_t len)
{
    size_t i = 0;
    while (i < len && strchr("; \t", parameters[i]))
        i++;
    if (len - i < 2 || strncasecmp(parameters + i, "q=", 2) != 0)
        return true;
    for (i += 2; i < len; i++) {
        if (parameters[i] >= '1' && parameters[i] <= '9')
            return true;
    }
    return false;
}

bool asset_takes_gzip(const char *accept_encoding)
{
    const char *at = accept_encoding ? accept_encoding : "";
    while (*at) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ","), name = strcspn(at, ",; \t");
        if (name == strlen("gzip") && strncasecmp(at, "gzip", name) == 0)
            return has_weight(at + name, len - name);
        at += len;
    }
    return false;
}
