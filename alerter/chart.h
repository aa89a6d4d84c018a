/* A chart of one metric's last hours as a picture, for mail: values, what was expected, its band, and the
 * anomalous span. No I/O, no clock. */
#ifndef RIDGELINE_ALERTER_CHART_H
#define RIDGELINE_ALERTER_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define CHART_WIDTH 600
#define CHART_HEIGHT 240

struct chart_band {
    uint32_t t;
    double expected, lower, upper; /* finite */
};

struct chart {
    const char *title;        /* a harmless line */
    const char *unit;         /* the same; "" for none */
    uint32_t from, until;     /* what is shown: from < until */
    uint32_t start, end;      /* the anomalous span */
    double step_s;            /* of the metric; 0: not known. The line is broken at gaps of some steps */
    const struct point *points; /* in time order, finite */
    size_t n_points;          /* at least 1 */
    const struct chart_band *band; /* in time order */
    size_t n_band;
};

struct chart_image {
    unsigned char *bytes; /* PNG; owned */
    size_t len;
};

/* Draws it, at twice the resolution that it is shown at. Returns 0; -1 when memory is out, then `*image` is empty. */
int chart_draw(const struct chart *c, struct chart_image *image);

void chart_image_fini(struct chart_image *image);

/* The least of 1, 2, 5 times a power of ten that divides `range` (positive, finite) into at most `parts`. */
double chart_nice_step(double range, unsigned parts);

/* "1.5k", "250m", "0"; 3 digits, with a prefix of the SI where there is one. Returns `out`. */
#define CHART_NUMBER_MAX 24
char *chart_number(char out[CHART_NUMBER_MAX], double v);

#endif
