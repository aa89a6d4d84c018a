/* Any text as an anomaly. What is read is written, and read again as the same; outlines say the same too, but for the
 * time of the peak in a text that contradicts itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly_outline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct anomaly a, b;
    static struct anomaly_outline o;

    int outlined = anomaly_outline_from_text(&o, (const char *)data, size);
    if (anomaly_from_text(&a, (const char *)data, size) < 0)
        return 0;
    assert(outlined == 0 && strcmp(o.id, a.id) == 0 && strcmp(o.metric, a.metric) == 0);
    assert(o.start == a.start && o.end == a.end);
    assert(o.score == a.score || (o.score != o.score && a.score != a.score));
    char *first = anomaly_to_text(&a);
    assert(first && anomaly_from_text(&b, first, strlen(first)) == 0);
    assert(anomaly_outline_from_text(&o, first, strlen(first)) == 0 && o.peak_at == a.peak.t);
    char *second = anomaly_to_text(&b);
    assert(second && !strcmp(first, second));
    free(second);
    free(first);
    return 0;
}
