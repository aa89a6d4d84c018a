/* lib/desk.c: what people say of an incident, to JSON and back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/desk.h"

#define ID "00d1e2f3a4b5c6d7"

Test(desk, comes_back_as_it_was_written)
{
    const char *error;
    struct desk_entry back, e = {.kind = DESK_NOTE, .incident = ID, .at_s = 1790000000, .by = "Zoë",
                                 .text = "one\ntwo"};
    json_t *json = desk_entry_to_json(&e);
    cr_assert_eq(desk_entry_from_json(&back, json, &error), 0);
    cr_expect_eq(back.kind, DESK_NOTE);
    cr_expect_eq(back.at_s, 1790000000);
    cr_expect_str_eq(back.incident, ID);
    cr_expect_str_eq(back.by, "Zoë");
    cr_expect_str_eq(back.text, "one\ntwo");
    json_decref(json);
}

static const struct {
    const char *json, *error; /* NULL: it is taken */
} cases[] = {
    {"{\"incident\":\"" ID "\",\"kind\":\"ack\"}", NULL},
    {"{\"incident\":\"" ID "\",\"kind\":\"normal\",\"by\":\"me\"}", NULL},
    {"{\"incident\":\"" ID "\",\"kind\":\"note\"}", "a note needs text"},
    {"{\"incident\":\"" ID "\",\"kind\":\"nod\"}", "kind must be"},
    {"{\"incident\":\"" ID "\",\"kind\":5}", "kind must be"},
    {"{\"incident\":\"" ID "\"}", "kind must be"},
    {"{\"incident\":\"../../etc/passwd\",\"kind\":\"ack\"}", "incident must be"},
    {"{\"incident\":\"" ID "0\",\"kind\":\"ack\"}", "incident must be"},
    {"{\"kind\":\"ack\"}", "incident must be"},
    {"{\"incident\":\"" ID "\",\"kind\":\"ack\",\"by\":\"a\\nBcc: b\"}", "by must be"},
    {"{\"incident\":\"" ID "\",\"kind\":\"ack\",\"by\":7}", "by must be"},
    {"{\"incident\":\"" ID "\",\"kind\":\"note\",\"text\":\"\\u001b[2J\"}", "text must be"},
    {"[]", "incident must be"},
    {"7", "incident must be"},
};

Test(desk, takes_what_is_of_its_form_and_says_what_is_not)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk_entry e;
        const char *error = "";
        json_t *json = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
        cr_assert_not_null(json);
        int result = desk_entry_from_json(&e, json, &error);
        cr_expect_eq(result, cases[i].error ? -1 : 0, "%s", cases[i].json);
        if (cases[i].error)
            cr_expect_eq(strncmp(error, cases[i].error, strlen(cases[i].error)), 0, "%s: %s", cases[i].json, error);
        json_decref(json);
    }
}

Test(desk, bounds_its_texts)
{
    char name[DESK_BY_MAX + 2], text[DESK_TEXT_MAX + 2];
    const char *error;
    for (size_t more = 0; more < 2; more++) {
        memset(name, 'n', DESK_BY_MAX + more);
        name[DESK_BY_MAX + more] = '\0';
        memset(text, 't', DESK_TEXT_MAX + more);
        text[DESK_TEXT_MAX + more] = '\0';
        struct desk_entry back, e = {.kind = DESK_NOTE, .incident = ID, .by = name, .text = "t"};
        json_t *json = desk_entry_to_json(&e);
        cr_expect_eq(desk_entry_from_json(&back, json, &error), more ? -1 : 0);
        json_decref(json);
        e = (struct desk_entry){.kind = DESK_NOTE, .incident = ID, .by = "", .text = text};
        json = desk_entry_to_json(&e);
        cr_expect_eq(desk_entry_from_json(&back, json, &error), more ? -1 : 0);
        json_decref(json);
    }
}
