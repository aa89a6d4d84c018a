/* The picture that goes with a mail: the first mover's last hours, read from Redis. */
#ifndef RIDGELINE_ALERTER_PICTURE_H
#define RIDGELINE_ALERTER_PICTURE_H

#include "alerter/chart.h"
#include "alerter/message.h"
#include "ridgeline/conf.h"
#include "ridgeline/store.h"

/* Draws the first mover of the message's incident as of `now_s`. Returns 0; -1 when there is none, or no points of it,
 * or Redis did not answer: then `*image` is empty, and the mail goes without. */
int picture_draw(struct store *s, const struct settings *settings, const struct message *m, int64_t now_s,
                 struct chart_image *image);

#endif
