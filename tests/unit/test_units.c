#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/units.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

Test(units, duration_reads_each_unit_and_sums)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"0s", 0},         {"90s", 90},        {"5m", 300},      {"24h", 86400},         {"14d", 1209600},
        {"2w", 1209600},   {"1y", 31536000},   {"1y1w", 32140800}, {"100y", 3153600000}, {"1h30m", 5400},
        {"1d12h", 129600}, {"1w2d3h4m5s", 788645}, {"007s", 7},
        {"36500d", 3153600000}, {"3153600000s", 3153600000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t seconds = -1;
        const char *reason = NULL;
        cr_assert_eq(units_duration(cases[i].text, &seconds, &reason), 0, "%s: %s", cases[i].text, reason);
        cr_assert_eq(seconds, cases[i].seconds, "%s gave %lld", cases[i].text, (long long)seconds);
    }
}

Test(units, duration_refuses_what_is_not_exactly_one)
{
    static const char *const cases[] = {
        "", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "5.5h", "5x", "5S", "5ms", "1m1h", "1m1m", "1h30",
        "101y", "1w1y", "1Y", "36501d", "3153600001s", "36500d1s", "99999999999999999999999s", "1h,2h", "0x10s",
        "1e3s", "٣s",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t seconds = -1;
        const char *reason = NULL;
        cr_assert_eq(units_duration(cases[i], &seconds, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert_eq(seconds, -1, "\"%s\" changed the result", cases[i]);
    }
}

Test(units, bytes_read_each_unit)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0B", 0},           {"512B", 512},     {"64KiB", 65536},     {"256MiB", 268435456}, {"2GiB", 2147483648},
        {"1TiB", 1ULL << 40}, {"3KB", 3000},    {"3MB", 3000000},     {"3GB", 3000000000},   {"3TB", 3000000000000},
        {"18446744073709551615B", UINT64_MAX},  {"16777215TiB", 16777215ULL << 40},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t bytes = 1;
        const char *reason = NULL;
        cr_assert_eq(units_bytes(cases[i].text, &bytes, &reason), 0, "%s: %s", cases[i].text, reason);
        cr_assert_eq(bytes, cases[i].bytes, "%s", cases[i].text);
    }
}

Test(units, bytes_refuse_what_is_not_exactly_one)
{
    static const char *const cases[] = {
        "", "5", "B", "KiB", "5 KiB", "5kib", "5K", "5b", "-5B", "1.5GiB", "5KiBs",
        "18446744073709551616B", "16777216TiB", "18446744073709551615KB",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t bytes = 1;
        const char *reason = NULL;
        cr_assert_eq(units_bytes(cases[i], &bytes, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
    }
}

Test(units, number_agrees_with_strtod_on_what_it_accepts)
{
    static const char *const cases[] = {"0", "1", "-1", "+1", "1.5", ".5", "5.", "1e3", "1E-3", "1.25e+2", "-0"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double number = 42;
        const char *reason = NULL;
        cr_assert_eq(units_number(cases[i], &number, &reason), 0, "%s", cases[i]);
        cr_assert_eq(number, strtod(cases[i], NULL), "%s", cases[i]);
    }
}

Test(units, number_refuses_all_else)
{
    static const char *const cases[] = {
        "", " 1", "1 ", "nan", "NaN", "inf", "-inf", "infinity", "0x10",
        "1e", "1e+", ".", "-", "e5", "1,5", "1e999", "1 2",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double number = 42;
        const char *reason = NULL;
        cr_assert_eq(units_number(cases[i], &number, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert_eq(number, 42);
    }
}

Test(units, address_reads_hosts_of_every_kind)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:2023", "127.0.0.1", 2023}, {"[::1]:0", "::1", 0},
        {"relay-1.example.org:65535", "relay-1.example.org", 65535},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", 1}, {"0.0.0.0:80", "0.0.0.0", 80},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_address a;
        const char *reason = NULL;
        cr_assert_eq(units_address(cases[i].text, &a, &reason), 0, "%s: %s", cases[i].text, reason);
        cr_assert(a.on);
        cr_assert_str_eq(a.host, cases[i].host);
        cr_assert_eq(a.port, cases[i].port);
        char text[UNITS_ADDRESS_TEXT_MAX];
        cr_assert_str_eq(units_address_text(text, sizeof text, &a), cases[i].text);
    }
}

Test(units, empty_address_is_off)
{
    struct units_address a = {.on = true};
    const char *reason = NULL;
    char text[UNITS_ADDRESS_TEXT_MAX];
    cr_assert_eq(units_address("", &a, &reason), 0);
    cr_assert_not(a.on);
    cr_assert_str_eq(units_address_text(text, sizeof text, &a), "");
}

Test(units, address_refuses_what_no_socket_has)
{
    static const char *const cases[] = {
        "2023", "localhost", ":2023", "host:", "host:65536", "host:-1", "host:2023 ", "host: 2023", "::1:2023",
        "[::1]", "[::1]2023", "[::1:2023", "[]:2023", "[host_]:1", "ho st:1", "host/x:1", "host:20x",
        "host:99999999999999999999",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_address a;
        const char *reason = NULL;
        cr_assert_eq(units_address(cases[i], &a, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
    }
}

Test(units, address_refuses_a_host_longer_than_its_room)
{
    char text[UNITS_HOST_MAX + 8];
    struct units_address a;
    const char *reason = NULL;
    memset(text, 'a', sizeof text);
    strcpy(text + UNITS_HOST_MAX, ":1");
    cr_assert_eq(units_address(text, &a, &reason), -1);
    strcpy(text + UNITS_HOST_MAX - 1, ":1");
    cr_assert_eq(units_address(text, &a, &reason), 0);
    cr_assert_eq(strlen(a.host), UNITS_HOST_MAX - 1);
}

Test(units, budget_reads_a_count_and_a_time)
{
    static const struct {
        const char *text;
        struct units_budget budget;
    } cases[] = {
        {"20/day", {true, 20, 86400}}, {"2/hour", {true, 2, 3600}}, {"1000000/week", {true, 1000000, 604800}},
        {"1/day", {true, 1, 86400}},   {"none", {false, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_budget b = {.count = 77};
        const char *reason = NULL;
        char text[UNITS_TEXT_MAX];
        cr_assert_eq(units_budget(cases[i].text, &b, &reason), 0, "%s: %s", cases[i].text, reason);
        cr_assert_eq(b.on, cases[i].budget.on);
        cr_assert_eq(b.count, cases[i].budget.count);
        cr_assert_eq(b.per_s, cases[i].budget.per_s);
        cr_assert_str_eq(units_budget_text(text, sizeof text, &b), cases[i].text);
    }
}

Test(units, budget_refuses_what_is_not_exactly_one)
{
    static const char *const cases[] = {
        "", "20", "20/", "/day", "0/day", "-1/day", "+1/day", "1.5/day", "20/days", "20/Day", "20 / day", "20/day ",
        "20/month", "20/86400s", "1000001/day", "99999999999999999999/day", "None", "none ", "0", "20/d",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_budget b = {.count = 77};
        const char *reason = NULL;
        cr_assert_eq(units_budget(cases[i], &b, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert_eq(b.count, 77);
    }
}

Test(units, shard_reads_one_of_so_many)
{
    static const struct {
        const char *text;
        struct units_shard shard;
    } cases[] = {{"1/1", {1, 1}}, {"2/5", {2, 5}}, {"64/64", {64, 64}}, {"1/64", {1, 64}}, {"10/10", {10, 10}}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_shard s = {0};
        const char *reason = NULL;
        char text[UNITS_TEXT_MAX];
        cr_assert_eq(units_shard(cases[i].text, &s, &reason), 0, "%s: %s", cases[i].text, reason);
        cr_assert_eq(s.number, cases[i].shard.number);
        cr_assert_eq(s.of, cases[i].shard.of);
        cr_assert_str_eq(units_shard_text(text, sizeof text, &s), cases[i].text);
    }
}

Test(units, shard_refuses_what_is_not_exactly_one)
{
    static const char *const cases[] = {
        "", "1", "/", "1/", "/2", "0/2", "1/0", "3/2", "1/65", "65/65", "+1/2", "-1/2", "1/-2", "01/2", "1/02", "1.0/2",
        " 1/2", "1/2 ", "1 / 2", "1/2/3", "a/b", "99999999999999999999/2", "1/99999999999999999999", "1/4294967298",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_shard s = {.number = 7, .of = 9};
        const char *reason = NULL;
        cr_assert_eq(units_shard(cases[i], &s, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert(s.number == 7 && s.of == 9);
    }
}

Test(units, retention_reads_archives_finest_first)
{
    struct units_retention r;
    const char *reason = NULL;
    char text[UNITS_RETENTION_TEXT_MAX];
    cr_assert_eq(units_retention("10s:1h,1m:1d,10m:14d", &r, &reason), 0, "%s", reason);
    cr_assert_eq(r.n, 3);
    cr_assert_eq(r.archive[0].step_s, 10);
    cr_assert_eq(r.archive[0].span_s, 3600);
    cr_assert_eq(r.archive[2].step_s, 600);
    cr_assert_eq(r.archive[2].span_s, 14 * 86400);
    cr_assert_str_eq(units_retention_text(text, sizeof text, &r), "10s:1h,1m:1d,10m:2w");
    cr_assert_eq(units_retention("1m:1w,10m:1y,1h:2y", &r, &reason), 0, "%s", reason);
    cr_assert_eq(r.archive[0].span_s, 7 * 86400);
    cr_assert_eq(r.archive[1].span_s, 365 * 86400);
    cr_assert_str_eq(units_retention_text(text, sizeof text, &r), "1m:1w,10m:1y,1h:2y");
}

Test(units, raw_tail_reaches_over_each_archive_that_would_hold_nothing_but_the_points)
{
    static const struct {
        const char *retention;
        uint32_t step_s, span_s;
    } cases[] = {
        {"10s:1h,1m:1d,10m:14d", 0, 3600},         {"10s:1h,1m:1d,10m:14d", 10, 3600},
        {"10s:1h,1m:1d,10m:14d", 30, 359 * 30},    {"10s:1h,1m:1d,10m:14d", 54, 359 * 54},
        {"10s:1h,1m:1d,10m:14d", 55, 86400},       {"10s:1h,1m:1d,10m:14d", 240, 86400},
        {"10s:1h,1m:1d,10m:14d", 300, 359 * 300},  {"10s:1h,1m:1d,10m:14d", 600, 359 * 600},
        {"1s:6m,10s:1h,1m:3h,10m:1d", 8, 359 * 8}, {"1s:6m,10s:1h,1m:3h,10m:1d", 9, 3600},
        {"1s:1d,10s:2d,1m:3d", 10, 2 * 86400},     {"1s:1d,10s:2d,1m:3d", 60, 2 * 86400},
        {"10s:24h", 60, 86400},                    {"10s:24h", 300, 359 * 300},
        {"10s:24h,1m:14d", 60, 86400},             {"10s:24h", UINT32_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct units_retention r;
        const char *reason;
        cr_assert_eq(units_retention(cases[i].retention, &r, &reason), 0, "%s", reason);
        cr_expect_eq(units_raw_span_s(&r, cases[i].step_s), cases[i].span_s, "%s at %u: %u", cases[i].retention,
                     cases[i].step_s, units_raw_span_s(&r, cases[i].step_s));
    }
}

Test(units, percentiles_are_numbers_each_once)
{
    static const char *const good[] = {"", "90", "50,90,99.9,-5", "100,-100,0.001",
                                       "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"};
    static const char *const bad[] = {"0", "-0", "101", "-100.5", "9o", "90,", ",90", "90, 95", "90 95", "90,90",
                                      "5,5.0", "nan", "inf", "0x10", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
                                      "90.00000000000000000000000000000000000000001"};
    struct units_percentiles p;
    const char *reason;
    char text[UNITS_PERCENTILES_TEXT_MAX];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert_eq(units_percentiles(good[i], &p, &reason), 0, "\"%s\": %s", good[i], reason);
        cr_assert_str_eq(units_percentiles_text(text, sizeof text, &p), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(units_percentiles(bad[i], &p, &reason), -1, "\"%s\" was accepted", bad[i]);
}

Test(units, retention_refuses_archives_that_do_not_fit_together)
{
    static const char *const cases[] = {
        "", "10s", "10:24h", "10s:", ":24h", "10s:24h,", ",10s:24h", "0s:24h", "10s:0s", "7s:24h", "10s:59m50s",
        "10s:1h,1m:1h", "10s:2h,1m:1h", "1m:1d,10s:2d", "10s:1h,15s:1d",
        "10s:1h,10s:1d", "10s:1h,2h:14d", "10s:1h,1m:2h,3h:14d", "1s:1h,2s:2000002s", "10s:1h;1m:1d", "10s:1h, 1m:1d",
        "1s:1h,2s:2h,4s:4h,8s:8h,16s:16h,32s:32h,64s:64h,128s:128h,256s:256h",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct units_retention r = {.n = 77};
        const char *reason = NULL;
        cr_assert_eq(units_retention(cases[i], &r, &reason), -1, "\"%s\" was accepted", cases[i]);
        cr_assert_not_null(reason);
        cr_assert_eq(r.n, 77, "\"%s\" changed the result", cases[i]);
    }
}

Test(units, texts_read_back_to_the_same_value)
{
    srand(7);
    for (int i = 0; i < 20000; i++) {
        char text[UNITS_TEXT_MAX];
        const char *reason;
        int64_t seconds = rand() % (i % 2 == 0 ? 1000 : 3000000) * (i % 3 == 0 ? 60 : 1), seconds_back;
        uint64_t bytes = (uint64_t)rand() << rand() % 32, bytes_back;
        cr_assert_eq(units_duration(units_duration_text(text, sizeof text, seconds), &seconds_back, &reason), 0);
        cr_assert_eq(seconds_back, seconds, "%s", text);
        cr_assert_eq(units_bytes(units_bytes_text(text, sizeof text, bytes), &bytes_back, &reason), 0);
        cr_assert_eq(bytes_back, bytes, "%s", text);
    }
}

Test(units, duration_text_takes_the_largest_unit_that_divides)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {{0, "0s"},       {90, "90s"},       {1800, "30m"},    {7200, "2h"},
                 {129600, "36h"}, {1209600, "2w"}, {31536000, "1y"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[UNITS_TEXT_MAX];
        cr_assert_str_eq(units_duration_text(text, sizeof text, cases[i].seconds), cases[i].text);
    }
}

Test(units, texts_stay_within_their_room)
{
    struct units_retention r = {.n = 2, .archive = {{10, 3600}, {60, 86400}}};
    char text[8];
    cr_assert_str_eq(units_retention_text(text, sizeof text, &r), "10s:1h,");
    cr_assert_str_eq(units_retention_text(text, 1, &r), "");
}
