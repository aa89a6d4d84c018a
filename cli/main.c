/* The front command: finds the subcommand, holds no logic of its own. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", run_main, "start a private Redis and all daemons, in the foreground"},
    {"demo", demo_main, "run with a sample shop: two weeks of its metrics, then live"},
    {"check", check_main, "read the settings and say what is wrong with them"},
    {"explain", explain_main, "why a metric is or is not anomalous, and which rules apply to it"},
    {"backtest", backtest_main, "judge timestamp,value files as if they arrived live"},
    {"import", import_main, "take history from CSV and whisper files, so that nothing warms up"},
};

static void usage(FILE *to)
{
    fprintf(to, "usage: ridgeline COMMAND [OPTIONS]; ridgeline COMMAND --help tells more\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    fprintf(stderr, "ridgeline: no command \"%s\"\n", argv[1]);
    usage(stderr);
    return 2;
}
