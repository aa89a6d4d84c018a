#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/graph_url.h"

#define GRAPHITE "http://graphite/render?target={metric}&from={from}&until={until}"

Test(graph_url, templates_of_graphite_and_grafana_are_taken)
{
    static const char *const good[] = {
        GRAPHITE,
        "https://graphs.example:8443/?q={metric}",
        "http://[::1]:3000/d/x?var-metric={metric}&from={from}000&to={until}000",
        "https://h/{metric}/{metric}#{from}",
        "http://h?{metric}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *why;
        cr_assert_eq(graph_url_check(good[i], &why), 0, "%s: %s", good[i], why);
    }
}

Test(graph_url, other_templates_are_refused_with_what_is_wrong)
{
    static const struct {
        const char *template, *says;
    } bad[] = {
        {"", "must begin with"},
        {"javascript:alert({metric})", "must begin with"},
        {"HTTP://h/{metric}", "must begin with"},
        {"ftp://h/{metric}", "must begin with"},
        {"//h/{metric}", "must begin with"},
        {"http://", "must begin with"},
        {"http:///{metric}", "must begin with"},
        {"http://{metric}/", "must begin with"},
        {"http://h{metric}", "must begin with"},
        {"https://?{metric}", "must begin with"},
        {"http://h/", "must have {metric}"},
        {"http://h/{from}", "must have {metric}"},
        {"http://h/{metric}{name}", "in braces, and nothing else"},
        {"http://h/{metric", "in braces, and nothing else"},
        {"http://h/{metric}}", "without its {"},
        {"http://h/ {metric}", "printable"},
        {"http://h/{metric}\n", "printable"},
        {"http://h/\"{metric}", "printable"},
        {"http://h/<{metric}", "printable"},
        {"http://h\\{metric}", "must begin with"},
        {"http://h/\\{metric}", "printable"},
        {"http://h/{metric}\xc3\xbc", "printable"},
        {"http://h/{metric}\x7f", "printable"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *why = "";
        cr_assert_eq(graph_url_check(bad[i].template, &why), -1, "%s", bad[i].template);
        cr_assert_not_null(strstr(why, bad[i].says), "%s: %s", bad[i].template, why);
    }
}

static void check(const char *template, const char *metric, size_t len, const char *wanted)
{
    char *made = graph_url_make(template, metric, len, 1700000000, UINT32_MAX);
    cr_assert_str_eq(made, wanted);
    free(made);
}

Test(graph_url, every_field_is_filled_wherever_it_stands)
{
    check(GRAPHITE, "servers.a-1.cpu", 15,
          "http://graphite/render?target=servers.a-1.cpu&from=1700000000&until=4294967295");
    check("http://h/{until}000/{metric}/{metric}", "ab", 1, "http://h/4294967295000/a/a");
}

Test(graph_url, a_name_cannot_leave_its_place)
{
    check("http://h/?t={metric}", "a b&from=1#<\">", 14, "http://h/?t=a%20b%26from%3D1%23%3C%22%3E");
    check("http://h/?t={metric}", "{from}../%s", 11, "http://h/?t=%7Bfrom%7D..%2F%25s");
    check("http://h/?t={metric}", "gr\xc3\xb6\xc3\x9f" "e\0x", 9, "http://h/?t=gr%C3%B6%C3%9Fe%00x");
}
