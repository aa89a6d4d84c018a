/* ridgeline check: reads the settings as the daemons do and says what they
 * change, or what is wrong with them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/lint.h"
#include "ridgeline/alerts.h"
#include "ridgeline/clock.h"
#include "ridgeline/conf.h"
#include "ridgeline/mutes.h"

#define SETS_MAX 64

static const char usage[] =
    "usage: ridgeline check [--settings FILE] [--set NAME=VALUE]...\n"
    "       ridgeline check --reference\n\n"
    "Reads settings and prints what they change, or FILE:LINE and what is wrong, all of it; an error of\n"
    "the grammar hides what stands behind it. Exits with 1 when something is. Warns of what is right but\n"
    "cannot do anything, such as a channel whose program is missing; the status is then 0.\n\n"
    "  --settings FILE     the file; without it, the defaults\n"
    "  --set NAME=VALUE    changes one setting; may be repeated\n"
    "  --reference         prints every setting with its range and default (docs/SETTINGS.md)\n";

struct arguments {
    const char *path;
    const char *sets[SETS_MAX + 1];
    size_t n_sets;
    bool reference;
};

/* Returns 0, or the exit status plus 1. */
static int read_arguments(struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"settings", required_argument, NULL, 's'}, {"set", required_argument, NULL, 'v'},
        {"reference", no_argument, NULL, 'r'},      {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's') {
            a->path = optarg;
        } else if (option == 'v' && a->n_sets < SETS_MAX) {
            a->sets[a->n_sets++] = optarg;
        } else if (option == 'r') {
            a->reference = true;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 1 : 3;
        }
    }
    if (optind == argc)
        return 0;
    fputs(usage, stderr);
    return 3;
}

static int print_reference(void)
{
    char *text = conf_reference();
    if (text == NULL) {
        fputs("ridgeline check: out of memory\n", stderr);
        return 1;
    }
    fputs(text, stdout);
    free(text);
    return 0;
}

/* Prints the option when it differs from its default. */
static void print_change(const struct settings *s, const struct settings *defaults, const struct conf_option *o)
{
    char *value = conf_option_text(s, o), *usual = conf_option_text(defaults, o);
    if (value != NULL && usual != NULL && strcmp(value, usual) != 0)
        printf("  %s%s%s = %s  (default %s)\n", o->group, *o->group == '\0' ? "" : ".", o->name, value, usual);
    free(value);
    free(usual);
}

static void print_rule(const struct conf_rule *rule)
{
    char value[UNITS_TEXT_MAX];
    printf("  line %u: %s:", rule->line, glob_pattern(rule->match));
    for (size_t i = 0; i < conf_metric_options_n(); i++)
        if (rule->set[i])
            printf(" %s = %s;", conf_metric_option(i)->name, conf_value_text(value, sizeof value, i, rule->value[i]));
    for (size_t i = 0; i < conf_rule_options_n; i++) {
        char *text = conf_rule_text(rule, &conf_rule_options[i]);
        if (text != NULL)
            printf(" %s = %s;", conf_rule_options[i].name, text);
        free(text);
    }
    putchar('\n');
}

static void print_lists(const struct settings *s)
{
    for (size_t i = 0; i < s->channels.n; i++)
        printf("  line %u: channel %s: %s\n", s->channels.list[i].line, s->channels.list[i].name,
               channels_type_name(s->channels.list[i].type));
    for (size_t i = 0; i < s->alerts.n; i++)
        printf("  line %u: alert %s\n", s->alerts.list[i].line, s->alerts.list[i].name);
    for (size_t i = 0; i < s->mutes.n; i++)
        printf("  line %u: mute %s: %s\n", s->mutes.list[i].line, s->mutes.list[i].name,
               mutes_meaning_name(mutes_meaning(&s->mutes.list[i])));
}

static void print_error(void *context, const char *sentence)
{
    (void)context;
    fprintf(stderr, "%s\n", sentence);
}

static int print_settings(const struct arguments *a)
{
    struct settings s, defaults;
    char error[CONF_ERROR_MAX];
    if (conf_check(&s, a->path, a->sets, print_error, NULL) < 0)
        return 1;
    if (conf_load(&defaults, NULL, NULL, NULL, error) < 0) {
        fprintf(stderr, "%s\n", error);
        conf_free(&s);
        return 1;
    }
    size_t warnings = lint_settings(&s, clock_wall_s(), stderr);
    printf("%s: ok", a->path != NULL ? a->path : "defaults");
    if (warnings > 0)
        printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
    putchar('\n');
    for (size_t i = 0; i < conf_options_n; i++)
        print_change(&s, &defaults, &conf_options[i]);
    if (s.rules.n > 0)
        printf("%zu rule%s:\n", s.rules.n, s.rules.n == 1 ? "" : "s");
    for (size_t i = 0; i < s.rules.n; i++)
        print_rule(&s.rules.rules[i]);
    print_lists(&s);
    conf_free(&s);
    conf_free(&defaults);
    return 0;
}

int check_main(int argc, char **argv)
{
    struct arguments a = {0};
    int status = read_arguments(&a, argc, argv);
    if (status > 0)
        return status - 1;
    return a.reference ? print_reference() : print_settings(&a);
}
