/* Text forms of pickle protocol 0. Pure. */
#ifndef RIDGELINE_HORIZON_PICKLE_TEXT_H
#define RIDGELINE_HORIZON_PICKLE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that either function may write for `len` bytes of source. */
#define PICKLE_TEXT_ROOM(len) (2 * (len))

/* Reads a quoted Python string ('a\x41\n', as opcode S has it) into `out`, sets `*out_len`.
 * Returns 0, or -1 when it is not one. */
int pickle_text_unquote(const uint8_t *source, size_t len, uint8_t *out, size_t *out_len);

/* Reads raw-unicode-escape (Latin-1 with \uXXXX and \UXXXXXXXX, as opcode V has it) into UTF-8.
 * Returns 0, or -1 on a bad escape. */
int pickle_text_unescape(const uint8_t *source, size_t len, uint8_t *out, size_t *out_len);

#endif
