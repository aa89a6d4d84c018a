/* The files of one `ridgeline import`, shared among threads. */
#ifndef RIDGELINE_CLI_IMPORT_FILES_H
#define RIDGELINE_CLI_IMPORT_FILES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/import.h"
#include "cli/inputs.h"
#include "ridgeline/conf.h"

#define IMPORT_FILES_THREADS_MAX 64

struct import_files {
    /* The owner fills these; the rest is zero at first. */
    const struct settings *settings;
    struct conf_rules overrides;
    struct inputs inputs;
    const char *name, *prefix; /* of the one metric, of all; may be NULL */
    bool alone;                /* see struct import */

    uint32_t until;            /* later points are ahead of the clock */
    int64_t began_mono_ms;
    uint64_t bytes;            /* of all files */
    size_t n_workers;
    struct import_files_worker {
        struct import_files *all;
        struct import import;
        pthread_t thread;
    } workers[IMPORT_FILES_THREADS_MAX];
    atomic_ullong bytes_done;
    atomic_size_t next, ended;             /* file; threads */
    atomic_size_t results[IMPORT_RESULTS]; /* files by result */
    atomic_size_t bad;                     /* files that could not be read */
    atomic_ullong ahead;                   /* points ahead of the clock */
    atomic_bool stop;
};

/* Whether no two files would be one metric: as "a/b.csv" and "a.b.wsp". If not, stderr says which. */
bool import_files_differ(const struct import_files *all);

/* Imports all of them, and tells on stderr how far it is, what went wrong, and at the end what was done. Returns the
 * exit status: 0 when every file is in Redis, or ended before what the retention holds. */
int import_files_run(struct import_files *all);

#endif
