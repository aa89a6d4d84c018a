/* Bytes as the overrides in Redis. What is read must survive being written as rules of a settings file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect_same_size(const struct conf_rules *a, const struct conf_rules *b)
{
    if (a->n != b->n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct conf_rules r = {0};
    struct settings s;
    char error[CONF_ERROR_MAX] = "";
    if (conf_overrides_parse(&r, len > 0 ? (const char *)data : "", len, error) < 0) {
        if (error[0] == '\0' || r.n != 0)
            abort();
        return 0;
    }
    char *text = conf_overrides_export(&r);
    if (conf_parse(&s, "fuzz", text, strlen(text), NULL, NULL, error) < 0)
        abort();
    expect_same_size(&r, &s.rules);
    conf_free(&s);
    conf_rules_free(&r);
    free(text);
    return 0;
}
