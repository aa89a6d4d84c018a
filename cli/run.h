/* `ridgeline run`, and what another command may add to it. */
#ifndef RIDGELINE_CLI_RUN_H
#define RIDGELINE_CLI_RUN_H

#include "ridgeline/conf.h"

struct run_extra {
    /* Called when Redis answers and before any daemon starts. Returns 0, or -1 to end the run. */
    int (*prepare)(void *context, const struct settings *settings);
    /* Runs in a process of its own, with what `prepare` left in `context`, from the moment when all daemons are ready
     * until SIGTERM; started again when it ends before. `ready` is horizon's ready line. Returns the exit status. */
    int (*feed)(void *context, const char *ready);
    void *context;
};

/* Runs as the command line says (proc_start), under `name` in messages and with `about` in --help; `extra` may be NULL.
 * Returns the exit status. */
int run_with(const char *name, const char *about, const struct run_extra *extra, int argc, char **argv);

#endif
