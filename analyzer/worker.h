/* A worker process: owns the slots of its part, and judges every point of their metrics. */
#ifndef ANALYZER_WORKER_H
#define ANALYZER_WORKER_H

#include "ridgeline/keys.h"
#include "ridgeline/proc.h"

#define WORKER_STOP_MS 20000 /* most time that a worker takes to save its records when told to stop */

struct worker_args {
    struct keys_part part;
    const char *process; /* its name in logs and statistics */
    const struct proc_args *args;
    struct settings *settings; /* the worker's own after the fork */
};

/* For proc_child: `arg` is a struct worker_args. Runs until SIGTERM; returns the exit status. */
int worker_run(void *arg);

#endif
