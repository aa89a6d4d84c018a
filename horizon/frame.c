/* A sender decides how its bytes are cut and what it claims about their number,
 * so memory follows what has arrived, never what was announced: a line's
 * buffer has the longest line's size, a message's doubles as it fills. */
#include "frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_FIRST_BYTES 4096

int frame_lines_init(struct frame_lines *f, size_t max_bytes)
{
    *f = (struct frame_lines){.max_bytes = max_bytes, .kept = malloc(max_bytes ? max_bytes : 1)};
    return f->kept ? 0 : -1;
}

void frame_lines_fini(struct frame_lines *f)
{
    free(f->kept);
    f->kept = NULL;
}

void frame_lines_give(struct frame_lines *f, const char *bytes, size_t len)
{
    assert(f->next == f->end); /* or the rest of the last ones would be lost */
    f->next = bytes;
    f->end = bytes + len;
}

/* No newline is left: keeps the beginning of a line for the next read. */
static enum frame_result keep_line(struct frame_lines *f, const char **line, size_t *len)
{
    size_t left = (size_t)(f->end - f->next);
    const char *rest = f->next;
    f->next = f->end;
    if (f->skipping || left == 0)
        return FRAME_MORE;
    size_t room = f->max_bytes - f->kept_n;
    size_t copied = left < room ? left : room;
    memcpy(f->kept + f->kept_n, rest, copied);
    f->kept_n += copied;
    if (left <= room)
        return FRAME_MORE;
    *line = f->kept;
    *len = f->kept_n;
    f->kept_n = 0;
    f->skipping = true;
    return FRAME_TOO_LONG;
}

/* Ends the kept beginning with the `n` bytes up to a newline. */
static enum frame_result end_kept_line(struct frame_lines *f, const char *bytes, size_t n, const char **line,
                                       size_t *len)
{
    size_t room = f->max_bytes - f->kept_n;
    size_t copied = n < room ? n : room;
    memcpy(f->kept + f->kept_n, bytes, copied);
    *line = f->kept;
    *len = f->kept_n + copied;
    f->kept_n = 0;
    return n <= room ? FRAME_WHOLE : FRAME_TOO_LONG;
}

enum frame_result frame_lines_take(struct frame_lines *f, const char **line, size_t *len)
{
    while (f->next < f->end) {
        const char *bytes = f->next;
        const char *newline = memchr(bytes, '\n', (size_t)(f->end - bytes));
        if (!newline)
            return keep_line(f, line, len);
        f->next = newline + 1;
        if (f->skipping) {
            f->skipping = false;
            continue;
        }
        size_t n = (size_t)(newline - bytes);
        if (f->kept_n > 0)
            return end_kept_line(f, bytes, n, line, len);
        *line = bytes;
        *len = n < f->max_bytes ? n : f->max_bytes;
        return n <= f->max_bytes ? FRAME_WHOLE : FRAME_TOO_LONG;
    }
    return FRAME_MORE;
}

bool frame_lines_cut_off(const struct frame_lines *f, const char **line, size_t *len)
{
    *line = f->kept;
    *len = f->kept_n;
    return f->kept_n > 0;
}

void frame_messages_init(struct frame_messages *f, size_t max_bytes)
{
    *f = (struct frame_messages){.max_bytes = max_bytes};
}

void frame_messages_fini(struct frame_messages *f)
{
    free(f->kept);
    f->kept = NULL;
}

void frame_messages_give(struct frame_messages *f, const void *bytes, size_t len)
{
    assert(f->next == f->end);
    f->next = bytes;
    f->end = f->next + len;
}

static uint32_t read_length(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Moves up to `n` given bytes behind the kept ones. Returns 0, or -1 when memory is out. */
static int keep(struct frame_messages *f, size_t n)
{
    size_t left = (size_t)(f->end - f->next);
    if (n > left)
        n = left;
    if (n == 0)
        return 0;
    if (f->kept_n + n > f->kept_cap) {
        size_t cap = f->kept_cap ? f->kept_cap : KEPT_FIRST_BYTES;
        while (cap < f->kept_n + n)
            cap *= 2;
        uint8_t *kept = realloc(f->kept, cap);
        if (!kept)
            return -1;
        f->kept = kept;
        f->kept_cap = cap;
    }
    memcpy(f->kept + f->kept_n, f->next, n);
    f->kept_n += n;
    f->next += n;
    return 0;
}

static enum frame_result lose(struct frame_messages *f, enum frame_result why)
{
    f->lost = true;
    f->next = f->end;
    return why;
}

/* Goes on with a message that an earlier read began. */
static enum frame_result take_kept(struct frame_messages *f, const uint8_t **message, size_t *len)
{
    if (f->kept_n < FRAME_HEAD_BYTES && keep(f, FRAME_HEAD_BYTES - f->kept_n) != 0)
        return lose(f, FRAME_NO_MEMORY);
    if (f->kept_n < FRAME_HEAD_BYTES)
        return FRAME_MORE;
    size_t need = read_length(f->kept);
    if (need > f->max_bytes)
        return lose(f, FRAME_TOO_LONG);
    if (keep(f, FRAME_HEAD_BYTES + need - f->kept_n) != 0)
        return lose(f, FRAME_NO_MEMORY);
    if (f->kept_n < FRAME_HEAD_BYTES + need)
        return FRAME_MORE;
    *message = f->kept + FRAME_HEAD_BYTES;
    *len = need;
    f->hand_back = true;
    return FRAME_WHOLE;
}

enum frame_result frame_messages_take(struct frame_messages *f, const uint8_t **message, size_t *len)
{
    if (f->lost)
        return lose(f, FRAME_TOO_LONG);
    if (f->hand_back) {
        /* A large buffer is rarely needed twice: many idle senders must not each hold one. */
        frame_messages_fini(f);
        f->kept_n = f->kept_cap = 0;
        f->hand_back = false;
    }
    size_t left = (size_t)(f->end - f->next);
    if (f->kept_n == 0 && left >= FRAME_HEAD_BYTES) {
        size_t need = read_length(f->next);
        if (need > f->max_bytes)
            return lose(f, FRAME_TOO_LONG);
        if (left - FRAME_HEAD_BYTES >= need) {
            *message = f->next + FRAME_HEAD_BYTES;
            *len = need;
            f->next += FRAME_HEAD_BYTES + need;
            return FRAME_WHOLE;
        }
    }
    return f->kept_n + left > 0 ? take_kept(f, message, len) : FRAME_MORE;
}

bool frame_messages_cut_off(const struct frame_messages *f)
{
    return f->kept_n > 0 && !f->hand_back && !f->lost;
}
