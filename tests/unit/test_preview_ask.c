/* webapp/preview_ask.c: what is a body, and what is none. */
#include <criterion/criterion.h>
#include <string.h>

#include "webapp/preview_ask.h"

Test(preview_ask, whole_body_is_read)
{
    struct preview_ask a;
    char error[PREVIEW_ASK_ERROR_MAX];
    const char *body = "{\"span_s\": 3600, \"options\": {\"median\": 5}, \"match\": \"a.*\", \"metric\": \"a.b\"}";
    cr_assert_eq(preview_ask_parse(&a, body, strlen(body), error), 0, "%s", error);
    cr_assert_str_eq(a.match, "a.*");
    cr_assert(glob_match(a.glob, "a.b", 3));
    cr_assert_str_eq(a.metric, "a.b");
    cr_assert_eq(a.metric_len, 3);
    cr_assert_eq(a.span_s, 3600);
    cr_assert_eq(json_object_size(a.options), 1);
    preview_ask_fini(&a);
}

Test(preview_ask, metric_and_span_may_be_absent)
{
    struct preview_ask a;
    char error[PREVIEW_ASK_ERROR_MAX];
    const char *body = "{\"match\": \"a\", \"options\": {}}";
    cr_assert_eq(preview_ask_parse(&a, body, strlen(body), error), 0, "%s", error);
    cr_assert_null(a.metric);
    cr_assert_eq(a.span_s, PREVIEW_ASK_SPAN_S);
    preview_ask_fini(&a);
}

static const struct {
    const char *body, *sentence; /* how the sentence begins */
} refused[] = {
    {"", "the body is not JSON"},
    {"{", "the body is not JSON"},
    {"{\"match\":\"a\",\"match\":\"b\",\"options\":{}}", "the body is not JSON"},
    {"{\"match\":\"a\\u0000\",\"options\":{}}", "the body is not JSON"},
    {"[]", "the body must be"},
    {"{}", "the body must be"},
    {"{\"match\":\"a\"}", "the body must be"},
    {"{\"options\":{}}", "the body must be"},
    {"{\"match\":\"a\",\"options\":{},\"more\":1}", "the body may hold"},
    {"{\"match\":3,\"options\":{}}", "match must be"},
    {"{\"match\":\"\",\"options\":{}}", "match is not a glob"},
    {"{\"match\":\"a[\",\"options\":{}}", "match is not a glob"},
    {"{\"match\":\"a\\n\",\"options\":{}}", "match must be"},
    {"{\"match\":\"a\",\"options\":{},\"metric\":\"\"}", "metric must be"},
    {"{\"match\":\"a\",\"options\":{},\"metric\":null}", "metric must be"},
    {"{\"match\":\"a\",\"options\":{},\"metric\":\"\\u007f\"}", "metric must be"},
    {"{\"match\":\"a\",\"options\":{},\"span_s\":59}", "span_s must be"},
    {"{\"match\":\"a\",\"options\":{},\"span_s\":-1}", "span_s must be"},
    {"{\"match\":\"a\",\"options\":{},\"span_s\":3600.5}", "span_s must be"},
    {"{\"match\":\"a\",\"options\":{},\"span_s\":4294967296}", "span_s must be"},
    {"{\"match\":\"a\",\"options\":{},\"span_s\":\"1h\"}", "span_s must be"},
};

Test(preview_ask, anything_else_is_refused_with_a_sentence)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct preview_ask a;
        char error[PREVIEW_ASK_ERROR_MAX] = "";
        const char *body = refused[i].body;
        cr_assert_eq(preview_ask_parse(&a, body, strlen(body), error), -1, "%s", body);
        cr_assert_eq(strncmp(error, refused[i].sentence, strlen(refused[i].sentence)), 0, "%s: %s", body, error);
    }
}

Test(preview_ask, too_long_a_name_or_glob_is_refused)
{
    for (size_t len = 500; len <= 1100; len += 25) {
        char body[3000], name[1200] = "", error[PREVIEW_ASK_ERROR_MAX];
        struct preview_ask a;
        memset(name, 'x', len);
        int n = snprintf(body, sizeof body, "{\"match\":\"*\",\"options\":{},\"metric\":\"%s\"}", name);
        int result = preview_ask_parse(&a, body, (size_t)n, error);
        cr_assert_eq(result, len <= 1024 ? 0 : -1, "%zu: %d", len, result);
        if (result == 0)
            preview_ask_fini(&a);
        n = snprintf(body, sizeof body, "{\"match\":\"%s\",\"options\":{}}", name);
        result = preview_ask_parse(&a, body, (size_t)n, error);
        cr_assert_eq(result, len <= GLOB_MAX ? 0 : -1, "%zu: %d", len, result);
        if (result == 0)
            preview_ask_fini(&a);
    }
}
