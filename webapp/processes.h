/* What every process last said of itself (ridgeline:processes, ridgeline:stats:*). */
#ifndef WEBAPP_PROCESSES_H
#define WEBAPP_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/counters.h"
#include "ridgeline/store.h"

#define PROCESSES_MAX 256
#define PROCESSES_ALIVE_S 5 /* each saves every second; silent for longer counts as gone */

struct process {
    const char *name; /* owned by `index` */
    int64_t age_s;    /* since its last save; 0 when clocks disagree */
    bool alive;
    const struct counters_def *defs; /* NULL: a process that this release does not know */
    size_t n_defs;
    redisReply *fields; /* array: name, value, name, value, ... */
};

struct processes {
    size_t n;
    struct process list[PROCESSES_MAX]; /* by name */
    redisReply *index;
};

/* Reads them all; those silent for more than a day are left out. Returns 0, or -1
 * when Redis did not answer. Either way `*p` wants processes_fini. */
int processes_read(struct processes *p, struct store *s, int64_t now_s);
void processes_fini(struct processes *p);

/* Text of a field, NULL when it is not there. */
const char *processes_text(const struct process *p, const char *field);

/* What the process has had in force since its start (proc_fixed()) of the option `name`, "GROUP.NAME". False when it
 * says nothing of it, or `out_bytes` is too short. */
bool processes_fixed(const struct process *p, const char *name, char *out, size_t out_bytes);

/* Value of a field that is a whole number. Returns false when it is not. */
bool processes_number(const struct process *p, const char *field, uint64_t *value);

/* Calls `each` for every field "<prefix>LABEL" that is a whole number: with LABEL and its value. */
typedef void processes_each(void *context, const char *label, uint64_t value);
void processes_labels(const struct process *p, const char *prefix, processes_each *each, void *context);

/* Sum, and maximum, of a field over the living processes with these counters. */
uint64_t processes_sum(const struct processes *p, const struct counters_def *defs, const char *field);
uint64_t processes_most(const struct processes *p, const struct counters_def *defs, const char *field);

/* Which processes with these counters live, and which of their starts it is, as one number: while it stays,
 * processes_sum of a counter only grows. */
uint64_t processes_crew(const struct processes *p, const struct counters_def *defs);

/* Reads a whole number of decimal digits that fits. */
bool processes_digits(const char *text, uint64_t *value);

#endif
