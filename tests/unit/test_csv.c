/* cli/csv.c: the files that backtest reads. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/csv.h"

static char path[] = "/tmp/ridgeline-csv-XXXXXX";

static void begin(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void end(void)
{
    unlink(path);
}

TestSuite(csv, .init = begin, .fini = end);

static void file(const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

/* Opens a file of this head and these rows. */
static void open_text(struct csv *c, const char *head, const char *rows)
{
    char text[128];
    snprintf(text, sizeof text, "%s%s", head, rows);
    file(text);
    cr_assert_eq(csv_open(c, path), 0, "%s", c->error);
}

Test(csv, reads_epoch_seconds_and_calendar_times)
{
    static const struct {
        const char *text;
        int result;
        uint32_t t;
    } rows[] = {
        {"0", 0, 0},
        {"1529366400", 0, 1529366400},
        {"1529366400.75", 0, 1529366400},
        {"4294967295", 0, UINT32_MAX},
        {"2014-02-14 14:30:00", 0, 1392388200},
        {"2014-02-14T14:30:00Z", 0, 1392388200},
        {"2014-02-14 14:30:00.500", 0, 1392388200},
        {"1970-01-01 00:00:00", 0, 0},
        {"", -1, 0},
        {"-1", -1, 0},
        {"4294967296", -1, 0},
        {"1e400", -1, 0},
        {"nan", -1, 0},
        {"2014-02-14", 0, 1392336000},
        {"2014-13-14 00:00:00", -1, 0},
        {"2014-02-14 25:00:00", -1, 0},
        {"2014-02-14 14:30:00 PM", -1, 0},
        {"yesterday", -1, 0},
    };
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        uint32_t t = 0;
        cr_assert_eq(csv_time(rows[k].text, strlen(rows[k].text), &t), rows[k].result, "%s", rows[k].text);
        cr_assert_eq(t, rows[k].t, "%s", rows[k].text);
    }
}

Test(csv, finds_its_columns_by_name_and_passes_over_others)
{
    struct csv c;
    struct csv_row row;
    file("label, value,timestamp\r\n1,2.5,60\r\n\r\n0, 3 ,2014-02-14 14:30:00");
    cr_assert_eq(csv_open(&c, path), 0, "%s", c.error);
    cr_assert_eq(csv_next(&c, &row), 1);
    cr_assert(row.has_value && row.point.v == 2.5 && row.point.t == 60);
    cr_assert_eq(csv_next(&c, &row), 1);
    cr_assert(row.has_value && row.point.v == 3 && row.point.t == 1392388200);
    cr_assert_eq(row.value_len, 1);
    cr_assert_eq(strncmp(row.timestamp, "2014-02-14 14:30:00", row.timestamp_len), 0);
    cr_assert_eq(csv_next(&c, &row), 0);
    csv_close(&c);
}

Test(csv, gives_rows_without_a_number_back_unjudged)
{
    static const char *const values[] = {"", "nan", "NaN", "inf", "1e999"};
    for (unsigned k = 0; k < sizeof values / sizeof *values; k++) {
        struct csv c;
        struct csv_row row;
        open_text(&c, "timestamp,value\n60,", values[k]);
        cr_assert_eq(csv_next(&c, &row), 1);
        cr_assert_not(row.has_value, "%s", values[k]);
        csv_close(&c);
    }
}

Test(csv, says_file_and_line_of_what_it_cannot_read)
{
    static const struct {
        const char *rows, *reason;
    } bad[] = {
        {"60,1\nsoon,2\n", ":3: the timestamp"},
        {"60,1\n\n\n61,two\n", ":5: the value is not a number"},
        {"60\n", ":2: fewer columns"},
        {"60,0x\n", ":2: the value is not a number"},
    };
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct csv c;
        struct csv_row row;
        int got;
        open_text(&c, "timestamp,value\n", bad[k].rows);
        while ((got = csv_next(&c, &row)) > 0)
            continue;
        cr_assert_eq(got, -1);
        cr_assert_not_null(strstr(c.error, bad[k].reason), "%s", c.error);
        cr_assert_eq(strncmp(c.error, path, strlen(path)), 0);
        csv_close(&c);
    }
}

Test(csv, a_first_line_of_a_time_and_a_number_is_the_first_row)
{
    static const char *const firsts[] = {"60,1\n", "\n 60 , 1 \r\n", "1970-01-01 00:01:00,1e0\n"};
    for (unsigned k = 0; k < sizeof firsts / sizeof *firsts; k++) {
        struct csv c;
        struct csv_row row;
        open_text(&c, firsts[k], "61,2\n62,\n");
        for (uint32_t t = 60; t < 63; t++) {
            cr_assert_eq(csv_next(&c, &row), 1, "%s", c.error);
            cr_assert_eq(row.point.t, t);
            cr_assert_eq(row.has_value, t < 62);
            cr_assert(t == 62 || row.point.v == t - 59);
            cr_assert_eq(row.label_len, 0);
        }
        cr_assert_eq(csv_next(&c, &row), 0);
        csv_close(&c);
    }
}

Test(csv, needs_the_column_names_where_the_first_line_is_no_row)
{
    static const char *const texts[] = {"", "\n", "60\n", "60,\n", "60,nan\n", "60,one\n", "soon,1\n", "60,1,0\n",
                                        "-60,1\n", "time,value\n60,1\n", "timestamp\n"};
    struct csv c;
    for (unsigned k = 0; k < sizeof texts / sizeof *texts; k++) {
        file(texts[k]);
        cr_assert_eq(csv_open(&c, path), -1);
        cr_assert_not_null(strstr(c.error, "must name the columns"), "%s", c.error);
    }
    unlink(path);
    cr_assert_eq(csv_open(&c, path), -1);
    cr_assert_not_null(strstr(c.error, "No such file"), "%s", c.error);
}

/* Looked at from its begin for each column, such a line takes an hour. */
Test(csv, a_first_line_of_a_million_columns_is_looked_at_once)
{
    enum { COLUMNS = 1000000 };
    char *text = malloc(COLUMNS + 32);
    struct csv c;
    cr_assert_not_null(text);
    memset(text, ',', COLUMNS);
    strcpy(text + COLUMNS, "timestamp,value\n");
    file(text);
    cr_expect_eq(csv_open(&c, path), 0);
    csv_close(&c);
    free(text);
}
