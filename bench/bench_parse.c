/* Nanoseconds to parse one point, as carbon line, out of a carbon pickle, and as a datagram of Skyline's, and one
 * StatsD line; and to bring a StatsD line all the way into its interval, with its name looked up and the line
 * accounted for:
 *
 *   parse.line_ns 58
 *   parse.pickle_ns 70
 *   parse.skyline_ns 40
 *   parse.statsd_ns 40
 *   statsd.line_ns 110
 *
 * The best of several rounds: what the code costs, not what the machine did beside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/carbon_line.h"
#include "horizon/carbon_pickle.h"
#include "horizon/frame.h"
#include "horizon/intake_statsd.h"
#include "horizon/skyline_msgpack.h"
#include "ridgeline/clock.h"

#define POINTS 20000
#define ROUNDS 25
#define NAME_MAX_BYTES 512
#define LINE_ROOM 96

static size_t write_name(char *out, unsigned i)
{
    return (size_t)sprintf(out, "servers.rack%02u.host%05u.cpu%u.user", i % 40, i, i % 8);
}

static double line_ns(const char *text, size_t len)
{
    struct frame_lines frame;
    struct carbon_point p;
    const char *line;
    size_t line_len, parsed = 0;
    if (frame_lines_init(&frame, 4096) != 0)
        return -1;
    int64_t start_ns = clock_mono_ns();
    frame_lines_give(&frame, text, len);
    while (frame_lines_take(&frame, &line, &line_len) == FRAME_WHOLE)
        parsed += carbon_line_parse(line, line_len, NAME_MAX_BYTES, &p) == CARBON_OK;
    int64_t took_ns = clock_mono_ns() - start_ns;
    frame_lines_fini(&frame);
    return parsed == POINTS ? (double)took_ns / POINTS : -1;
}

static double pickle_ns(struct carbon_pickle *reader, const uint8_t *bytes, size_t len)
{
    struct carbon_point p;
    size_t parsed = 0;
    int64_t start_ns = clock_mono_ns();
    if (carbon_pickle_run(reader, bytes, len) != PICKLE_OK)
        return -1;
    while (carbon_pickle_next(reader, NAME_MAX_BYTES, &p) == CARBON_OK)
        parsed++;
    int64_t took_ns = clock_mono_ns() - start_ns;
    return parsed == POINTS ? (double)took_ns / POINTS : -1;
}

/* Each datagram stands behind its length, in one byte. */
static double skyline_ns(const uint8_t *bytes, size_t len)
{
    struct carbon_point p;
    size_t parsed = 0;
    int64_t start_ns = clock_mono_ns();
    for (size_t at = 0; at < len; at += 1u + bytes[at])
        parsed += skyline_msgpack_parse(bytes + at + 1, bytes[at], NAME_MAX_BYTES, &p) == CARBON_OK;
    int64_t took_ns = clock_mono_ns() - start_ns;
    return parsed == POINTS ? (double)took_ns / POINTS : -1;
}

static size_t make_lines(char *out)
{
    char *p = out;
    for (unsigned i = 0; i < POINTS; i++) {
        p += write_name(p, i);
        p += sprintf(p, " %u.%02u 1795307613\n", i % 977, i % 100);
    }
    return (size_t)(p - out);
}

/* As Python writes it with protocol 2, what carbon-relay sends. */
static size_t make_pickle(uint8_t *out)
{
    uint8_t *p = out;
    memcpy(p, "\x80\x02](", 4);
    p += 4;
    for (unsigned i = 0; i < POINTS; i++) {
        size_t len = write_name((char *)p + 5, i);
        memcpy(p, (uint8_t[]){'X', (uint8_t)len, 0, 0, 0}, 5);
        p += 5 + len;
        memcpy(p, "J\x5d\xae\x02\x6bG\x40\x59\x0c\xcc\xcc\xcc\xcc\xcd\x86\x86", 16);
        p += 16;
    }
    memcpy(p, "e.", 2);
    return (size_t)(p + 2 - out);
}

/* As Python's msgpack packs (name, [int, float]). */
static size_t make_datagrams(uint8_t *out)
{
    uint8_t *p = out;
    for (unsigned i = 0; i < POINTS; i++) {
        size_t len = write_name((char *)p + 4, i);
        memcpy(p, (uint8_t[]){(uint8_t)(len + 18), 0x92, 0xd9, (uint8_t)len}, 4);
        memcpy(p + 4 + len, "\x92\xce\x6b\x02\xae\x5d\xcb\x40\x59\x0c\xcc\xcc\xcc\xcc\xcd", 15);
        p += 19 + len;
    }
    return (size_t)(p - out);
}

/* Counters and, one in four, timers. */
static size_t make_statsd(char *out)
{
    char *p = out;
    for (unsigned i = 0; i < POINTS; i++) {
        p += write_name(p, i);
        p += sprintf(p, i % 4 ? ":%u|c|@0.1\n" : ":%u.5|ms\n", i % 977);
    }
    return (size_t)(p - out);
}

static double statsd_parse_ns(const char *text, size_t len)
{
    struct statsd_line l;
    struct statsd_sample sample;
    const char *end = text + len;
    size_t parsed = 0;
    int64_t start_ns = clock_mono_ns();
    for (const char *line = text, *newline; line < end; line = newline + 1) {
        newline = memchr(line, '\n', (size_t)(end - line));
        if (statsd_line_begin(&l, line, (size_t)(newline - line), NAME_MAX_BYTES) == STATSD_OK)
            parsed += statsd_line_next(&l, &sample) == STATSD_OK;
    }
    int64_t took_ns = clock_mono_ns() - start_ns;
    return parsed == POINTS ? (double)took_ns / POINTS : -1;
}

/* As tcp.c feeds it; the names are there after the first round. */
static double statsd_line_ns(struct intake *in, struct intake_source from, const char *text, size_t len)
{
    struct frame_lines frame;
    const char *line;
    size_t line_len;
    if (frame_lines_init(&frame, 4096) != 0)
        return -1;
    uint64_t before = in->tallies[from.listener].accepted;
    int64_t start_ns = clock_mono_ns();
    frame_lines_give(&frame, text, len);
    while (frame_lines_take(&frame, &line, &line_len) == FRAME_WHOLE)
        intake_line(in, from, line, line_len);
    int64_t took_ns = clock_mono_ns() - start_ns;
    frame_lines_fini(&frame);
    return in->tallies[from.listener].accepted - before == POINTS ? (double)took_ns / POINTS : -1;
}

static void keep_best(double *best, double ns)
{
    if (*best < 0 || ns < *best)
        *best = ns;
}

static int bench_statsd(void)
{
    static struct intake in;
    struct settings settings;
    char error[CONF_ERROR_MAX], *lines = malloc(POINTS * LINE_ROOM);
    double best_parse = -1, best_line = -1;
    if (!lines || conf_load(&settings, NULL, NULL, NULL, error) != 0 || intake_init(&in, &settings) != 0)
        return -1;
    size_t len = make_statsd(lines);
    struct intake_source from = {INTAKE_STATSD_TCP, intake_sender(&in, INTAKE_STATSD_TCP, "bench", 0)};
    for (int round = 0; round < ROUNDS; round++) {
        keep_best(&best_parse, statsd_parse_ns(lines, len));
        keep_best(&best_line, statsd_line_ns(&in, from, lines, len));
    }
    printf("parse.statsd_ns %.0f\nstatsd.line_ns %.0f (aim 200)\n", best_parse, best_line);
    intake_fini(&in);
    conf_free(&settings);
    free(lines);
    return best_parse < 0 || best_line < 0 ? -1 : 0;
}

int main(void)
{
    char *lines = malloc(POINTS * LINE_ROOM);
    uint8_t *pickle = malloc(POINTS * LINE_ROOM), *datagrams = malloc(POINTS * LINE_ROOM);
    struct carbon_pickle *reader = carbon_pickle_new();
    double best_line = -1, best_pickle = -1, best_skyline = -1;
    if (!lines || !pickle || !datagrams || !reader)
        return 1;
    size_t lines_len = make_lines(lines), pickle_len = make_pickle(pickle);
    size_t datagrams_len = make_datagrams(datagrams);
    for (int round = 0; round < ROUNDS; round++) {
        double line = line_ns(lines, lines_len), picked = pickle_ns(reader, pickle, pickle_len);
        double skyline = skyline_ns(datagrams, datagrams_len);
        if (line < 0 || picked < 0 || skyline < 0) {
            fprintf(stderr, "bench_parse: the samples do not parse\n");
            return 1;
        }
        keep_best(&best_line, line);
        keep_best(&best_pickle, picked);
        keep_best(&best_skyline, skyline);
    }
    printf("parse.line_ns %.0f\nparse.pickle_ns %.0f\nparse.skyline_ns %.0f\n", best_line, best_pickle, best_skyline);
    carbon_pickle_free(reader);
    free(datagrams);
    free(pickle);
    free(lines);
    if (bench_statsd() == 0)
        return 0;
    fprintf(stderr, "bench_parse: the StatsD samples do not parse\n");
    return 1;
}
