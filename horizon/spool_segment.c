#include "spool_segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 * 1024)
#define NUMBER_DIGITS 16
#define NUMBER_MAX (UINT64_MAX / 2) /* of those that are taken over: others follow */
#define NAME_MAX_BYTES 32

static const char suffix[] = ".spool";

static void name_of(char name[NAME_MAX_BYTES], uint64_t number)
{
    snprintf(name, NAME_MAX_BYTES, SPOOL_SEGMENT_NAME, number);
}

static int open_segment(int dir, uint64_t number, int flags)
{
    char name[NAME_MAX_BYTES];
    name_of(name, number);
    return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void close_keeping_errno(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

/* Returns 0, or -1 with errno. */
static int write_all(int fd, const uint8_t *bytes, size_t n, off_t at)
{
    while (n > 0) {
        ssize_t written = pwrite(fd, bytes, n < PIECE_BYTES ? n : PIECE_BYTES, at);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            at += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

/* Returns 0, or -1 with errno: 0 when the file ends before. */
static int read_all(int fd, uint8_t *out, size_t n, off_t at)
{
    while (n > 0) {
        ssize_t got = pread(fd, out, n, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            return -1;
        out += got;
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

/* The number in a segment's name; 0 when it is none's, or one that no spool ever came to. */
static uint64_t number_of(const char *name)
{
    if (strspn(name, "0123456789abcdef") != NUMBER_DIGITS || strcmp(name + NUMBER_DIGITS, suffix) != 0)
        return 0;
    uint64_t number = strtoull(name, NULL, 16);
    return number <= NUMBER_MAX ? number : 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct spool_segment *)a)->number, y = ((const struct spool_segment *)b)->number;
    return (x > y) - (x < y);
}

/* Appends the file when it is a segment. Returns 0, or -1 when memory is out. */
static int list_one(int dir, const char *name, struct spool_segment **list, size_t *n)
{
    struct stat st;
    uint64_t number = number_of(name);
    if (number == 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return 0;
    struct spool_segment *longer = realloc(*list, (*n + 1) * sizeof **list);
    if (!longer)
        return -1;
    *list = longer;
    uint32_t bytes = st.st_size < SPOOL_SEGMENT_BYTES_MAX ? (uint32_t)st.st_size : SPOOL_SEGMENT_BYTES_MAX;
    longer[(*n)++] = (struct spool_segment){.number = number, .bytes = bytes};
    return 0;
}

int spool_segment_list(int dir, struct spool_segment **list, size_t *n)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    *list = NULL;
    *n = 0;
    if (!entries) {
        if (fd >= 0)
            close_keeping_errno(fd);
        return -1;
    }
    for (const struct dirent *e; result == 0 && (e = readdir(entries));)
        result = list_one(dir, e->d_name, list, n);
    closedir(entries);
    if (result == 0 && *n > 0)
        qsort(*list, *n, sizeof **list, compare);
    if (result != 0) {
        free(*list);
        *list = NULL;
        errno = ENOMEM;
    }
    return result;
}

int spool_segment_put_position(int dir, const struct spool_segment *s)
{
    uint8_t bytes[SPOOL_BYTES_POSITION];
    int fd = open_segment(dir, s->number, O_WRONLY);
    if (fd < 0)
        return -1;
    spool_bytes_put_position(bytes, &s->position);
    int result = write_all(fd, bytes, sizeof bytes, 0);
    close_keeping_errno(fd);
    return result;
}

int spool_segment_load(int dir, struct spool_segment *s)
{
    uint8_t bytes[SPOOL_BYTES_POSITION] = {0};
    s->position = (struct spool_bytes_position){.settled = SPOOL_BYTES_POSITION};
    if (spool_segment_read(dir, s, 0, bytes, s->bytes < sizeof bytes ? s->bytes : sizeof bytes) != 0)
        return -1;
    if (spool_bytes_is_foreign(bytes)) {
        errno = EPROTO;
        return -1;
    }
    spool_bytes_position(bytes, &s->position);
    return 0;
}

int spool_segment_create(int dir, struct spool_segment *s, uint64_t number)
{
    *s = (struct spool_segment){.number = number, .bytes = SPOOL_BYTES_POSITION,
                                .position = {.settled = SPOOL_BYTES_POSITION}};
    int fd = open_segment(dir, number, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return -1;
    close(fd);
    if (spool_segment_put_position(dir, s) == 0)
        return 0;
    int error = errno;
    spool_segment_remove(dir, s);
    errno = error;
    return -1;
}

int spool_segment_append(int dir, struct spool_segment *s, const uint8_t *bytes, size_t n)
{
    int fd = open_segment(dir, s->number, O_WRONLY);
    if (fd < 0)
        return -1;
    int result = write_all(fd, bytes, n, s->bytes);
    if (result == 0) {
        s->bytes += (uint32_t)n;
    } else {
        int error = errno;
        (void)!ftruncate(fd, s->bytes); /* else a later block is written over what stands there */
        errno = error;
    }
    close_keeping_errno(fd);
    return result;
}

int spool_segment_read(int dir, const struct spool_segment *s, uint32_t at, void *out, size_t n)
{
    int fd = open_segment(dir, s->number, O_RDONLY);
    if (fd < 0)
        return -1;
    int result = read_all(fd, out, n, at);
    close_keeping_errno(fd);
    return result;
}

/* Moves `*at` to the next head from there on, or to the segment's end. Returns 0, or -1 with errno. */
static int skip_damage(int fd, const struct spool_segment *s, uint32_t *at)
{
    uint8_t piece[PIECE_BYTES];
    while (s->bytes - *at >= SPOOL_BYTES_HEAD) {
        size_t n = s->bytes - *at < sizeof piece ? s->bytes - *at : sizeof piece;
        if (read_all(fd, piece, n, *at) != 0)
            return -1;
        size_t found = spool_bytes_find(piece, n);
        if (found < n) {
            *at += (uint32_t)found;
            return 0;
        }
        *at += (uint32_t)(n - SPOOL_BYTES_HEAD + 1);
    }
    *at = s->bytes;
    return 0;
}

/* 1, 0 or -1, as spool_segment_find. */
static int find(int fd, const struct spool_segment *s, uint32_t *at, struct spool_bytes_head *head, uint64_t *n_damaged)
{
    uint8_t bytes[SPOOL_BYTES_HEAD];
    bool damaged = false;
    for (; *at < s->bytes; damaged = true) {
        if (s->bytes - *at >= SPOOL_BYTES_HEAD) {
            if (read_all(fd, bytes, sizeof bytes, *at) != 0)
                return -1;
            if (spool_bytes_head(bytes, head) == 0 && head->records_bytes <= s->bytes - *at - SPOOL_BYTES_HEAD)
                return 1;
        }
        *n_damaged += !damaged;
        ++*at;
        if (skip_damage(fd, s, at) != 0)
            return -1;
    }
    return 0;
}

int spool_segment_find(int dir, const struct spool_segment *s, uint32_t *at, struct spool_bytes_head *head,
                       uint64_t *n_damaged)
{
    int fd = open_segment(dir, s->number, O_RDONLY);
    if (fd < 0)
        return -1;
    int found = find(fd, s, at, head, n_damaged);
    close_keeping_errno(fd);
    return found;
}

int spool_segment_remove(int dir, const struct spool_segment *s)
{
    char name[NAME_MAX_BYTES];
    name_of(name, s->number);
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    int error = errno, fd = open_segment(dir, s->number, O_WRONLY | O_TRUNC);
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}
