#include "alerter/kinship.h"

#include <stdio.h>
#include <string.h>

/* An empty head is none: it would be that of every name. */
static void add_head(struct kinship *k, const char *first, const char *second, bool has_statistic)
{
    struct kinship_head *head = &k->head[k->n_heads];

    snprintf(head->text, sizeof head->text, "%s%s%s%s", first, *first ? "." : "", second, *second ? "." : "");
    head->has_statistic = has_statistic;
    k->n_heads += *head->text != '\0';
}

void kinship_init(struct kinship *k, const struct settings *settings)
{
    bool legacy = settings->statsd.legacy_namespace;
    const char *global = legacy ? "stats" : settings->statsd.global_prefix;

    *k = (struct kinship){0};
    add_head(k, global, legacy ? "timers" : settings->statsd.prefix_timer, true);
    add_head(k, global, legacy ? "gauges" : settings->statsd.prefix_gauge, false);
    add_head(k, global, legacy ? "sets" : settings->statsd.prefix_set, true);
    if (legacy)
        add_head(k, "stats_counts", "", false);
    add_head(k, global, legacy ? "" : settings->statsd.prefix_counter, !legacy);
    if (*settings->statsd.global_suffix)
        snprintf(k->suffix, sizeof k->suffix, ".%s", settings->statsd.global_suffix);
}

static const struct kinship_head *head_of(const struct kinship *k, const char *name)
{
    for (size_t i = 0; i < k->n_heads; i++)
        if (strncmp(name, k->head[i].text, strlen(k->head[i].text)) == 0)
            return &k->head[i];
    return NULL;
}

static unsigned count_dots(const char *text)
{
    unsigned n = 0;

    while ((text = strchr(text, '.')) != NULL) {
        text++;
        n++;
    }
    return n;
}

/* How many of the first parts stand before the tags. */
static unsigned count_plain(const struct parts *p)
{
    unsigned n = 1;

    while (n < p->n && *p->part[n].text == '.')
        n++;
    return n;
}

/* Of how many parts the suffix is with which the `plain` first ones end; 0 when they do not. */
static unsigned count_suffix(const struct kinship *k, const struct parts *p, unsigned plain)
{
    const char *name = p->part[0].text, *end = p->part[plain - 1].text + p->part[plain - 1].len;
    size_t len = strlen(k->suffix);

    return (size_t)(end - name) > len && memcmp(end - len, k->suffix, len) == 0 ? count_dots(k->suffix) : 0;
}

static void take_out(struct parts *p, unsigned from, unsigned n)
{
    p->n -= n;
    memmove(p->part + from, p->part + from + n, (p->n - from) * sizeof *p->part);
}

void kinship_parts(const struct kinship *k, struct parts *p, const char *name)
{
    const struct kinship_head *head = head_of(k, name);

    parts_split(p, name);
    unsigned plain = count_plain(p), heads = head ? count_dots(head->text) : 0;
    if (heads == 0 || heads >= plain)
        return;
    unsigned tail = count_suffix(k, p, plain);
    if (heads + tail >= plain) /* the name that was sent is at least one */
        tail = 0;
    tail += head->has_statistic && heads + tail + 1 < plain;
    take_out(p, plain - tail, tail);
    take_out(p, 0, heads);
    p->part[0].text++; /* behind the separator: it begins the name that was sent */
    p->part[0].len--;
}
