/* A leader renews its lease once a second, and it lasts five: one that misses some answers has it again with the next,
 * one that is gone is soon succeeded. */
#include "ridgeline/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ridgeline/clock.h"
#include "ridgeline/log.h"

/* Takes the free lease or renews our own. Allowed when Redis is out of memory: that is when
 * roomba's trimming is wanted most. */
static struct store_script hold = {
    .source = "#!lua flags=allow-oom\n"
              "local holder = redis.call('GET', KEYS[1])\n"
              "if holder and holder ~= ARGV[1] then return 0 end\n"
              "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
              "return 1\n"};

static struct store_script release = {
    .source = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
              "return redis.call('DEL', KEYS[1])\n"};

void lease_init(struct lease *l, const char *key)
{
    char host[64] = "";

    *l = (struct lease){.key = key};
    gethostname(host, sizeof host - 1);
    snprintf(l->holder, sizeof l->holder, "%s:%ld:%" PRId64, host, (long)getpid(), clock_wall_ms());
}

/* Runs a script with the holder and, where it wants one, the time in ms. */
static bool run(struct lease *l, struct store *s, struct store_script *script, const char *ms)
{
    const char *argv[] = {l->holder, ms};
    const size_t lens[] = {strlen(l->holder), strlen(ms)};

    return store_integer(store_eval(s, script, l->key, strlen(l->key), 2, argv, lens)) == 1;
}

bool lease_hold(struct lease *l, struct store *s)
{
    int64_t now_mono_ms = clock_mono_ms();
    char ms[16];

    if (l->held && now_mono_ms - l->confirmed_mono_ms < LEASE_RENEW_MS)
        return true;
    snprintf(ms, sizeof ms, "%d", LEASE_MS);
    bool held = run(l, s, &hold, ms);
    if (held != l->held)
        log_info(held ? "lease_taken" : "lease_lost", "holder=%s", l->holder);
    l->held = held;
    l->confirmed_mono_ms = now_mono_ms;
    return held;
}

void lease_release(struct lease *l, struct store *s)
{
    if (l->held && run(l, s, &release, ""))
        log_info("lease_released", "holder=%s", l->holder);
    l->held = false;
}
