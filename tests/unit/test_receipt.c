/* lib/receipt.c: who was notified, to JSON and back, and what is no receipt. */
#include <criterion/criterion.h>
#include <string.h>

#include "ridgeline/receipt.h"

static const struct receipt sample = {.id = "00000000000000aa.all.1.open", .alert = "all", .channel = "hook",
                                      .kind = "open", .outcome = RECEIPT_DEAD, .at_s = 1700000000,
                                      .done_at_s = 1700000100, .reason = "HTTP 422", .group = "00000000000000ab"};

Test(receipt, json_and_back_is_the_same)
{
    struct receipt back;
    for (int outcome = 0; outcome < RECEIPT_OUTCOMES; outcome++) {
        struct receipt r = sample;
        r.outcome = (enum receipt_outcome)outcome;
        r.done_at_s = outcome % 2 ? sample.done_at_s : 0;
        json_t *json = receipt_to_json(&r);
        cr_assert_eq(receipt_from_json(&back, json), 0);
        cr_expect_str_eq(back.id, r.id);
        cr_expect_str_eq(back.alert, r.alert);
        cr_expect_str_eq(back.channel, r.channel);
        cr_expect_str_eq(back.kind, r.kind);
        cr_expect_str_eq(back.reason, r.reason);
        cr_expect_str_eq(back.group, r.group);
        cr_expect_eq(back.outcome, r.outcome);
        cr_expect_eq(back.at_s, r.at_s);
        cr_expect_eq(back.done_at_s, r.done_at_s);
        json_decref(json);
    }
}

Test(receipt, what_is_none_is_refused)
{
    static const char *const bad[] = {
        "{\"id\":null}", "{\"at\":-1}", "{\"at\":1e300}", "{\"at\":4294967296}", "{\"alert\":7}", "{\"channel\":[]}",
        "{\"kind\":null}", "{\"outcome\":\"lost\"}", "{\"outcome\":null}", "{\"done_at\":\"now\"}", "{\"done_at\":-7}",
        "{\"reason\":null}", "{\"group\":7}"};
    struct receipt r;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *json = receipt_to_json(&sample), *change = json_loads(bad[i], 0, NULL);
        json_object_update(json, change);
        cr_expect_eq(receipt_from_json(&r, json), -1, "%s", bad[i]);
        json_decref(change);
        json_decref(json);
    }
    cr_expect_eq(receipt_from_json(&r, NULL), -1);
}

Test(receipt, a_list_keeps_its_receipts_and_nothing_else)
{
    static const char *const none[] = {"", "{}", "7", "[", "[7,null,{}]", "\"text\""};
    json_t *list = receipt_list(NULL, 0);
    cr_expect_eq(json_array_size(list), 0);
    json_decref(list);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        list = receipt_list(none[i], strlen(none[i]));
        cr_expect(json_is_array(list) && json_array_size(list) == 0, "%s", none[i]);
        json_decref(list);
    }
    json_t *whole = json_pack("[o,{},o]", receipt_to_json(&sample), receipt_to_json(&sample));
    char *text = json_dumps(whole, 0);
    list = receipt_list(text, strlen(text));
    cr_expect_eq(json_array_size(list), 2);
    json_decref(list);
    free(text);
    json_decref(whole);
}

Test(receipt, one_that_joined_a_group_has_what_was_told_of_it_since_up_to_its_end)
{
    static const struct {
        const char *id, *channel, *kind;
        int64_t at_s;
    } of_leader[] = {
        {"1", "hook", "open", 100},    {"2", "hook", "update", 199},
        {"a", "hook", "resolve", 200}, {"b", "hook", "open", 200},    {"3", "hook", "update", 200},
        {"4", "mail", "update", 210},  {"own", "hook", "update", 220}, {"5", "hook", "resolve", 400},
        {"6", "hook", "open", 500},
    };
    struct receipt r = {.id = "own", .alert = "all", .channel = "hook", .kind = "open", .reason = "", .group = ""};
    const struct receipt joined = {.alert = "all", .channel = "hook", .at_s = 200, .group = "00000000000000ab"};
    json_t *list = json_array(), *theirs = json_array();
    r.at_s = 300;
    json_array_append_new(list, receipt_to_json(&r));
    for (size_t i = 0; i < sizeof of_leader / sizeof *of_leader; i++) {
        r.id = of_leader[i].id;
        r.channel = of_leader[i].channel;
        r.kind = of_leader[i].kind;
        r.at_s = of_leader[i].at_s;
        json_array_append_new(theirs, receipt_to_json(&r));
    }
    cr_assert_eq(receipt_add_group(list, theirs, &joined), 0);
    static const char *const ids[] = {"3", "own", "5"}; /* by time */
    cr_assert_eq(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(receipt_from_json(&r, json_array_get(list, i)), 0);
        cr_expect_str_eq(r.id, ids[i]);
        cr_expect_str_eq(r.group, i == 1 ? "" : joined.group);
    }
    cr_expect(json_is_null(json_object_get(json_array_get(theirs, 2), "group")), "the leader's own is left as it is");
    json_decref(theirs);
    json_decref(list);
}
