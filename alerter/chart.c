/* Drawn back to front: the anomalous span, the band, the grid, what was expected, the values. Mail clients scale
 * pictures for sharp screens, so it is made twice as large as it is shown. */
#include "alerter/chart.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCALE 2
#define LEFT 52.0
#define RIGHT 8.0
#define TOP 26.0
#define BOTTOM 20.0
#define PLOT_WIDTH (CHART_WIDTH - LEFT - RIGHT)
#define PLOT_HEIGHT (CHART_HEIGHT - TOP - BOTTOM)
#define VALUE_LIMIT 1e30 /* larger ones are drawn there: differences stay finite */
#define LINES_Y 5
#define LINES_X 7
#define GAP_STEPS 3.5

static const double ink[] = {0.13, 0.15, 0.19}, faint[] = {0.86, 0.88, 0.90}, label_ink[] = {0.35, 0.38, 0.42},
                    value_ink[] = {0.10, 0.32, 0.65}, expected_ink[] = {0.25, 0.55, 0.45},
                    band_fill[] = {0.80, 0.92, 0.87}, span_fill[] = {1.00, 0.88, 0.86};

struct frame {
    cairo_t *cairo;
    const struct chart *chart;
    double low, high; /* of the axis: low < high */
};

double chart_nice_step(double range, unsigned parts)
{
    double raw = range / parts, power = pow(10, floor(log10(raw)));
    double factor = raw / power;
    return (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10) * power;
}

char *chart_number(char out[CHART_NUMBER_MAX], double v)
{
    static const struct {
        double from;
        const char *prefix;
    } prefixes[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}};
    double size = fabs(v);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (size >= prefixes[i].from && size < prefixes[i].from * 1e3) {
            snprintf(out, CHART_NUMBER_MAX, "%.3g%s", v / prefixes[i].from, prefixes[i].prefix);
            return out;
        }
    snprintf(out, CHART_NUMBER_MAX, "%.3g", v);
    return out;
}

static double clip(double v)
{
    return fmax(-VALUE_LIMIT, fmin(VALUE_LIMIT, v));
}

static double x_of(const struct frame *f, double t)
{
    const struct chart *c = f->chart;
    double x = LEFT + (t - c->from) / ((double)c->until - c->from) * PLOT_WIDTH;
    return fmax(LEFT, fmin(LEFT + PLOT_WIDTH, x));
}

static double y_of(const struct frame *f, double v)
{
    return TOP + (f->high - clip(v)) / (f->high - f->low) * PLOT_HEIGHT;
}

static void ink_of(const struct frame *f, const double color[3])
{
    cairo_set_source_rgb(f->cairo, color[0], color[1], color[2]);
}

static void widen(struct frame *f, double v)
{
    f->low = fmin(f->low, clip(v));
    f->high = fmax(f->high, clip(v));
}

/* The axis takes in all values, and the band as far as it is not many times wider than they are. */
static void fit(struct frame *f)
{
    const struct chart *c = f->chart;
    f->low = INFINITY;
    f->high = -INFINITY;
    for (size_t i = 0; i < c->n_points; i++)
        widen(f, c->points[i].v);
    double low = f->low, high = f->high, room = high - low;
    for (size_t i = 0; i < c->n_band; i++) {
        widen(f, fmax(c->band[i].lower, low - room));
        widen(f, fmin(c->band[i].upper, high + room));
    }
    if (!(f->low <= f->high))
        f->low = f->high = 0;
    double margin = f->high > f->low ? (f->high - f->low) * 0.05 : fmax(fabs(f->low) * 0.1, 1e-9);
    f->low -= margin;
    f->high += margin;
}

static void draw_span(const struct frame *f)
{
    double x = x_of(f, f->chart->start), width = x_of(f, f->chart->end) - x;
    ink_of(f, span_fill);
    cairo_rectangle(f->cairo, x, TOP, fmax(width, 1.5), PLOT_HEIGHT);
    cairo_fill(f->cairo);
}

static bool is_gap(const struct chart *c, uint32_t before, uint32_t t)
{
    return c->step_s > 0 && (double)t - before > GAP_STEPS * c->step_s;
}

/* The end of the stretch without a gap that begins with band[i]. */
static size_t band_stretch(const struct chart *c, size_t i)
{
    for (i++; i < c->n_band && !is_gap(c, c->band[i - 1].t, c->band[i].t);)
        i++;
    return i;
}

static void draw_band(const struct frame *f)
{
    const struct chart *c = f->chart;
    ink_of(f, band_fill);
    for (size_t i = 0, end; i < c->n_band; i = end) {
        end = band_stretch(c, i);
        for (size_t j = i; j < end; j++)
            cairo_line_to(f->cairo, x_of(f, c->band[j].t), y_of(f, c->band[j].upper));
        for (size_t j = end; j-- > i;)
            cairo_line_to(f->cairo, x_of(f, c->band[j].t), y_of(f, c->band[j].lower));
        cairo_close_path(f->cairo);
        cairo_fill(f->cairo);
    }
}

static void draw_expected(const struct frame *f)
{
    static const double dash[] = {4, 3};
    const struct chart *c = f->chart;
    ink_of(f, expected_ink);
    cairo_set_line_width(f->cairo, 1);
    cairo_set_dash(f->cairo, dash, 2, 0);
    for (size_t i = 0, end; i < c->n_band; i = end) {
        end = band_stretch(c, i);
        for (size_t j = i; j < end; j++)
            cairo_line_to(f->cairo, x_of(f, c->band[j].t), y_of(f, c->band[j].expected));
        cairo_stroke(f->cairo);
    }
    cairo_set_dash(f->cairo, NULL, 0, 0);
}

static void draw_values(const struct frame *f)
{
    const struct chart *c = f->chart;
    ink_of(f, value_ink);
    cairo_set_line_width(f->cairo, 1.4);
    cairo_set_line_join(f->cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(f->cairo, CAIRO_LINE_CAP_ROUND); /* a point by itself is a dot */
    for (size_t i = 0; i < c->n_points; i++) {
        double x = x_of(f, c->points[i].t), y = y_of(f, c->points[i].v);
        if (i == 0 || is_gap(c, c->points[i - 1].t, c->points[i].t))
            cairo_move_to(f->cairo, x, y);
        cairo_line_to(f->cairo, x, y);
    }
    cairo_stroke(f->cairo);
}

/* As `align` says, or as far left as it takes to end within the picture. */
static void draw_text(const struct frame *f, double x, double y, double align, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(f->cairo, text, &e);
    cairo_move_to(f->cairo, fmin(x - align * e.x_advance, fmax(CHART_WIDTH - e.x_advance, 0)), y);
    cairo_show_text(f->cairo, text);
}

static void draw_line(const struct frame *f, double x0, double y0, double x1, double y1)
{
    ink_of(f, faint);
    cairo_set_line_width(f->cairo, 0.5);
    cairo_move_to(f->cairo, x0, y0);
    cairo_line_to(f->cairo, x1, y1);
    cairo_stroke(f->cairo);
}

static void draw_y_axis(const struct frame *f)
{
    char text[CHART_NUMBER_MAX];
    double step = chart_nice_step(f->high - f->low, LINES_Y), first = ceil(f->low / step);
    for (unsigned i = 0; i <= LINES_Y; i++) {
        double v = (first + i) * step, y = y_of(f, v);
        if (v > f->high)
            break;
        draw_line(f, LEFT, y, LEFT + PLOT_WIDTH, y);
        ink_of(f, label_ink);
        draw_text(f, LEFT - 5, y + 3.5, 1, chart_number(text, v));
    }
}

/* Whole minutes, hours or days that divide the time shown into few parts. */
static uint32_t time_step_s(uint32_t span_s)
{
    static const uint32_t steps_s[] = {60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    for (size_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++)
        if (span_s / steps_s[i] <= LINES_X)
            return steps_s[i];
    return (span_s / 86400 / LINES_X + 1) * 86400;
}

static void draw_x_axis(const struct frame *f)
{
    const struct chart *c = f->chart;
    uint32_t step_s = time_step_s(c->until - c->from);
    for (uint64_t t = ((uint64_t)c->from + step_s - 1) / step_s * step_s; t <= c->until; t += step_s) {
        char text[16] = "";
        struct tm tm;
        time_t seconds = (time_t)t;
        double x = x_of(f, (double)t);
        if (gmtime_r(&seconds, &tm) != NULL)
            strftime(text, sizeof text, step_s < 86400 ? "%H:%M" : "%m-%d", &tm);
        draw_line(f, x, TOP, x, TOP + PLOT_HEIGHT);
        ink_of(f, label_ink);
        draw_text(f, x, CHART_HEIGHT - 6, 0.5, text);
    }
    draw_text(f, LEFT - 5, CHART_HEIGHT - 6, 1, "UTC");
}

/* The name on the left, cut where the unit begins on the right. */
static void draw_title(const struct frame *f)
{
    cairo_text_extents_t e;
    cairo_text_extents(f->cairo, f->chart->unit, &e);
    ink_of(f, label_ink);
    draw_text(f, CHART_WIDTH - RIGHT, 17, 1, f->chart->unit);
    ink_of(f, ink);
    cairo_save(f->cairo);
    cairo_rectangle(f->cairo, 0, 0, fmax(CHART_WIDTH / 2.0, CHART_WIDTH - RIGHT - e.x_advance - 8), TOP);
    cairo_clip(f->cairo);
    cairo_set_font_size(f->cairo, 12.5);
    draw_text(f, 8, 17, 0, f->chart->title);
    cairo_restore(f->cairo);
}

static void draw_all(struct frame *f)
{
    fit(f);
    cairo_scale(f->cairo, SCALE, SCALE);
    cairo_set_source_rgb(f->cairo, 1, 1, 1);
    cairo_paint(f->cairo);
    cairo_select_font_face(f->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(f->cairo, 11);
    cairo_save(f->cairo);
    cairo_rectangle(f->cairo, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT);
    cairo_clip(f->cairo);
    draw_span(f);
    draw_band(f);
    cairo_restore(f->cairo);
    draw_y_axis(f);
    draw_x_axis(f);
    cairo_save(f->cairo);
    cairo_rectangle(f->cairo, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT);
    cairo_clip(f->cairo);
    draw_expected(f);
    draw_values(f);
    cairo_restore(f->cairo);
    draw_title(f);
}

static cairo_status_t write_png(void *closure, const unsigned char *bytes, unsigned n)
{
    struct chart_image *image = closure;
    unsigned char *grown = realloc(image->bytes, image->len + n);
    if (grown == NULL)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(grown + image->len, bytes, n);
    image->bytes = grown;
    image->len += n;
    return CAIRO_STATUS_SUCCESS;
}

int chart_draw(const struct chart *c, struct chart_image *image)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, CHART_WIDTH * SCALE, CHART_HEIGHT * SCALE);
    struct frame frame = {.cairo = cairo_create(surface), .chart = c};
    *image = (struct chart_image){0};
    draw_all(&frame);
    bool ok = cairo_status(frame.cairo) == CAIRO_STATUS_SUCCESS &&
              cairo_surface_write_to_png_stream(surface, write_png, image) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(frame.cairo);
    cairo_surface_destroy(surface);
    if (!ok)
        chart_image_fini(image);
    return ok ? 0 : -1;
}

void chart_image_fini(struct chart_image *image)
{
    free(image->bytes);
    *image = (struct chart_image){0};
}
