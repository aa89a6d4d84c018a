/* The machine's own figures, from /proc: load, CPU, memory, disks, network. */
#ifndef RIDGELINE_HORIZON_HOST_H
#define RIDGELINE_HORIZON_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HOST_CPU_MODES 8
#define HOST_LABEL_MAX 256

/* What the last sample read, so that the next can tell rates. All zero at first. */
struct host {
    uint64_t cpu[HOST_CPU_MODES]; /* clock ticks */
    uint64_t disk_read_bytes, disk_write_bytes;
    uint64_t net_receive_bytes, net_send_bytes;
    int64_t mono_ms; /* 0: no sample yet */
};

typedef void host_each(void *context, const char *name, double value);

/* Samples the machine and calls `each` for every figure, named "load.1m", "cpu.user_percent",
 * "net.receive_bytes_per_s", ...; rates from the second sample on. `state_dir` is the
 * directory whose disk is reported beside that of "/". What cannot be read is left out. */
void host_sample(struct host *h, const char *state_dir, host_each *each, void *context);

/* This machine's name as one part of a metric name: dots and blanks become underscores. */
void host_name(char out[HOST_LABEL_MAX]);

#endif
