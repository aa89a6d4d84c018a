/* cli/inputs.c and cli/labels.c: which files, where results go, what is labelled. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inputs.h"
#include "cli/labels.h"

#define PATH(text) (char[]){text} /* as main() gets it */

static char dir[] = "/tmp/ridgeline-backtest-XXXXXX";
static char error[LABELS_ERROR_MAX];
static const char *const csv[] = {".csv", NULL};

static void begin(void)
{
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void end(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(inputs, .init = begin, .fini = end);
TestSuite(labels, .init = begin, .fini = end);

static void file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void tree(void)
{
    mkdir("data", 0777);
    mkdir("data/one", 0777);
    mkdir("data/two", 0777);
    file("data/one/a.csv", "");
    file("data/one/notes.txt", "");
    file("data/two/a.csv", "");
    file("data/b.csv", "");
}

static void expect_names(char *const *paths, size_t n, const char *names)
{
    struct inputs in = {0};
    char got[256] = "";
    cr_assert_eq(inputs_find(&in, paths, n, csv, error), 0, "%s", error);
    for (size_t i = 0; i < in.n; i++) {
        strcat(got, in.files[i].name);
        strcat(got, " ");
    }
    cr_assert_str_eq(got, names);
    cr_assert_eq(inputs_make_dirs(&in, "out", error), 0, "%s", error);
    inputs_free(&in);
}

Test(inputs, of_a_directory_keep_their_layout)
{
    struct stat st;
    tree();
    expect_names((char *[]){PATH("data")}, 1, "b.csv one/a.csv two/a.csv ");
    expect_names((char *[]){PATH("./data/")}, 1, "b.csv one/a.csv two/a.csv ");
    cr_assert(stat("out/two", &st) == 0 && S_ISDIR(st.st_mode));
}

Test(inputs, of_one_directory_have_their_base_names)
{
    tree();
    expect_names((char *[]){PATH("data/b.csv")}, 1, "b.csv ");
    expect_names((char *[]){PATH("data/one/a.csv"), PATH("data/one/notes.txt")}, 2, "a.csv notes.txt ");
}

Test(inputs, of_several_directories_have_their_category_before_them)
{
    tree();
    expect_names((char *[]){PATH("data/one/a.csv"), PATH("data/two/a.csv")}, 2, "one/a.csv two/a.csv ");
    expect_names((char *[]){PATH("data/b.csv"), PATH("data/two/a.csv")}, 2, "data/b.csv two/a.csv ");
}

Test(inputs, that_cannot_be_looked_at_are_inputs_too)
{
    tree();
    cr_assert_eq(symlink("nowhere", "data/one/gone.csv"), 0);
    cr_assert_eq(symlink("nowhere", "data/one/gone.txt"), 0);
    cr_assert_eq(symlink("..", "data/one/around"), 0);
    expect_names((char *[]){PATH("data/one")}, 1, "a.csv around/b.csv around/two/a.csv gone.csv ");
    if (geteuid() == 0)
        return; /* whom every directory lets in */
    cr_assert_eq(chmod("data/two", 0), 0);
    expect_names((char *[]){PATH("data")}, 1, "b.csv one/a.csv one/gone.csv two ");
}

Test(inputs, that_share_a_result_are_refused)
{
    struct inputs in = {0};
    tree();
    cr_assert_eq(inputs_find(&in, (char *[]){PATH("data/b.csv"), PATH("data/b.csv")}, 2, csv, error), -1);
    cr_assert_eq(inputs_find(&in, (char *[]){PATH("data/one"), PATH("data/two")}, 2, csv, error), -1);
    cr_assert_eq(inputs_find(&in, NULL, 0, csv, error), -1);
}

static void expect_events(const char *path, const char *name, const struct score_event *want, size_t want_n)
{
    struct labels *l = labels_new(path, error);
    struct score_event *events;
    size_t n;
    double step_s = 60;
    cr_assert_not_null(l, "%s", error);
    cr_assert_eq(labels_events(l, name, &events, &n, &step_s, error), 1, "%s", error);
    cr_assert_eq(n, want_n);
    for (size_t i = 0; i < n; i++)
        cr_assert(events[i].first == want[i].first && events[i].last == want[i].last, "%zu: %u %u", i, events[i].first,
                  events[i].last);
    free(events);
    labels_free(l);
}

Test(labels, of_nab_are_found_with_and_without_their_category)
{
    static const struct score_event want[] = {{60, 120}, {86400, 86401}};
    file("w.json", "{\"one/a.csv\": [[\"1970-01-01 00:01:00.000000\", \"1970-01-01 00:02:00.000000\"],"
                   "[\"1970-01-02 00:00:00\", \"1970-01-02 00:00:01\"]], \"two/b.csv\": []}");
    expect_events("w.json", "one/a.csv", want, 2);
    expect_events("w.json", "a.csv", want, 2);
    expect_events("w.json", "b.csv", NULL, 0);
}

Test(labels, in_a_column_are_runs_that_gaps_and_other_rows_end)
{
    static const struct score_event want[] = {{120, 180}, {300, 300}, {420, 480}, {900, 900}};
    mkdir("l", 0777);
    file("l/a.csv", "timestamp,value,label\n0,1,0\n60,1,0\n120,1,1\n180,1,1\n240,1,0\n300,1,1\n360,1,-1\n420,1,1\n"
                    "480,1,1\n900,1,1\n960,1,\n");
    expect_events("l", "a.csv", want, 4);
}

Test(labels, that_are_missing_or_broken_are_told_apart)
{
    struct score_event *events;
    size_t n;
    double step_s;
    file("w.json", "{\"a.csv\": [[\"soon\", \"later\"]]}");
    file("not.json", "[1, 2");
    struct labels *l = labels_new("w.json", error);
    cr_assert_eq(labels_events(l, "a.csv", &events, &n, &step_s, error), -1);
    cr_assert_eq(labels_events(l, "c.csv", &events, &n, &step_s, error), 0);
    labels_free(l);
    cr_assert_null(labels_new("not.json", error));
    cr_assert_null(labels_new("nowhere", error));
}
