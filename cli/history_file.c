#include "cli/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/csv.h"
#include "cli/inputs.h"
#include "cli/whisper.h"

#define WHISPER ".wsp"
#define FILE_BYTES_MAX (512 << 20) /* over forty million slots; what is read is held in memory */

static const char too_large[] = "larger than 512 MiB";

const char *const history_file_suffixes[] = {".csv", WHISPER, NULL};

size_t history_file_stem(const char *name)
{
    for (const char *const *suffix = history_file_suffixes; *suffix; suffix++)
        if (inputs_has_suffix(name, *suffix))
            return strlen(name) - strlen(*suffix);
    return strlen(name);
}

static int fail(char error[HISTORY_FILE_ERROR_MAX], const char *path, const char *reason)
{
    snprintf(error, HISTORY_FILE_ERROR_MAX, "%.500s: %.200s", path, reason);
    return -1;
}

static ssize_t read_whole(int fd, uint8_t *bytes, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, bytes + got, len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : (ssize_t)got;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* The file's bytes, malloc'd; NULL with the reason. */
static uint8_t *load(const char *path, size_t *len, const char **reason)
{
    struct stat st;
    uint8_t *bytes = NULL;
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *reason = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        if (st.st_size > FILE_BYTES_MAX)
            *reason = too_large;
        else if ((bytes = malloc((size_t)st.st_size + 1)))
            got = read_whole(fd, bytes, (size_t)st.st_size);
    }
    if (got < 0) {
        if (!*reason)
            *reason = strerror(errno);
        free(bytes);
        bytes = NULL;
    }
    if (fd >= 0)
        close(fd);
    *len = (size_t)got;
    return bytes;
}

static int read_whisper(const char *path, uint32_t until, struct series *out, char error[HISTORY_FILE_ERROR_MAX])
{
    const char *reason;
    size_t len;
    uint8_t *bytes = load(path, &len, &reason);
    int result = bytes ? whisper_read(bytes, len, until, out, &reason) : -1;
    free(bytes);
    return result == 0 ? 0 : fail(error, path, reason);
}

static int read_csv(const char *path, uint32_t until, struct series *out, uint64_t *ahead,
                    char error[HISTORY_FILE_ERROR_MAX])
{
    struct csv c;
    struct csv_row row;
    struct stat st;
    if (stat(path, &st) == 0 && st.st_size > FILE_BYTES_MAX)
        return fail(error, path, too_large);
    int got = csv_open(&c, path);
    if (got == 0) {
        while ((got = csv_next(&c, &row)) > 0) {
            *ahead += row.has_value && row.point.t > until;
            if (row.has_value && row.point.t <= until && series_push(out, row.point) != 0)
                break;
        }
        csv_close(&c);
    }
    if (got < 0)
        snprintf(error, HISTORY_FILE_ERROR_MAX, "%s", c.error);
    series_sort_first_wins(out);
    return got > 0 ? fail(error, path, "out of memory") : got;
}

int history_file_read(const char *path, uint32_t until, struct series *out, uint64_t *ahead,
                      char error[HISTORY_FILE_ERROR_MAX])
{
    *ahead = 0;
    return inputs_has_suffix(path, WHISPER) ? read_whisper(path, until, out, error)
                                            : read_csv(path, until, out, ahead, error);
}
