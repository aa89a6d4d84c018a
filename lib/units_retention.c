/* "10s:24h,1m:3d": archives as carbon writes them, finest first, and what must hold between them. */
#include <stdio.h>
#include <string.h>

#include "ridgeline/units.h"

static int fail(const char **reason, const char *text)
{
    *reason = text;
    return -1;
}

/* Reads the duration that ends at `end`. */
static int read_duration(const char *p, const char *end, int64_t *seconds, const char **reason)
{
    char text[UNITS_TEXT_MAX];
    if ((size_t)(end - p) >= sizeof text)
        return fail(reason, "holds a duration that is too long");
    memcpy(text, p, (size_t)(end - p));
    text[end - p] = '\0';
    return units_duration(text, seconds, reason);
}

/* Reads one "STEP:SPAN" that ends at `end`. */
static int read_archive(const char *p, const char *end, uint32_t *step_s, uint32_t *span_s, const char **reason)
{
    const char *colon = memchr(p, ':', (size_t)(end - p));
    int64_t step, span;
    if (colon == NULL)
        return fail(reason, "is not a retention; write STEP:SPAN, as in \"10s:24h\" or \"10s:1h,1m:1d\"");
    if (read_duration(p, colon, &step, reason) < 0 || read_duration(colon + 1, end, &span, reason) < 0)
        return -1;
    if (step == 0)
        return fail(reason, "has a step of zero");
    if (span % step != 0 || span == 0)
        return fail(reason, "has a span that is not a whole number of its steps");
    *step_s = (uint32_t)step; /* at most 100 years: fits */
    *span_s = (uint32_t)span;
    return 0;
}

static int check_retention(const struct units_retention *r, const char **reason)
{
    if (r->archive[0].span_s / r->archive[0].step_s < UNITS_RAW_POINTS_MIN)
        return fail(reason, "must keep at least 360 points in its first archive");
    for (unsigned i = 1; i < r->n; i++) {
        if (r->archive[i].step_s <= r->archive[i - 1].step_s)
            return fail(reason, "must list its archives finest first");
        if (r->archive[i].step_s % r->archive[i - 1].step_s != 0)
            return fail(reason, "has a step that the next archive's step is no multiple of");
        if (r->archive[i].span_s <= r->archive[i - 1].span_s)
            return fail(reason, "has an archive that spans no more than the one before it");
        if (r->archive[i].span_s / r->archive[i].step_s > UNITS_ARCHIVE_POINTS_MAX)
            return fail(reason, "has an archive of more than 1000000 points behind the first");
        if (r->archive[i].step_s > r->archive[i - 1].span_s)
            return fail(reason, "has an archive whose step is longer than the whole archive before it");
    }
    return 0;
}

int units_retention(const char *text, struct units_retention *retention, const char **reason)
{
    struct units_retention r = {0};
    for (const char *p = text;;) {
        const char *end = strchrnul(p, ',');
        if (r.n == UNITS_ARCHIVES_MAX)
            return fail(reason, "has more than 8 archives");
        if (read_archive(p, end, &r.archive[r.n].step_s, &r.archive[r.n].span_s, reason) < 0)
            return -1;
        r.n++;
        if (*end == '\0')
            break;
        p = end + 1;
    }
    if (check_retention(&r, reason) < 0)
        return -1;
    *retention = r;
    return 0;
}

bool units_is_own_step(uint32_t archive_step_s, uint32_t own_step_s)
{
    return archive_step_s <= own_step_s + ((uint64_t)own_step_s + 5) / 10;
}

uint32_t units_raw_span_s(const struct units_retention *retention, uint32_t step_s)
{
    uint64_t span_s = (UNITS_RAW_POINTS_MIN - 1) * (uint64_t)step_s;
    for (unsigned i = 0; i == 0 || i + 1 < retention->n; i++)
        if ((i == 0 || units_is_own_step(retention->archive[i].step_s, step_s)) &&
            retention->archive[i].span_s > span_s)
            span_s = retention->archive[i].span_s;
    return span_s < UINT32_MAX ? (uint32_t)span_s : UINT32_MAX;
}

char *units_retention_text(char *out, size_t out_bytes, const struct units_retention *retention)
{
    size_t used = 0;
    if (out_bytes > 0)
        out[0] = '\0';
    for (unsigned i = 0; i < retention->n && used < out_bytes; i++) {
        char step[UNITS_TEXT_MAX], span[UNITS_TEXT_MAX];
        int wrote = snprintf(out + used, out_bytes - used, "%s%s:%s", i == 0 ? "" : ",",
                             units_duration_text(step, sizeof step, retention->archive[i].step_s),
                             units_duration_text(span, sizeof span, retention->archive[i].span_s));
        used += (size_t)wrote;
    }
    return out;
}
