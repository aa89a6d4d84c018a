#include "alerter/limiter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ridgeline/units.h"

#define ID_LEN (ANOMALY_ID_BYTES - 1)

/* Whether the span is over; a clock that was put back ends it too. */
static bool is_over(const struct limiter *l, const struct units_budget *limit, int64_t now_s)
{
    return now_s < l->since_s || now_s - l->since_s >= limit->per_s;
}

bool limiter_take(struct limiter *l, const struct units_budget *limit, int64_t now_s)
{
    if (!limit->on)
        return true;
    if (is_over(l, limit, now_s) && l->held_count == 0) {
        l->since_s = now_s;
        l->sent = 0;
    }
    if (l->held_count > 0 || l->sent >= limit->count)
        return false; /* what is held goes first */
    l->sent++;
    return true;
}

void limiter_hold(struct limiter *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->held[i], id) == 0)
            return;
    l->held_count++;
    if (l->n < LIMITER_HELD_MAX)
        snprintf(l->held[l->n++], ANOMALY_ID_BYTES, "%s", id);
}

bool limiter_is_due(const struct limiter *l, const struct units_budget *limit, int64_t now_s)
{
    return l->held_count > 0 && !l->pending && (!limit->on || is_over(l, limit, now_s));
}

void limiter_intend(struct limiter *l, int64_t now_s)
{
    l->since_s = now_s;
    l->sent = 1;
    l->sequence++;
    l->pending = true;
}

void limiter_sent(struct limiter *l)
{
    l->pending = false;
    l->held_count = 0;
    l->n = 0;
}

char *limiter_to_text(char out[LIMITER_TEXT_MAX], const struct limiter *l)
{
    int len = snprintf(out, LIMITER_TEXT_MAX, "%" PRId64 " %" PRId64 " %" PRIu32 " %d %" PRId64, l->since_s, l->sent,
                       l->sequence, l->pending, l->held_count);
    for (size_t i = 0; i < l->n; i++)
        len += snprintf(out + len, LIMITER_TEXT_MAX - (size_t)len, " %s", l->held[i]);
    return out;
}

int limiter_from_text(struct limiter *l, const char *text)
{
    struct limiter read = {.n = 0};
    int pending, end = 0;
    *l = read;
    if (sscanf(text, "%12" SCNd64 " %9" SCNd64 " %9" SCNu32 " %1d %9" SCNd64 "%n", &read.since_s, &read.sent,
               &read.sequence, &pending, &read.held_count, &end) != 5)
        return -1;
    read.pending = pending == 1;
    for (text += end; *text == ' ' && read.n < LIMITER_HELD_MAX; text += 1 + ID_LEN) {
        if (strspn(text + 1, "0123456789abcdef") != ID_LEN)
            return -1;
        memcpy(read.held[read.n++], text + 1, ID_LEN);
    }
    if (*text != '\0' || (int64_t)read.n > read.held_count || (read.pending && read.held_count == 0))
        return -1;
    *l = read;
    return 0;
}
