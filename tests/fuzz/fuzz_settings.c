/* Bytes as settings.conf. What loads must print as text that loads again to the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the string that it was reading when the grammar fails. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

/* The text of each option of `s` must load again as the same value. */
static void check_round_trip(const struct settings *s)
{
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        char error[CONF_ERROR_MAX], *text = conf_option_text(s, o), *file = NULL, *again;
        struct settings t;
        bool top = *o->group == '\0';
        if (asprintf(&file, "%s%s%s = %s;%s", o->group, top ? "" : ": { ", o->name, text, top ? "" : " };") < 0)
            abort();
        /* Options that hold only together with others may be refused when they stand alone. */
        if (conf_parse(&t, "again", file, strlen(file), NULL, NULL, error) == 0) {
            again = conf_option_text(&t, o);
            if (strcmp(text, again) != 0)
                abort();
            free(again);
            conf_free(&t);
        }
        free(file);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct settings s;
    struct engine_options o;
    char error[CONF_ERROR_MAX];
    char *text = malloc(len + 1);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    if (conf_parse(&s, "fuzz", text, len, NULL, NULL, error) == 0) {
        conf_resolve(&s, NULL, "a.b", 3, &o, NULL);
        check_round_trip(&s);
        conf_free(&s);
    } else if (error[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
