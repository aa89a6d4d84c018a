/* The last day of one metric's raw points, which Skyline's algorithms look at. Pure, but for malloc.
 *
 * Counted in the data's time: what is older than a day before the newest point goes, but for the last point of
 * those, which proves that the window reaches back a whole day even where the day begins with a gap. Times
 * are whole seconds and grow, so there are never more than SKYLINE_WINDOW_MAX points. 16 bytes a
 * point, and up to three quarters of that again as slack: 140 to 240 KB at a point in 10 s. */
#ifndef RIDGELINE_SKYLINE_WINDOW_H
#define RIDGELINE_SKYLINE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "ridgeline/series.h"

#define SKYLINE_WINDOW_S 86400u
#define SKYLINE_WINDOW_MAX (SKYLINE_WINDOW_S + 1)

struct skyline_window;

/* An empty window; NULL when memory is out. */
struct skyline_window *skyline_window_new(void);
void skyline_window_free(struct skyline_window *w);

/* Takes the next point, whose value must be finite. One that is not later than the newest is passed
 * over. Returns 0, or -1 when memory is out, with the window as it was. */
int skyline_window_push(struct skyline_window *w, struct point p);

/* The points of the day that ends with the newest, in time order; owned by the window and valid until
 * the next push. Returns their number. */
size_t skyline_window_day(const struct skyline_window *w, const struct point **points);

/* Seconds of data that it still lacks to a day; 0 when it reaches back that far. Its first hour may have
 * begun only: a raw tail that is cut to a day holds no more. */
uint32_t skyline_window_left_s(const struct skyline_window *w);

/* Bytes that it takes. */
size_t skyline_window_bytes(const struct skyline_window *w);

#endif
