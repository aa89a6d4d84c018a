/* A key's bytes as any tool may have written them, read in two steps from a place that a saved record
 * gave. What comes out is later than the last judged time, and in order. */
#include <stdlib.h>

#include "analyzer/tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tail_news *news, uint32_t last_t)
{
    for (size_t i = 0; i < news->points.n; i++) {
        if (news->points.points[i].t <= last_t)
            abort();
        last_t = news->points.points[i].t;
    }
    if (news->next.anchor_bytes > TAIL_ANCHOR_BYTES || news->next.end < news->next.anchor_bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tail t = {0};
    struct tail_news news = {.late = 0};
    uint32_t last_t = 0;
    if (size < 1)
        return 0;
    size_t packed = data[0] % (TAIL_PACKED_MAX + 1);
    data++, size--;
    if (packed <= size && tail_unpack(&t, data, packed) == 0) {
        data += packed;
        size -= packed;
        last_t = t.seen_t;
    }
    for (int step = 0; step < 2; step++) {
        size_t len = step == 0 ? size / 2 : size;
        int64_t from = tail_from(&t, false);
        size_t at = from > (int64_t)len ? len : from > 0 ? (size_t)from : 0;
        int result = tail_read(&t, false, data + at, len - at, last_t, &news);
        if (result == TAIL_MISMATCH && tail_read(&t, true, data, len, last_t, &news) != TAIL_READ)
            abort();
        check(&news, last_t);
        t = news.next;
        last_t = t.seen_t;
    }
    series_fini(&news.points);
    return 0;
}
