/* The last points of a stream, for the detectors that look back. As floats: what
 * they round off lies below the floor of every scale (a millionth of the value). */
#ifndef RIDGELINE_ENGINE_WINDOW_H
#define RIDGELINE_ENGINE_WINDOW_H

#include <stdint.h>

#define WINDOW_POINTS 64 /* a power of two */

struct codec;

struct window {
    uint32_t n;    /* points held, up to WINDOW_POINTS */
    uint32_t next; /* where the next one goes */
    float y[WINDOW_POINTS];
};

static inline void window_push(struct window *w, double y)
{
    w->y[w->next] = (float)y;
    w->next = (w->next + 1) % WINDOW_POINTS;
    w->n += w->n < WINDOW_POINTS;
}

/* The `back`th point before the present one: 1 is the last pushed. back <= n. */
static inline double window_past(const struct window *w, uint32_t back)
{
    return (double)w->y[(w->next - back) % WINDOW_POINTS];
}

void window_codec(struct window *w, struct codec *c);

#endif
