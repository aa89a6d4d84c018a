/* The picture of a mail: read back, pixel by pixel. */
#include <cairo.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "alerter/chart.h"

#define POINTS 1080
#define STEP_S 10
#define FROM 1700000000u

struct source {
    const struct chart_image *image;
    size_t at;
};

static cairo_status_t feed(void *closure, unsigned char *out, unsigned n)
{
    struct source *s = closure;
    if (s->at + n > s->image->len)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, s->image->bytes + s->at, n);
    s->at += n;
    return CAIRO_STATUS_SUCCESS;
}

/* How many pixels have the colour, each part within a few of it. */
static unsigned count(const struct chart_image *image, int red, int green, int blue)
{
    struct source source = {.image = image};
    cairo_surface_t *s = cairo_image_surface_create_from_png_stream(feed, &source);
    cr_assert_eq(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
    cr_assert_eq(cairo_image_surface_get_width(s), 2 * CHART_WIDTH);
    cr_assert_eq(cairo_image_surface_get_height(s), 2 * CHART_HEIGHT);
    unsigned n = 0;
    for (int y = 0; y < 2 * CHART_HEIGHT; y++) {
        const unsigned char *row = cairo_image_surface_get_data(s) + y * cairo_image_surface_get_stride(s);
        for (int x = 0; x < 2 * CHART_WIDTH; x++) {
            uint32_t pixel;
            memcpy(&pixel, row + 4 * x, sizeof pixel);
            n += abs((int)(pixel >> 16 & 255) - red) < 4 && abs((int)(pixel >> 8 & 255) - green) < 4 &&
                 abs((int)(pixel & 255) - blue) < 4;
        }
    }
    cairo_surface_destroy(s);
    return n;
}

static struct point points[POINTS];
static struct chart_band band[POINTS];

static struct chart sample(void)
{
    for (unsigned i = 0; i < POINTS; i++) {
        uint32_t t = FROM + i * STEP_S;
        points[i] = (struct point){t, 100 + 10 * sin(i / 50.0)};
        band[i] = (struct chart_band){t, points[i].v, points[i].v - 8, points[i].v + 8};
    }
    return (struct chart){.title = "shop.checkout", .unit = "1/s", .from = FROM, .until = FROM + POINTS * STEP_S,
                          .start = FROM + 9000, .end = FROM + 9600, .step_s = STEP_S, .points = points,
                          .n_points = POINTS, .band = band, .n_band = POINTS};
}

Test(chart, values_band_and_span_are_seen)
{
    struct chart c = sample();
    struct chart_image image;
    cr_assert_eq(chart_draw(&c, &image), 0);
    cr_expect_gt(count(&image, 26, 82, 166), 1000, "values");
    cr_expect_gt(count(&image, 204, 235, 222), 10000, "band");
    cr_expect_gt(count(&image, 255, 224, 219), 5000, "span");
    chart_image_fini(&image);
}

Test(chart, a_gap_breaks_the_line_and_the_band)
{
    struct chart c = sample();
    struct chart_image whole, broken;
    cr_assert_eq(chart_draw(&c, &whole), 0);
    memmove(points + 300, points + 700, (POINTS - 700) * sizeof *points);
    memmove(band + 300, band + 700, (POINTS - 700) * sizeof *band);
    c.n_points = c.n_band = POINTS - 400;
    cr_assert_eq(chart_draw(&c, &broken), 0);
    cr_expect_lt(count(&broken, 26, 82, 166), count(&whole, 26, 82, 166) * 3 / 4);
    cr_expect_lt(count(&broken, 204, 235, 222), count(&whole, 204, 235, 222) * 3 / 4);
    chart_image_fini(&whole);
    chart_image_fini(&broken);
}

Test(chart, the_extremes_of_values_and_times_are_drawn)
{
    static const double extremes[][2] = {{0, 0}, {-1e308, 1e308}, {5e-324, 1e-323}, {1e15, 1e15 + 1}, {-3, -3}};
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        struct point two[] = {{0, extremes[i][0]}, {UINT32_MAX, extremes[i][1]}};
        struct chart_band wide[] = {{0, 0, -1e308, 1e308}, {UINT32_MAX, 0, -1e308, 1e308}};
        struct chart c = {.title = "", .unit = "", .from = 0, .until = UINT32_MAX, .start = 5, .end = 5, .points = two,
                          .n_points = 2, .band = wide, .n_band = 2};
        struct chart_image image;
        cr_expect_eq(chart_draw(&c, &image), 0, "case %zu", i);
        chart_image_fini(&image);
    }
}

Test(chart, steps_are_1_2_or_5_and_few)
{
    cr_expect_float_eq(chart_nice_step(10, 5), 2, 1e-12);
    cr_expect_float_eq(chart_nice_step(11, 5), 5, 1e-12);
    cr_expect_float_eq(chart_nice_step(0.6, 5), 0.2, 1e-12);
    for (double range = 1e-9; range < 1e12; range *= 1.37) {
        double parts = range / chart_nice_step(range, 5);
        cr_expect(parts <= 5 * (1 + 1e-9) && parts >= 1.9, "%g: %g parts", range, parts);
    }
}

Test(chart, numbers_have_prefixes)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0, "0"},         {1500, "1.5k"},   {-2e6, "-2M"},   {0.25, "250m"},
                {12.34, "12.3"}, {1e30, "1e+30"}, {3e-9, "3e-09"}};
    char out[CHART_NUMBER_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(chart_number(out, rows[i].v), rows[i].text);
}
