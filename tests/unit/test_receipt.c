/* lib/receipt.c: who was notified, to JSON and back, and what is no receipt. */
#include <criterion/criterion.h>
#include <string.h>

#include "ridgeline/receipt.h"

static const struct receipt sample = {.id = "00000000000000aa.all.1.open", .alert = "all", .channel = "hook",
                                      .kind = "open", .outcome = RECEIPT_DEAD, .at_s = 1700000000,
                                      .done_at_s = 1700000100, .reason = "HTTP 422"};

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
        "{\"reason\":null}"};
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
