/* Bytes as the body of a preview. A change that would be saved must leave overrides that workers read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webapp/merge.h"
#include "webapp/preview_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void save(const struct preview_ask *a)
{
    char error[CONF_ERROR_MAX];
    struct conf_rules rules = {0};
    json_t *list = json_array();
    if (merge_save(list, a->match, a->options, 1, error) == 0) {
        char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
        if (!text || conf_overrides_parse(&rules, text, strlen(text), error) != 0)
            abort();
        conf_rules_free(&rules);
        free(text);
    }
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char error[PREVIEW_ASK_ERROR_MAX] = "";
    struct preview_ask a;
    if (preview_ask_parse(&a, len > 0 ? (const char *)data : "", len, error) != 0) {
        if (error[0] == '\0' || a.body || a.glob)
            abort();
        return 0;
    }
    if (a.span_s < PREVIEW_ASK_SPAN_MIN_S || a.span_s > PREVIEW_ASK_SPAN_MAX_S)
        abort();
    save(&a);
    preview_ask_fini(&a);
    return 0;
}
