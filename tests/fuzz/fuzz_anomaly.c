/* Any text as an anomaly. What is read is written, and read again as the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/anomaly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct anomaly a, b;

    if (anomaly_from_text(&a, (const char *)data, size) < 0)
        return 0;
    char *first = anomaly_to_text(&a);
    assert(first && anomaly_from_text(&b, first, strlen(first)) == 0);
    char *second = anomaly_to_text(&b);
    assert(second && !strcmp(first, second));
    free(second);
    free(first);
    return 0;
}
