/* The parser of StatsD lines: any bytes. The name must be one that carbon takes as it is, each sample must hold what
 * its type needs, there are no more samples than bytes, and what is read goes into a small table, whose bounds hold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_name.h"
#include "horizon/statsd_table.h"

#define NAME_MAX_BYTES 512
#define SERIES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(const struct statsd_line *l)
{
    char name[NAME_MAX_BYTES];
    size_t n = l->name_len;
    if (n == 0 || n > NAME_MAX_BYTES || carbon_name_span(l->name, n) != n)
        abort();
    memcpy(name, l->name, n);
    if (carbon_name_canonical(name, &n) != 0 || n != l->name_len || memcmp(name, l->name, n) != 0)
        abort();
}

static void check_sample(const struct statsd_sample *s, const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    bool in_line = s->type != STATSD_SET || (s->text >= text && s->text + s->text_len <= text + len) ||
                   (s->text_len == 1 && *s->text == '0');
    if (s->type >= STATSD_TYPES_N || !in_line || !(s->weight > 0) || !isfinite(s->weight))
        abort();
    if (s->type != STATSD_SET && !isfinite(s->value))
        abort();
}

static void take_line(struct statsd_table *t, const uint8_t *data, size_t len)
{
    struct statsd_line l;
    struct statsd_sample s;
    enum statsd_result result;
    size_t taken = 0;
    if (statsd_line_begin(&l, (const char *)data, len, NAME_MAX_BYTES) != STATSD_OK)
        return;
    check_name(&l);
    while ((result = statsd_line_next(&l, &s)) != STATSD_NOTHING) {
        if (++taken > len)
            abort();
        if (result != STATSD_OK)
            continue;
        check_sample(&s, data, len);
        struct statsd_series *series = statsd_table_find(t, s.type, l.name, l.name_len);
        if (!series)
            series = statsd_table_add(t, s.type, l.name, l.name_len);
        if (series)
            statsd_table_put(t, series, &s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct statsd_table t;
    statsd_table_init(&t);
    t.max_series = SERIES_MAX;
    t.pool = (struct statsd_pool){.max_bytes = 1024, .timer_values_max = 32, .set_values_max = 32};
    const uint8_t *end = data + len;
    while (data < end) {
        const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
        const uint8_t *line_end = newline ? newline : end;
        take_line(&t, data, (size_t)(line_end - data));
        data = newline ? newline + 1 : end;
    }
    if (t.n > SERIES_MAX || t.pool.held_bytes > 1024 + SERIES_MAX * STATSD_POOL_FIRST_BYTES)
        abort();
    statsd_table_fini(&t);
    if (t.pool.held_bytes != 0)
        abort();
    return 0;
}
