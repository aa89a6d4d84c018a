#include "webapp/asset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/keys.h"

#define ASSET(id, path, type, file) extern const char asset_##id##_start[], asset_##id##_end[];
#include "webapp/assets.def"
#undef ASSET

#define ASSET(id, path_, type_, file) {.path = path_, .type = type_, .bytes = asset_##id##_start},
static struct asset assets[] = {
#include "webapp/assets.def"
};
#undef ASSET

#define ASSET(id, path, type, file) asset_##id##_end,
static const char *const ends[] = {
#include "webapp/assets.def"
};
#undef ASSET

#define ASSETS (sizeof assets / sizeof *assets)

void asset_init(void)
{
    for (size_t i = 0; i < ASSETS; i++) {
        assets[i].len = (size_t)(ends[i] - (const char *)assets[i].bytes);
        snprintf(assets[i].etag, sizeof assets[i].etag, "\"%016" PRIx64 "\"",
                 keys_hash(assets[i].bytes, assets[i].len));
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
