/* The episode's own rules decide, as they do live; what it becomes is kept when it closes. */
#include "cli/openings.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_S (7 * 86400.0)

void openings_init(struct openings *in)
{
    *in = (struct openings){.list = NULL};
    episode_init(&in->now);
}

void openings_fini(struct openings *in)
{
    free(in->list);
}

static int keep(struct openings *in)
{
    if (in->n == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 16;
        struct openings_one *list = realloc(in->list, cap * sizeof *list);
        if (!list)
            return -1;
        in->list = list;
        in->cap = cap;
    }
    const struct episode *i = &in->now;
    in->list[in->n++] = (struct openings_one){i->start, i->last_hot, i->score, i->peak};
    return 0;
}

int openings_take(struct openings *in, const struct engine_options *o, double step_s, const struct verdict *v)
{
    bool again;
    if (in->points++ == 0)
        in->first_t = v->t;
    in->last_t = v->t;
    do {
        if (episode_update(&in->now, o, step_s, v, &again) == EPISODE_CLOSED && keep(in) != 0)
            return -1;
    } while (again);
    return 0;
}

int openings_end(struct openings *in)
{
    return in->now.open ? keep(in) : 0;
}

void openings_write_head(FILE *out)
{
    fputs("metric,start,end,score,state,direction,peak_at,value,expected\n", out);
}

/* The name without .csv, quoted where a comma or a quote calls for it. */
static void write_name(const char *name, FILE *out)
{
    size_t len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".csv") == 0)
        len -= 4;
    bool quoted = strcspn(name, ",\"\r\n") < len;
    if (quoted)
        fputc('"', out);
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '"')
            fputc('"', out);
        fputc(name[i], out);
    }
    if (quoted)
        fputc('"', out);
}

void openings_write(const struct openings *in, const char *name, FILE *out)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct openings_one *one = &in->list[i];
        write_name(name, out);
        fprintf(out, ",%" PRIu32 ",%" PRIu32 ",%.1f,%s,%s,%" PRIu32 ",%.9g,", one->start, one->end, one->score,
                engine_state_name(one->peak.state), engine_direction_name(one->peak.direction), one->peak.t,
                one->peak.value);
        if (isfinite(one->peak.expected))
            fprintf(out, "%.9g", one->peak.expected);
        fputc('\n', out);
    }
}

void openings_summarise(const struct openings *files, size_t n, FILE *out)
{
    size_t points = 0, found = 0, skipped = 0;
    double weeks = 0;
    for (size_t i = 0; i < n; i++) {
        points += files[i].points;
        found += files[i].n;
        skipped += files[i].skipped;
        weeks += (files[i].last_t - files[i].first_t) / WEEK_S;
    }
    fprintf(out, "ridgeline: %zu file%s, %zu points, %.1f series-weeks: %zu anomal%s", n, n == 1 ? "" : "s", points,
            weeks, found, found == 1 ? "y" : "ies");
    if (weeks >= 1)
        fprintf(out, ", %.2f a series-week", (double)found / weeks);
    fputc('\n', out);
    if (skipped > 0)
        fprintf(out,
                "ridgeline: %zu row%s not judged, being no later than the one before: are the files in time order?\n",
                skipped, skipped == 1 ? "" : "s");
}
