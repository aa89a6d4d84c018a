#include "ridgeline/outages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HABIT_S (14 * 86400) /* as long as a silence is remembered */

static const char *const kinds[] = {[OUTAGE_OURS] = "ours", [OUTAGE_SHARED] = "shared"};

void outages_format(char out[OUTAGES_TEXT_MAX], const struct outage *o)
{
    snprintf(out, OUTAGES_TEXT_MAX, "%s %" PRIu32 " %" PRIu32, kinds[o->kind], o->from, o->until);
}

/* Whatever is not exactly what outages_format() would have written is refused: signs, blanks, what is cut. */
int outages_parse(const char *text, size_t len, struct outage *o)
{
    char copy[OUTAGES_TEXT_MAX], again[OUTAGES_TEXT_MAX], *end;
    if (len >= sizeof copy)
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const char *times = strchr(copy, ' ');
    if (!times)
        return -1;
    unsigned long long from = strtoull(times, &end, 10), until = strtoull(end, NULL, 10);
    if (from >= until || until > UINT32_MAX)
        return -1;
    *o = (struct outage){(uint32_t)from, (uint32_t)until, *copy == *kinds[OUTAGE_OURS] ? OUTAGE_OURS : OUTAGE_SHARED};
    outages_format(again, o);
    return strcmp(again, copy) == 0 && strlen(copy) == len ? 0 : -1;
}

static int by_from(const void *a, const void *b)
{
    const struct outage *x = a, *y = b;
    if (x->from != y->from)
        return (x->from > y->from) - (x->from < y->from);
    return (x->until > y->until) - (x->until < y->until);
}

/* Joins those of a sorted list that overlap or touch, of `kind` or, below 0, of any. Returns how many are left. */
static size_t join(struct outage *list, size_t n, int kind)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = kept;
        while (kind >= 0 && k > 0 && (int)list[k - 1].kind != kind)
            k--;
        bool joins = (kind < 0 || (int)list[i].kind == kind) && k > 0 && list[i].from <= list[k - 1].until;
        if (!joins)
            list[kept++] = list[i];
        else if (list[i].until > list[k - 1].until)
            list[k - 1].until = list[i].until;
    }
    return kept;
}

/* Whether what all shared in list[i] has come before. */
static bool comes_again(const struct outage *list, size_t i)
{
    uint32_t half_s = (list[i].until - list[i].from) / 2;
    for (size_t k = i; k-- > 0 && list[i].from - list[k].from <= HABIT_S;)
        if (list[k].kind == OUTAGE_SHARED && list[k].until - list[k].from >= half_s)
            return true;
    return false;
}

void outages_make(struct outages *o, struct outage *told, size_t n)
{
    qsort(told, n, sizeof *told, by_from);
    n = join(told, n, OUTAGE_SHARED);
    o->n = 0;
    for (size_t i = 0; i < n && o->n < OUTAGES_MAX; i++)
        if (told[i].kind == OUTAGE_OURS || !comes_again(told, i))
            o->list[o->n++] = told[i];
    o->n = join(o->list, o->n, -1);
}

uint32_t outages_overlap_s(const struct outages *o, uint32_t from, uint32_t until)
{
    uint32_t sum_s = 0;
    for (size_t i = o ? o->n : 0; i-- > 0 && o->list[i].until > from;) {
        uint32_t begin = o->list[i].from > from ? o->list[i].from : from;
        uint32_t end = o->list[i].until < until ? o->list[i].until : until;
        sum_s += end > begin ? end - begin : 0;
    }
    return sum_s;
}
