/* The front command: finds the subcommand, holds no logic of its own. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "ridgeline/version.h"

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
    {"forget", forget_main, "remove metrics that are no longer wanted, with all that is kept of them"},
    {"test-channel", test_channel_main, "send a test message to a channel and tell what its receiver said"},
    {"check-health", check_health_main, "how all is, as a plugin of Nagios; also by the name check_ridgeline"},
};

static void usage(FILE *to)
{
    fprintf(to, "usage: ridgeline COMMAND [OPTIONS]; ridgeline COMMAND --help tells more\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-13s %s\n", commands[i].name, commands[i].help);
    fputs("  version       print the version, as --version does\n", to);
}

/* Whether we were called as `name`, by whatever path. */
static bool is_called(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, name) == 0;
}

int main(int argc, char **argv)
{
    if (argc > 0 && is_called(argv[0], "check_ridgeline"))
        return check_health_main(argc, argv);
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    char called[32]; /* getopt's complaints begin with it */
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(called, sizeof called, "ridgeline %s", argv[1]);
        argv[1] = called;
        return commands[i].run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        puts("ridgeline " RIDGELINE_VERSION);
        return 0;
    }
    fprintf(stderr, "ridgeline: no command \"%s\"\n", argv[1]);
    usage(stderr);
    return 2;
}
