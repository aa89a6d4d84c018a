/* The reader of whisper files: any bytes. What it gives must be in order, finite, not too late, and no more than
 * the file has room for. */
#include <math.h>
#include <stdlib.h>

#include "cli/whisper.h"

#define UNTIL 2000000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct series s;
    const char *reason;
    series_init(&s);
    int result = whisper_read(data, len, UNTIL, &s, &reason);
    if ((result != 0) != (reason != NULL) || (result != 0 && s.n > 0) || s.n > len / 12)
        abort();
    for (size_t i = 0; i < s.n; i++)
        if (!isfinite(s.points[i].v) || s.points[i].t > UNTIL || (i > 0 && s.points[i].t <= s.points[i - 1].t))
            abort();
    series_fini(&s);
    return 0;
}
