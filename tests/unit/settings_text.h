/* Settings from a text. */
#ifndef RIDGELINE_TESTS_SETTINGS_TEXT_H
#define RIDGELINE_TESTS_SETTINGS_TEXT_H

#include <criterion/criterion.h>
#include <string.h>

#include "ridgeline/conf.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline int parse(struct settings *s, const char *text, char error[CONF_ERROR_MAX])
{
    error[0] = '\0';
    return conf_parse(s, "t.conf", text, strlen(text), NULL, NULL, error);
}

static inline void must_parse(struct settings *s, const char *text)
{
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(s, text, error), 0, "%s", error);
}

#endif
