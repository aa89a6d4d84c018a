/* A site has a handful of relays, and 256 places are searched in a microsecond, once a
 * connection or datagram; the table is an array because it need not be more. */
#include "senders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void senders_init(struct senders *s)
{
    memset(s, 0, sizeof *s);
    struct sender *other = &s->places[SENDERS_MAX];
    snprintf(other->address, sizeof other->address, "other");
    other->listener = "any";
}

/* The sender that may be forgotten, or NULL. */
static struct sender *longest_silent(struct senders *s, int64_t now_ms)
{
    struct sender *found = NULL;
    for (size_t i = 0; i < s->n; i++) {
        struct sender *p = &s->places[i];
        if (p->connections == 0 && now_ms - p->last_ms >= SENDERS_SILENT_MS && (!found || p->last_ms < found->last_ms))
            found = p;
    }
    return found;
}

static void add(struct sender *sum, const struct sender *p)
{
    sum->connections += p->connections;
    sum->received += p->received;
    sum->accepted += p->accepted;
    sum->rejected += p->rejected;
    for (unsigned i = 0; i < SENDERS_MARKS; i++)
        sum->marks[i] += p->marks[i];
    if (p->last_ms > sum->last_ms)
        sum->last_ms = p->last_ms;
}

struct sender *senders_find(struct senders *s, const char *address, const char *listener, int64_t now_ms)
{
    for (size_t i = 0; i < s->n; i++) {
        struct sender *p = &s->places[i];
        if (strcmp(p->address, address) == 0 && strcmp(p->listener, listener) == 0)
            return p;
    }
    struct sender *place = NULL;
    if (s->n < SENDERS_MAX) {
        place = &s->places[s->n++];
    } else if ((place = longest_silent(s, now_ms))) {
        add(&s->places[SENDERS_MAX], place);
    } else {
        return &s->places[SENDERS_MAX];
    }
    *place = (struct sender){.listener = listener};
    snprintf(place->address, sizeof place->address, "%s", address);
    return place;
}

void senders_mark(struct senders *s, int64_t now_mono_ms)
{
    if (s->marks_ms[s->mark] != 0 && now_mono_ms - s->marks_ms[s->mark] < SENDERS_MARK_MS)
        return;
    s->mark = (s->mark + 1) % SENDERS_MARKS;
    s->marks_ms[s->mark] = now_mono_ms;
    for (size_t i = 0; i < s->n; i++)
        s->places[i].marks[s->mark] = s->places[i].received;
    s->places[SENDERS_MAX].marks[s->mark] = s->places[SENDERS_MAX].received;
}

double senders_per_second(const struct senders *s, const struct sender *p, int64_t now_mono_ms)
{
    unsigned oldest = (s->mark + 1) % SENDERS_MARKS;
    while (oldest != s->mark && s->marks_ms[oldest] == 0)
        oldest = (oldest + 1) % SENDERS_MARKS;
    int64_t span_ms = now_mono_ms - s->marks_ms[oldest];
    if (s->marks_ms[oldest] == 0 || span_ms < 1000)
        return -1;
    return 1000 * (double)(p->received - p->marks[oldest]) / (double)span_ms;
}

static int compare(const void *a, const void *b)
{
    const struct sender *x = *(const struct sender *const *)a, *y = *(const struct sender *const *)b;
    return (x->received < y->received) - (x->received > y->received);
}

/* Lists all, most points first. */
static size_t list(const struct senders *s, const struct sender *all[SENDERS_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        all[n++] = &s->places[i];
    if (s->places[SENDERS_MAX].received > 0)
        all[n++] = &s->places[SENDERS_MAX];
    qsort(all, n, sizeof *all, compare);
    return n;
}

size_t senders_top(const struct senders *s, const struct sender **out, size_t max)
{
    const struct sender *all[SENDERS_MAX + 1];
    size_t n = list(s, all);
    if (n > max)
        n = max;
    memcpy(out, all, n * sizeof *all);
    return n;
}

size_t senders_rest(const struct senders *s, size_t max, struct sender *rest)
{
    const struct sender *all[SENDERS_MAX + 1];
    size_t n = list(s, all);
    *rest = (struct sender){.address = "rest", .listener = "any"};
    for (size_t i = max; i < n; i++)
        add(rest, all[i]);
    return n > max ? n - max : 0;
}
