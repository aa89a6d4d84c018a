/* cli/openings.c: what a backtest would have opened. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/openings.h"

#define T0 1790000000u

static struct engine_options o;
static struct openings in;
static char *text;
static size_t text_len;

static void begin(void)
{
    engine_options_default(&o);
    openings_init(&in);
}

static void end(void)
{
    openings_fini(&in);
    free(text);
    text = NULL;
}

TestSuite(openings, .init = begin, .fini = end);

static void take(unsigned minute, double score)
{
    struct verdict v = {.t = T0 + 60 * minute, .score = score, .value = minute, .expected = NAN, .direction = 1,
                        .state = score >= 50 ? ENGINE_ANOMALOUS : ENGINE_NORMAL};
    cr_assert_eq(openings_take(&in, &o, 60, &v), 0);
}

static const char *written(const char *name)
{
    FILE *out = open_memstream(&text, &text_len);
    openings_write(&in, name, out);
    fclose(out);
    return text;
}

Test(openings, writes_closed_ones_and_the_one_that_is_open_at_the_end)
{
    take(0, 10);
    take(1, 60);
    take(2, 72.5);
    take(100, 0);
    take(200, 90);
    cr_assert_eq(openings_end(&in), 0);
    cr_assert_str_eq(written("web/load.csv"), "web/load,1790000060,1790000120,72.5,ANOMALOUS,up,1790000060,1,\n"
                                              "web/load,1790012000,1790012000,90.0,ANOMALOUS,up,1790012000,200,\n");
}

Test(openings, counts_two_of_which_one_begins_as_the_other_ends)
{
    take(0, 60);
    take(500, 60);
    cr_assert_eq(openings_end(&in), 0);
    cr_assert_eq(in.n, 2);
}

Test(openings, quotes_a_name_that_needs_it)
{
    take(0, 60);
    cr_assert_eq(openings_end(&in), 0);
    cr_assert_eq(strncmp(written("a,\"b\".csv"), "\"a,\"\"b\"\"\",1790000000", 20), 0, "%s", text);
}

Test(openings, come_to_a_rate_by_the_week)
{
    struct openings files[2];
    take(0, 60);
    take(7 * 1440, 60);
    cr_assert_eq(openings_end(&in), 0);
    files[0] = in;
    openings_init(&files[1]);
    FILE *out = open_memstream(&text, &text_len);
    openings_summarise(files, 2, out);
    fclose(out);
    cr_assert_str_eq(text, "ridgeline: 2 files, 2 points, 1.0 series-weeks: 2 anomalies, 2.00 a series-week\n");
}
