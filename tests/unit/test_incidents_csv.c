/* webapp/incidents_csv.c: a table whose cells stay cells. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/incidents_csv.h"

static char *csv_of(const char *json)
{
    json_t *incidents = json_loads(json, 0, NULL);
    cr_assert_not_null(incidents);
    char *text = incidents_csv(incidents);
    cr_assert_not_null(text);
    json_decref(incidents);
    return text;
}

static const char *after_names(const char *text)
{
    const char *line = strstr(text, "\r\n");
    cr_assert_not_null(line);
    return line + 2;
}

Test(incidents_csv, has_a_line_for_each)
{
    char *text = csv_of("[{\"id\": \"00d1e2f3a4b5c6d7\", \"state\": \"closed\","
                        " \"start\": 1700000000, \"end\": 1700000600,"
                        " \"closed_at\": 1700002400, \"title\": \"shop.checkout.**\","
                        " \"metrics\": 12, \"score\": 93.44,"
                        " \"direction\": \"down\", \"first\": {\"metric\": \"shop.checkout.errors\"}, \"reopened\": 1,"
                        " \"ack\": {\"by\": \"Ada\", \"at\": 1700000100, \"normal\": true},"
                        " \"notified_at\": 1700000060}]");
    cr_expect_str_eq(after_names(text), "00d1e2f3a4b5c6d7,closed,2023-11-14T22:13:20Z,2023-11-14T22:23:20Z,"
                                        "2023-11-14T22:53:20Z,600,shop.checkout.**,12,93.44,down,"
                                        "shop.checkout.errors,1,Ada,yes,2023-11-14T22:14:20Z\r\n");
    free(text);
}

Test(incidents_csv, leaves_empty_what_is_not_known)
{
    char *text = csv_of("[{\"id\": \"1\", \"state\": \"open\", \"start\": 0, \"end\": 0,"
                        " \"closed_at\": null, \"ack\": null}]");
    cr_expect_str_eq(after_names(text), "1,open,1970-01-01T00:00:00Z,1970-01-01T00:00:00Z,,0,,0,0,,,0,,no,\r\n");
    free(text);
}

Test(incidents_csv, no_text_leaves_its_cell_or_becomes_a_formula)
{
    static const struct {
        const char *title, *cell;
    } rows[] = {
        {"a,b", "\"a,b\""},        {"a\\\"b", "\"a\"\"b\""}, {"a\\r\\nb", "\"a\r\nb\""}, {"=1+1", "\"'=1+1\""},
        {"@cmd", "\"'@cmd\""},     {"-2", "\"'-2\""},        {"+2", "\"'+2\""},          {"plain", "plain"},
        {"=\\\"x\\\"", "\"'=\"\"x\"\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[128], wanted[64];
        snprintf(json, sizeof json, "[{\"id\": \"1\", \"state\": \"open\", \"title\": \"%s\"}]", rows[i].title);
        snprintf(wanted, sizeof wanted, "1,open,,,,0,%s,0,", rows[i].cell);
        char *text = csv_of(json);
        cr_expect_eq(strncmp(after_names(text), wanted, strlen(wanted)), 0, "%s", text);
        free(text);
    }
}

Test(incidents_csv, of_none_has_the_names)
{
    char *text = csv_of("[]");
    cr_expect_str_eq(after_names(text), "");
    free(text);
}
