/* Query parameters, Host and Origin headers of any bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/guard.h"
#include "webapp/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct query *q)
{
    static const char *const choices[] = {"open", "closed", "all", NULL};
    char error[QUERY_ERROR_MAX], text[GLOB_MAX + 1];
    const char *name;
    struct glob *glob;
    size_t len;
    uint32_t number;
    int choice;
    query_check(q, "a b c", error);
    query_epoch(q, "a", 0, &number, error);
    if (query_count(q, "a", 1, 100, &number, error) == 0 && (number < 1 || number > 100))
        abort();
    query_choice(q, "a", choices, 0, &choice, error);
    if (query_metric(q, "a", &name, &len, error) == 0 && memchr(name, '\0', len))
        abort();
    if (query_text(q, "a", text, error) == 0 && strlen(text) > GLOB_MAX)
        abort();
    if (query_glob(q, "a", &glob, error) == 0)
        glob_free(glob);
}

static void check_headers(const char *text)
{
    guard_origin(text, "127.0.0.1:1500");
    guard_token(text, "0123456789abcdef");
    /* Letters behind the last dot of a name that is none of ours: a rebinder's. */
    size_t host = strcspn(text, ":");
    if (guard_host(text, "", "") && host > 3 && strspn(text, "abcdefghijklmnopqrstuvwxyz.") == host &&
        memcmp(text, "localhost", host < 9 ? host : 9) != 0)
        abort();
}

/* The input: "name=value&name=value...", undecoded. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query q = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    for (char *at = text; at < text + size;) {
        size_t left = (size_t)(text + size - at);
        char *end = memchr(at, '&', left);
        size_t len = end ? (size_t)(end - at) : left;
        char *equals = memchr(at, '=', len);
        size_t name_len = equals ? (size_t)(equals - at) : len;
        query_add(&q, at, name_len, equals ? equals + 1 : "", equals ? len - name_len - 1 : 0);
        at += len + 1;
    }
    read_all(&q);
    check_headers(text);
    free(text);
    return 0;
}
