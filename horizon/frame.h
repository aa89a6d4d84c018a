/* Cuts a TCP byte stream into lines, or into length-prefixed messages. Pure.
 *
 * Both work alike: bytes are given as they arrive, in any cuts, then what they
 * complete is taken until FRAME_MORE. What is complete within the given bytes is
 * handed out in place; only the piece that a read cut off is copied. */
#ifndef RIDGELINE_HORIZON_FRAME_H
#define RIDGELINE_HORIZON_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_result {
    FRAME_MORE,      /* nothing complete is left; the given bytes may be reused */
    FRAME_WHOLE,     /* a line or a message */
    FRAME_TOO_LONG,  /* a line: its head is handed out, the rest is passed over. A message: the
                        stream cannot be trusted any more, every later call says so again */
    FRAME_NO_MEMORY, /* for a message; the stream is lost */
};

/* Invariants: 1. kept_n <= max_bytes. 2. while skipping, kept_n is 0. 3. next <= end. */
struct frame_lines {
    size_t max_bytes; /* of a line without its newline */
    char *kept;       /* a line's beginning, when a read ended within it; max_bytes long */
    size_t kept_n;
    bool skipping;    /* the rest of a line that was too long */
    const char *next, *end; /* given and not yet taken */
};

/* Returns 0, or -1 when memory is out. */
int frame_lines_init(struct frame_lines *f, size_t max_bytes);
void frame_lines_fini(struct frame_lines *f);

/* Only when all of the bytes before have been taken. */
void frame_lines_give(struct frame_lines *f, const char *bytes, size_t len);

/* Takes the next line, without its newline. `*line` holds until the next call. */
enum frame_result frame_lines_take(struct frame_lines *f, const char **line, size_t *len);

/* After the last byte: whether a line was left without its newline; it is handed out as it is. */
bool frame_lines_cut_off(const struct frame_lines *f, const char **line, size_t *len);

#define FRAME_HEAD_BYTES 4

/* Invariants: 1. need <= max_bytes. 2. kept_n < FRAME_HEAD_BYTES + need. 3. next <= end. */
struct frame_messages {
    size_t max_bytes;  /* of a message without its length */
    uint8_t *kept;     /* a message's beginning, with its length; grows as bytes arrive */
    size_t kept_n, kept_cap;
    bool hand_back;    /* `kept` was handed out and is free again */
    bool lost;
    const uint8_t *next, *end;
};

void frame_messages_init(struct frame_messages *f, size_t max_bytes);
void frame_messages_fini(struct frame_messages *f);

/* Only when all of the bytes before have been taken. */
void frame_messages_give(struct frame_messages *f, const void *bytes, size_t len);

/* Takes the next message: 4 bytes of big-endian length, then that many bytes. An empty one is
 * FRAME_WHOLE, too. `*message` holds until the next call. */
enum frame_result frame_messages_take(struct frame_messages *f, const uint8_t **message, size_t *len);

/* After the last byte: whether a message was left incomplete. */
bool frame_messages_cut_off(const struct frame_messages *f);

#endif
