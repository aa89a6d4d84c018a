/* Sums of at most 60 normal values: no compensation is needed. */
#include "analyzer/engine/bucket.h"

#include <math.h>

#include "analyzer/engine/codec.h"

static void close(struct bucket *b, struct detector_point *mean)
{
    mean->t = b->t;
    mean->y = b->y / b->n;
    mean->season = b->known ? b->season / b->n : NAN;
    mean->usual = b->known && b->trusted ? mean->y - mean->season : NAN;
    *b = (struct bucket){0};
}

bool bucket_pass(struct bucket *b, uint32_t t, double span_s, struct detector_point *mean)
{
    if (b->n == 0 || t - b->t < span_s)
        return false;
    close(b, mean);
    return true;
}

bool bucket_add(struct bucket *b, const struct detector_point *p, uint32_t size, struct detector_point *mean)
{
    bool known = !isnan(p->season);
    b->known = known && (b->n == 0 || b->known);
    b->trusted = !isnan(p->usual) && (b->n == 0 || b->trusted);
    b->season += known ? p->season : 0;
    b->y += p->y;
    b->t = p->t;
    b->n++;
    if (b->n < size)
        return false;
    close(b, mean);
    return true;
}

void bucket_codec(struct bucket *b, struct codec *c)
{
    codec_u32(c, &b->n, BUCKET_POINTS_MAX - 1);
    codec_time(c, &b->t);
    codec_number(c, &b->y);
    codec_number(c, &b->season);
    codec_flag(c, &b->known);
    codec_flag(c, &b->trusted);
}
