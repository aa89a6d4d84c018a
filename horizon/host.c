/* Every counter here only grows; a rate is the difference to the last sample over the
 * time between, and left out where the counter went back (a device was removed). */
#include "host.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ridgeline/clock.h"

#define SECTOR_BYTES 512 /* of /proc/diskstats, whatever the device's are */

static void sample_load(host_each *each, void *context)
{
    double one, five, fifteen;
    FILE *f = fopen("/proc/loadavg", "re");
    if (!f)
        return;
    if (fscanf(f, "%lf %lf %lf", &one, &five, &fifteen) == 3) {
        each(context, "load.1m", one);
        each(context, "load.5m", five);
        each(context, "load.15m", fifteen);
    }
    fclose(f);
}

static void sample_cpu(struct host *h, host_each *each, void *context)
{
    static const char *const modes[HOST_CPU_MODES] = {"user",   "nice", "system",  "idle",
                                                      "iowait", "irq",  "softirq", "steal"};
    uint64_t now[HOST_CPU_MODES], all = 0;
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return;
    bool whole = fscanf(f, "cpu") == 0;
    for (int i = 0; i < HOST_CPU_MODES; i++)
        whole = whole && fscanf(f, "%" SCNu64, &now[i]) == 1;
    fclose(f);
    if (!whole)
        return;
    for (int i = 0; i < HOST_CPU_MODES; i++)
        all += now[i] > h->cpu[i] ? now[i] - h->cpu[i] : 0;
    for (int i = 0; i < HOST_CPU_MODES && h->mono_ms && all > 0; i++) {
        char name[64];
        snprintf(name, sizeof name, "cpu.%s_percent", modes[i]);
        each(context, name, now[i] > h->cpu[i] ? 100.0 * (double)(now[i] - h->cpu[i]) / (double)all : 0.0);
    }
    memcpy(h->cpu, now, sizeof now);
}

static void sample_memory(host_each *each, void *context)
{
    uint64_t total = 0, available = 0, swap_total = 0, swap_free = 0, kib;
    char line[128], key[64];
    FILE *f = fopen("/proc/meminfo", "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%63[^:]: %" SCNu64, key, &kib) != 2)
            continue;
        total = strcmp(key, "MemTotal") == 0 ? kib : total;
        available = strcmp(key, "MemAvailable") == 0 ? kib : available;
        swap_total = strcmp(key, "SwapTotal") == 0 ? kib : swap_total;
        swap_free = strcmp(key, "SwapFree") == 0 ? kib : swap_free;
    }
    fclose(f);
    if (total == 0 || available > total || swap_free > swap_total)
        return;
    each(context, "memory.available_bytes", (double)available * 1024);
    each(context, "memory.used_percent", 100.0 * (double)(total - available) / (double)total);
    each(context, "memory.swap_used_bytes", (double)(swap_total - swap_free) * 1024);
}

static void sample_filesystem(const char *path, const char *label, host_each *each, void *context)
{
    struct statvfs fs;
    char name[64];
    if (statvfs(path, &fs) != 0 || fs.f_blocks == 0)
        return;
    /* As df(1): of what unprivileged users can have. */
    double used = (double)(fs.f_blocks - fs.f_bfree), available = (double)fs.f_bavail;
    snprintf(name, sizeof name, "disk.%s.used_percent", label);
    each(context, name, used + available > 0 ? 100.0 * used / (used + available) : 0.0);
    snprintf(name, sizeof name, "disk.%s.available_bytes", label);
    each(context, name, available * (double)fs.f_frsize);
}

static void rate(const char *name, uint64_t now, uint64_t *last, double seconds, host_each *each, void *context)
{
    if (seconds > 0 && now >= *last)
        each(context, name, (double)(now - *last) / seconds);
    *last = now;
}

/* Whole disks only: sda, vda, nvme0n1; partitions, loop and RAM disks would be counted twice or are none. */
static bool is_whole_disk(const char *device)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/block/%s/device", device);
    return access(path, F_OK) == 0;
}

static void sample_disk_io(struct host *h, double seconds, host_each *each, void *context)
{
    uint64_t read_sectors, write_sectors, reads = 0, writes = 0;
    char line[256], device[64];
    FILE *f = fopen("/proc/diskstats", "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%*u %*u %63s %*u %*u %" SCNu64 " %*u %*u %*u %" SCNu64, device, &read_sectors,
                   &write_sectors) != 3 ||
            !is_whole_disk(device))
            continue;
        reads += read_sectors * SECTOR_BYTES;
        writes += write_sectors * SECTOR_BYTES;
    }
    fclose(f);
    rate("disk.read_bytes_per_s", reads, &h->disk_read_bytes, seconds, each, context);
    rate("disk.write_bytes_per_s", writes, &h->disk_write_bytes, seconds, each, context);
}

static void sample_network(struct host *h, double seconds, host_each *each, void *context)
{
    uint64_t received, sent, all_received = 0, all_sent = 0;
    char line[256], device[64];
    FILE *f = fopen("/proc/net/dev", "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, " %63[^:]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, device, &received, &sent) != 3 ||
            strcmp(device, "lo") == 0)
            continue;
        all_received += received;
        all_sent += sent;
    }
    fclose(f);
    rate("net.receive_bytes_per_s", all_received, &h->net_receive_bytes, seconds, each, context);
    rate("net.send_bytes_per_s", all_sent, &h->net_send_bytes, seconds, each, context);
}

void host_sample(struct host *h, const char *state_dir, host_each *each, void *context)
{
    int64_t now_ms = clock_mono_ms();
    double seconds = h->mono_ms ? (double)(now_ms - h->mono_ms) / 1000 : 0.0;
    sample_load(each, context);
    sample_cpu(h, each, context);
    sample_memory(each, context);
    sample_filesystem("/", "root", each, context);
    sample_filesystem(state_dir, "state", each, context);
    sample_disk_io(h, seconds, each, context);
    sample_network(h, seconds, each, context);
    h->mono_ms = now_ms;
}

void host_name(char out[HOST_LABEL_MAX])
{
    if (gethostname(out, HOST_LABEL_MAX - 1) != 0 || !*out)
        memcpy(out, "localhost", sizeof "localhost");
    out[HOST_LABEL_MAX - 1] = '\0';
    for (char *p = out; *p; p++)
        if (*p <= ' ' || *p == '.' || *p == ';' || *p == 0x7f)
            *p = '_';
}
