/* The text of a settings file, before libconfig sees it. The file is read here and not by libconfig, whose scanner ends
 * the process when a read fails; and what it would pass over is refused: a NUL, behind which it reads nothing;
 * @include, since an origin such as settings.conf:12 always means the one file; a number that it cuts to 32 bits, as it
 * does with any that has no L behind it; and a group of very many options, of which it compares each with all before
 * it: what takes it half a minute would stop a daemon that reads its settings again for as long. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_internal.h"

#define OPTIONS_MAX 1000 /* in one group: more than there are, by far */
#define DEPTH_MAX 16     /* groups in each other; settings need three */
#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Opening a pipe that nobody writes to would wait for ever: one that gives nothing is an error. */
static FILE *open_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode))
        fcntl(fd, F_SETFL, 0);
    FILE *file = fdopen(fd, "r");
    if (file == NULL)
        close(fd);
    return file;
}

static bool is_empty_pipe(FILE *file, size_t len)
{
    struct stat status;
    return len == 0 && fstat(fileno(file), &status) == 0 && S_ISFIFO(status.st_mode);
}

char *conf_read(const char *path, size_t *len)
{
    char *text = malloc(CONF_FILE_MAX + 1);
    FILE *file = open_file(path);
    int error = errno;
    if (text == NULL || file == NULL)
        goto fail;
    *len = fread(text, 1, CONF_FILE_MAX + 1, file);
    error = *len > CONF_FILE_MAX ? EFBIG : errno;
    if (ferror(file) || *len > CONF_FILE_MAX)
        goto fail;
    error = ENODATA;
    if (is_empty_pipe(file, *len))
        goto fail;
    fclose(file);
    text[*len] = '\0';
    return text;
fail:
    free(text);
    if (file != NULL)
        fclose(file);
    errno = error;
    return NULL;
}

const char *conf_read_error(int error)
{
    _Static_assert(CONF_FILE_MAX == 1 << 20, "as the sentence says");
    return error == EFBIG ? "holds more than 1 MiB" : strerror(error);
}

static int check_lines(const char *text, size_t len, struct conf_errors *errors)
{
    unsigned line = 1;
    const char *end = text + len;
    for (const char *p = text; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline != NULL ? newline : end;
        if (memchr(p, '\0', (size_t)(stop - p)) != NULL)
            return conf_errors_add(errors, line, "", "a NUL byte");
        p += strspn(p, " \t");
        if (strncmp(p, "@include", 8) == 0)
            return conf_errors_add(errors, line, "", "@include is not supported: settings stand in one file");
        p = stop + 1;
    }
    return 0;
}

/* Behind what begins at `p`: a text in quotes, a comment, a word, or one byte of anything else. */
static const char *skip(const char *p)
{
    const char *end = NULL;
    if (*p == '"') {
        for (p++; *p != '"' && *p != '\0'; p++)
            p += *p == '\\' && p[1] != '\0';
        return p + (*p == '"');
    }
    if (*p == '#' || (p[0] == '/' && p[1] == '/'))
        return p + strcspn(p, "\n");
    if (p[0] == '/' && p[1] == '*') {
        end = strstr(p + 2, "*/");
        return end != NULL ? end + 2 : p + strlen(p);
    }
    size_t word = strspn(p, LETTERS DIGITS "._-");
    return p + (word > 0 ? word : 1);
}

/* Whether a whole number begins at `p` that is none of 32 bits, and has no L. */
static bool is_cut(const char *p)
{
    const bool minus = *p == '-';
    p += minus;
    const bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    const char *digits = hex ? p + 2 : p;
    size_t n = strspn(digits, hex ? HEX_DIGITS : DIGITS);
    if (n == 0 || strspn(digits + n, LETTERS ".") > 0)
        return false;
    errno = 0;
    return strtoull(digits, NULL, hex ? 16 : 10) > (unsigned long long)INT32_MAX + (minus && !hex) || errno == ERANGE;
}

static unsigned lines_in(const char *p, const char *end)
{
    unsigned lines = 0;
    for (; p < end; p++)
        lines += *p == '\n';
    return lines;
}

/* `text` holds no NUL but the one behind it. */
static int check_numbers(const char *text, struct conf_errors *errors)
{
    unsigned line = 1;
    for (const char *p = text, *next; *p != '\0'; p = next) {
        next = skip(p);
        if (is_cut(p))
            return conf_errors_add(errors, line, "", "a number of more than 32 bits needs an L behind it: 5000000000L");
        line += lines_in(p, next);
    }
    return 0;
}

/* `text` holds no NUL but the one behind it. What is no grammar is left to libconfig. */
static int check_groups(const char *text, struct conf_errors *errors)
{
    unsigned line = 1, depth = 0, options[DEPTH_MAX] = {0};
    for (const char *p = text, *next; *p != '\0'; p = next) {
        next = skip(p);
        if (*p == '{' && ++depth == DEPTH_MAX)
            return conf_errors_add(errors, line, "", "groups stand in each other more than %d deep", DEPTH_MAX - 1);
        if (*p == '{')
            options[depth] = 0;
        if (*p == '}' && depth > 0)
            depth--;
        if ((*p == '=' || *p == ':') && ++options[depth] > OPTIONS_MAX)
            return conf_errors_add(errors, line, "", "a group holds more than %d options", OPTIONS_MAX);
        line += lines_in(p, next);
    }
    return 0;
}

int conf_source_check(const char *text, size_t len, struct conf_errors *errors)
{
    return check_lines(text, len, errors) < 0 || check_numbers(text, errors) < 0 ? -1 : check_groups(text, errors);
}
