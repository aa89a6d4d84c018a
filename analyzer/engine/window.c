/* Only the packing; the rest is short enough to stand in the header. */
#include "analyzer/engine/window.h"

#include "analyzer/engine/codec.h"

void window_codec(struct window *w, struct codec *c)
{
    codec_u32(c, &w->n, WINDOW_POINTS);
    codec_u32(c, &w->next, WINDOW_POINTS - 1);
    codec_numbers(c, w->y, WINDOW_POINTS);
}
