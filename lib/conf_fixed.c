#include "ridgeline/conf_fixed.h"

#include <stdlib.h>
#include <string.h>

#include "conf_internal.h"

/* Texts hold no newline: conf_quote() escapes it. */
static void write_line(FILE *out, const struct conf_fixed_option *option, const struct settings *s)
{
    const struct conf_option *o = conf_option_find(option->group, option->name);
    char what[CONF_WHAT_MAX], *text = conf_option_text(s, o);
    size_t len = text != NULL ? strlen(text) : 0;
    bool quoted = len >= 2 && *text == '"';
    fprintf(out, "%s=%.*s\n", conf_full_name(o, what), (int)(quoted ? len - 2 : len),
            quoted ? text + 1 : text != NULL ? text : "");
    free(text);
}

char *conf_fixed_text(const struct conf_fixed_option *options, const struct settings *s)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    for (; options->name != NULL; options++)
        write_line(out, options, s);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

const char *conf_fixed_find(const char *text, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, name_len) != 0 || line[name_len] != '=')
            continue;
        *len = strcspn(line + name_len + 1, "\n");
        return line + name_len + 1;
    }
    return NULL;
}

char *conf_fixed_pending(const char *start, const char *now, char *out, size_t out_bytes)
{
    size_t used = 0;
    *out = '\0';
    for (const char *line = start; *line != '\0' && used < out_bytes;
         line += strcspn(line, "\n"), line += *line == '\n') {
        char name[CONF_WHAT_MAX];
        size_t value_len, now_len;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, "=\n"), line);
        const char *value = conf_fixed_find(line, name, &value_len), *other = conf_fixed_find(now, name, &now_len);
        if (value == NULL || (other != NULL && now_len == value_len && memcmp(value, other, value_len) == 0))
            continue;
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%s (still %.*s)", used > 0 ? ", " : "", name,
                                 value_len > 0 ? (int)value_len : 5, value_len > 0 ? value : "empty");
    }
    return out;
}
