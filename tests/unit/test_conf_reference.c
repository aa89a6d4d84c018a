/* What is written of the options, in the reference and in the shipped settings.conf, is what is read. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings_text.h"

Test(conf, option_texts_load_again_as_what_they_were)
{
    static const char text[] = "retention = \"1m:2d\"; instance = \"x\"; state_dir = \"a \\\"b\\\\ \\n\";\n"
                               "log_level = \"error\"; incident_budget = \"none\"; surface_score = 90;\n"
                               "horizon: { carbon_udp = \"\"; max_age = \"90s\"; queue_bytes = \"1500000B\";\n"
                               "deny = [ \"a\\\"b\", \"c{d,e}\" ]; self_metrics = false; };\n"
                               "analyzer: { shard = \"2/5\"; };\n"
                               "detection: { median = 6.25; close_after = \"90m\"; priority = \"low\"; };\n";
    struct settings s, again;
    char *out = NULL, error[CONF_ERROR_MAX];
    size_t len;
    must_parse(&s, text);
    FILE *file = open_memstream(&out, &len);
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        char *value = conf_option_text(&s, o);
        if (i == 0 || strcmp(o->group, conf_options[i - 1].group) != 0)
            fprintf(file, "%s%s%s\n", i == 0 || *conf_options[i - 1].group == '\0' ? "" : "};\n", o->group,
                    *o->group == '\0' ? "" : ": {");
        fprintf(file, "%s = %s;\n", o->name, value);
        free(value);
    }
    fputs("};\n", file);
    fclose(file);
    cr_assert_eq(parse(&again, out, error), 0, "%s\n%s", error, out);
    for (size_t i = 0; i < conf_options_n; i++) {
        char *a = conf_option_text(&s, &conf_options[i]), *b = conf_option_text(&again, &conf_options[i]);
        cr_assert_str_eq(a, b);
        free(a);
        free(b);
    }
    cr_assert_str_eq(again.state_dir, "a \"b\\ \n");
    free(out);
    conf_free(&s);
    conf_free(&again);
}

/* The repository's root: tests are run from there. */
static char *slurp(const char *path)
{
    char *text = calloc(1, 1 << 18);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s: run from the repository's root", path);
    cr_assert_gt(fread(text, 1, (1 << 18) - 1, file), 0);
    fclose(file);
    return text;
}

Test(conf, reference_page_is_current)
{
    char *made = conf_reference(), *stored = slurp("docs/SETTINGS.md");
    cr_assert_str_eq(made, stored, "run: ridgeline check --reference > docs/SETTINGS.md");
    free(made);
    free(stored);
}

Test(conf, shipped_settings_conf_changes_nothing)
{
    struct settings s, defaults;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(conf_load(&s, "settings.conf", NULL, NULL, error), 0, "%s", error);
    must_parse(&defaults, "");
    for (size_t i = 0; i < conf_options_n; i++) {
        char *a = conf_option_text(&s, &conf_options[i]), *b = conf_option_text(&defaults, &conf_options[i]);
        cr_assert_str_eq(a, b, "%s", conf_options[i].name);
        free(a);
        free(b);
    }
    conf_free(&s);
    conf_free(&defaults);
}

/* Takes the # away where no blank follows it: those lines are settings. */
static char *uncommented(const char *text)
{
    char *out = calloc(1, strlen(text) + 1), *to = out;
    for (const char *p = text; *p != '\0'; p++) {
        bool line_starts = p == text || p[-1] == '\n' || p[-1] == ' ';
        if (*p == '#' && line_starts && p[1] != ' ' && p[1] != '\n')
            continue;
        *to++ = *p;
    }
    return out;
}

Test(conf, shipped_settings_conf_names_every_option_with_its_default)
{
    char *text = slurp("settings.conf"), *bare = uncommented(text);
    struct settings s, defaults;
    char error[CONF_ERROR_MAX];
    cr_assert_eq(parse(&s, bare, error), 0, "%s\n%s", error, bare);
    must_parse(&defaults, "");
    for (size_t i = 0; i < conf_options_n; i++) {
        const struct conf_option *o = &conf_options[i];
        char *a = conf_option_text(&s, o), *b = conf_option_text(&defaults, o), line[64];
        cr_assert_str_eq(a, b, "%s", o->name);
        snprintf(line, sizeof line, "#%s = ", o->name);
        cr_assert_not_null(strstr(text, line), "settings.conf lacks %s", o->name);
        free(a);
        free(b);
    }
    conf_free(&s);
    conf_free(&defaults);
    free(text);
    free(bare);
}
