/* lib/limit.c: what is written is read again, and nothing else. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/limit.h"

Test(limit, is_read_as_it_was_written)
{
    static const struct limit rows[] = {
        {LIMIT_OF_UNIT, 100, false, 0, 0},
        {LIMIT_STOOD, 200, false, 5, 1794100000},
        {LIMIT_TURNED, -1.5e300, true, 4294967295u, 4294967295u},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct limit back;
        char *text = limit_to_text(&rows[i]);
        cr_assert_not_null(text);
        cr_assert_eq(limit_from_text(&back, text, strlen(text)), 0, "%s", text);
        cr_expect(back.kind == rows[i].kind && back.value == rows[i].value && back.is_floor == rows[i].is_floor &&
                  back.times == rows[i].times && back.since == rows[i].since, "%s", text);
        free(text);
    }
}

Test(limit, nothing_else_is_one)
{
    static const char *const rows[] = {
        "", "5", "[]", "{}", "{\"kind\":\"stood\"}", "{\"kind\":\"stood\",\"limit\":\"5\"}", "{\"kind\":\"x\",\"limit\":5}",
        "{\"kind\":\"rule\",\"limit\":5}", "{\"kind\":5,\"limit\":5}", "{\"kind\":\"stood\",\"limit\":5,\"times\":-1}",
        "{\"kind\":\"stood\",\"limit\":5,\"times\":4294967296}", "{\"kind\":\"stood\",\"limit\":5,\"since\":4294967296}",
        "{\"kind\":\"stood\",\"limit\":1e999}", "{\"kind\":\"stood\",\"limit\":5", "{\"kind\":\"stood\",\"kind\":\"stood\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct limit l = {.kind = LIMIT_STOOD};
        cr_expect_eq(limit_from_text(&l, rows[i], strlen(rows[i])), -1, "%s", rows[i]);
        cr_expect_eq(l.kind, LIMIT_NONE);
    }
}

Test(limit, is_passed_by_more_than_a_hundredth_unless_it_was_given)
{
    static const struct {
        struct limit limit;
        double value;
        bool passed;
    } rows[] = {
        {{.kind = LIMIT_STOOD, .value = 200}, 201, false}, {{.kind = LIMIT_STOOD, .value = 200}, 203, true},
        {{.kind = LIMIT_STOOD, .value = 200}, 5, false},   {{.kind = LIMIT_GIVEN, .value = 200}, 500, false},
        {{.kind = LIMIT_TURNED, .value = -5}, -4.9, true}, {{.kind = LIMIT_TURNED, .value = 50, .is_floor = true}, 49, true},
        {{.kind = LIMIT_TURNED, .value = 50, .is_floor = true}, 500, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(limit_is_passed(&rows[i].limit, rows[i].value), rows[i].passed, "%zu", i);
}
