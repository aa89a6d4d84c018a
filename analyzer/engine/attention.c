/* All counts are of points. */
#include "analyzer/engine/attention.h"

#include <math.h>

#include "analyzer/engine/codec.h"

#define SILENT 288        /* points before anything is told */
#define SPENT_POINTS 2100.0
#define SPENT_PRICE 0.09  /* of each alert on record */
#define REST_SHARE 0.06   /* rest, of the points seen so far */
#define REST_MIN 71.0
#define REST_MAX 245.0
#define LOUDER 3.6        /* what breaks a rest is above the last alert by this */

static double price(const struct attention *a)
{
    double tenth = (double)a->largest[ATTENTION_KEPT - 1];
    return SPENT_PRICE * a->spent + (tenth > ATTENTION_ALERT ? tenth - ATTENTION_ALERT : 0);
}

static void keep(struct attention *a, double alert)
{
    unsigned i = ATTENTION_KEPT;
    for (; i > 0 && (double)a->largest[i - 1] < alert; i--)
        if (i < ATTENTION_KEPT)
            a->largest[i] = a->largest[i - 1];
    if (i < ATTENTION_KEPT)
        a->largest[i] = (float)alert;
}

static void alert(struct attention *a, double told, uint32_t earlier)
{
    keep(a, told);
    a->spent += 1;
    a->peak = told;
    a->rest = (uint32_t)fmin(fmax(REST_SHARE * earlier, REST_MIN), REST_MAX);
}

double attention_take(struct attention *a, double surprise, uint32_t earlier)
{
    double told = fmax(0, surprise - price(a));
    a->spent -= a->spent / SPENT_POINTS;
    if (earlier < SILENT)
        return 0;
    if (a->rest > 0) {
        a->rest--;
        if (told <= a->peak + LOUDER)
            return 0;
    }
    if (told >= ATTENTION_ALERT)
        alert(a, told, earlier);
    return told;
}

void attention_codec(struct attention *a, struct codec *c)
{
    codec_u32(c, &a->rest, (uint32_t)REST_MAX);
    codec_size(c, &a->peak);
    codec_size(c, &a->spent);
    codec_leading_sizes(c, a->largest, ATTENTION_KEPT);
    for (unsigned i = 1; i < ATTENTION_KEPT; i++)
        if (a->largest[i] > a->largest[i - 1])
            c->failed = true;
}
