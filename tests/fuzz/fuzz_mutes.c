/* Bytes as the page's mutes in Redis: what is read must answer for any time, and quickly. */
#include <stdint.h>
#include <stdlib.h>

#include "ridgeline/mutes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1774747800, 1792888200, UINT32_MAX, INT64_MAX};
    struct conf_mutes mutes = {.list = NULL};
    char error[CONF_ERROR_MAX] = "";
    if (mutes_parse(&mutes, len > 0 ? (const char *)data : "", len, error) < 0) {
        if (error[0] == '\0' || mutes.list)
            abort();
        return 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const struct mute_settings *m = mutes_find(NULL, &mutes, "shop.orders", 11, times[i]);
        if (m && mutes_meaning(m) == MUTE_NONE)
            abort();
        if (m && !mutes_concern(NULL, &mutes, "shop.orders", 11, mutes_meaning(m)))
            abort();
    }
    mutes_free(&mutes);
    return 0;
}
