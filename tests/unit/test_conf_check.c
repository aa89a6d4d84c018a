/* conf_check(): every error of a settings file in one pass. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings_text.h"

/* A file with the text; its name goes to `path`, a template of mkstemp(). */
static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void note(void *context, const char *sentence)
{
    fprintf(context, "%s\n", sentence);
}

Test(conf, a_check_tells_every_error_and_a_load_the_first)
{
    static const char text[] = "horizon: { max_agee = \"5m\";\n max_metrics = 0; };\n"
                               "channels = ( { name = \"a b\"; type = \"exec\"; prog = 1; },\n"
                               " { type = \"pigeon\"; }, 5 );\n"
                               "rules = ( { match = \"[\"; median = 0;\n medain = 4; }, { median = 4.0; } );\n"
                               "alerts = ( { name = \"x\"; channels = \"nobody\"; min_score = 200; } );\n"
                               "log_level = 3;\n";
    static const char *const all[] = {
        ":1: horizon.max_agee: is no known option", ":2: horizon.max_metrics: is out of range",
        ":3: channels.name: must be text",          ":3: channels.prog: is no option of a exec channel",
        ":3: channels.program: must be given",      ":4: channels.name: must be given",
        ":4: channels.type: must be",               ":4: channels: each entry must be a group",
        ":5: rules.match: \"[\" is no glob",         ":5: rules.median: is out of range",
        ":6: rules.medain: is no option",           ":6: rules: the rule has no match",
        ":7: alerts.min_score: is out of range",    ":8: log_level: must be text in quotes",
        "--set foo: is no known option",
    };
    const char *const sets[] = {"foo=1", NULL};
    char path[] = "/tmp/test-conf-XXXXXX", error[CONF_ERROR_MAX], *told = NULL, *rest;
    size_t told_len, n = 0;
    struct settings s;
    write_file(path, text);
    FILE *out = open_memstream(&told, &told_len);
    cr_assert_eq(conf_check(&s, path, sets, note, out), -1);
    fclose(out);
    cr_assert_eq(conf_load(&s, path, NULL, sets, error), -1);
    unlink(path);
    cr_assert_eq(strncmp(told, error, strlen(error)), 0, "%s", error);
    rest = told;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; n++)
        cr_assert(n < COUNT(all) && strstr(line, all[n]) != NULL, "line %zu: %s", n + 1, line);
    cr_assert_eq(n, COUNT(all));
    free(told);
}

Test(conf, what_must_hold_between_options_is_told_together)
{
    static const char text[] = "horizon: { max_age = \"2d\"; max_line_bytes = \"128B\"; spool_max = \"1B\"; };\n"
                               "redis = \"host\";\n"
                               "webapp: { max_connections = 100; listen = \"\"; };\n"
                               "rules = ( { match = \"a\"; retention = \"10s:6h\"; } );";
    const char *const sets[] = {"instance=a b", NULL};
    char path[] = "/tmp/test-conf-XXXXXX", *told = NULL;
    static const char *const all[] = {"redis: must be", "max_line_bytes: must be", "spool_max: must be",
                                      "max_event_streams: must be less", "webapp.listen: must name",
                                      "instance: may hold", "horizon.max_age: must be less",
                                      "rules.retention: keeps raw points for 6h"};
    size_t told_len, lines = 0;
    struct settings s;
    write_file(path, text);
    FILE *out = open_memstream(&told, &told_len);
    cr_assert_eq(conf_check(&s, path, sets, note, out), -1);
    fclose(out);
    unlink(path);
    for (size_t i = 0; i < COUNT(all); i++)
        cr_assert_not_null(strstr(told, all[i]), "%s is not told:\n%s", all[i], told);
    for (size_t i = 0; i < told_len; i++)
        lines += told[i] == '\n';
    cr_assert_eq(lines, COUNT(all), "%s", told);
    free(told);
}

Test(conf, setting_a_list_or_a_group_is_told_as_such)
{
    static const char *const wholes[] = {"rules=1", "channels=x", "mutes=", "horizon=1"};
    for (size_t i = 0; i < COUNT(wholes); i++) {
        const char *const sets[] = {wholes[i], NULL};
        char error[CONF_ERROR_MAX];
        struct settings s;
        cr_assert_eq(conf_load(&s, NULL, NULL, sets, error), -1);
        cr_assert(strstr(error, "is no single option") != NULL && strstr(error, "did you mean") == NULL, "%s", error);
    }
}

/* libconfig would read 4294967396 as 100. */
Test(conf, a_number_that_would_be_cut_to_32_bits_is_an_error)
{
    static const char *const cut[] = {
        "horizon: { max_metrics = 4294967396; };",  "horizon: {\n max_metrics = 0x100000064; };",
        "horizon: { max_metrics = 2147483648; };",  "detection: { median = -2147483649; };",
        "a = 99999999999999999999999999;",          "/* 1 */ a = \"x\\\"\"; # 5\n b = 5000000000",
    };
    static const char *const whole[] = {
        "horizon: { max_metrics = 2147483L; };",
        "horizon: { max_metrics = 0xffff; }; # 4294967396\n// 4294967396\n/* 4294967396 \n 4294967396 */",
        "detection: { median = 4294967396e-9; };",
        "state_dir = \"4294967396 \\\" = 4294967396\"; instance = \"a-4294967396\";",
    };
    char error[CONF_ERROR_MAX];
    struct settings s;
    for (size_t i = 0; i < COUNT(cut); i++) {
        cr_assert_eq(parse(&s, cut[i], error), -1, "%s", cut[i]);
        cr_assert(strstr(error, "more than 32 bits") != NULL, "%s: %s", cut[i], error);
        cr_assert_eq(strncmp(error, strchr(cut[i], '\n') != NULL ? "t.conf:2: " : "t.conf:1: ", 10), 0, "%s", error);
    }
    for (size_t i = 0; i < COUNT(whole); i++) {
        cr_assert_eq(parse(&s, whole[i], error), 0, "%s: %s", whole[i], error);
        conf_free(&s);
    }
}

/* Between `head` and `tail`, `n` times `name`, its number and `rest`; malloc'd. */
static char *many(const char *head, size_t n, const char *name, const char *rest, const char *tail)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    fputs(head, out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%zu%s", name, i, rest);
    fputs(tail, out);
    fclose(out);
    return text;
}

/* Each of the first kind would be compared with all before it. */
Test(conf, what_would_take_long_to_read_is_refused_and_a_site_of_5000_rules_is_not)
{
    static const struct {
        const char *head, *name, *rest, *tail;
        size_t n;
        const char *reason; /* NULL: it is read */
    } cases[] = {
        {"horizon: {\n", "x", " = 1;\n", "};", 80000, "t.conf:1002: a group holds more than 1000 options"},
        {"", "x", ":1 ", "", 90000, "t.conf:1: a group holds more than 1000 options"},
        {"a: {", "b", ": {", "", 20, "t.conf:1: groups stand in each other more than 15 deep"},
        {"a = ( ", "{ b = ", "; }, ", "0 );", 5000, "t.conf:1: a: is no known option"},
        {"mutes = (", "{ name = \"m", "\"; match = \"**\"; },", "0 );", 1001,
         "mutes: holds 1002 entries, and may hold 1000"},
        {"rules = (", "{ match = \"web", ".**\"; consensus = 3; description = \"{ a = b; }\"; },\n",
         "{ match = \"a\"; consensus = 3; } );", 5000, NULL},
        {"/* ", "x", " = 1;\n", "*/", 5000, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char error[CONF_ERROR_MAX] = "";
        char *text = many(cases[i].head, cases[i].n, cases[i].name, cases[i].rest, cases[i].tail);
        struct settings s;
        cr_assert_lt(strlen(text), CONF_FILE_MAX);
        int result = parse(&s, text, error);
        cr_assert_eq(result, cases[i].reason != NULL ? -1 : 0, "case %zu: %s", i, error);
        cr_assert(cases[i].reason == NULL || strstr(error, cases[i].reason) != NULL, "case %zu: %s", i, error);
        if (result == 0)
            conf_free(&s);
        free(text);
    }
}

Test(conf, a_pipe_without_a_writer_is_refused_at_once_and_one_with_settings_is_read, .timeout = 30)
{
    char dir[] = "/tmp/test-conf-XXXXXX", path[64], error[CONF_ERROR_MAX];
    struct settings s;
    int ends[2];
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/fifo", dir);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(conf_load(&s, path, NULL, NULL, error), -1);
    cr_assert(strstr(error, "No data") != NULL, "%s", error);
    unlink(path);
    rmdir(dir);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "instance = \"b\";", 15), 15);
    close(ends[1]);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    cr_assert_eq(conf_load(&s, path, NULL, NULL, error), 0, "%s", error);
    cr_assert_str_eq(s.instance, "b");
    conf_free(&s);
    close(ends[0]);
}
