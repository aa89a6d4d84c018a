/* The framing of TCP streams: the first byte says how the rest is cut. Lines must come out as from
 * the stream in one piece; messages must never exceed their bound. */
#include <stdlib.h>

#include "horizon/frame.h"

#define MAX_BYTES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A digest of everything that comes out. */
static uint64_t mix(uint64_t digest, unsigned kind, const char *bytes, size_t len)
{
    digest = digest * 31 + kind;
    for (size_t i = 0; i < len; i++)
        digest = digest * 31 + (unsigned char)bytes[i];
    return digest;
}

static uint64_t run_lines(const uint8_t *data, size_t len, size_t cut)
{
    struct frame_lines f;
    const char *line;
    size_t line_len;
    uint64_t digest = 0;
    enum frame_result result;
    if (frame_lines_init(&f, MAX_BYTES) != 0)
        abort();
    for (size_t n; len > 0; data += n, len -= n) {
        n = cut < len ? cut : len;
        frame_lines_give(&f, (const char *)data, n);
        while ((result = frame_lines_take(&f, &line, &line_len)) != FRAME_MORE) {
            if (line_len > MAX_BYTES)
                abort();
            digest = mix(digest, result, line, line_len);
        }
    }
    if (frame_lines_cut_off(&f, &line, &line_len))
        digest = mix(digest, 99, line, line_len);
    frame_lines_fini(&f);
    return digest;
}

static void run_messages(const uint8_t *data, size_t len, size_t cut)
{
    struct frame_messages f;
    const uint8_t *message;
    size_t message_len;
    frame_messages_init(&f, MAX_BYTES);
    for (size_t n; len > 0; data += n, len -= n) {
        n = cut < len ? cut : len;
        frame_messages_give(&f, data, n);
        while (frame_messages_take(&f, &message, &message_len) == FRAME_WHOLE)
            if (message_len > MAX_BYTES)
                abort();
    }
    frame_messages_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    size_t cut = 1 + data[0];
    if (run_lines(data + 1, len - 1, cut) != run_lines(data + 1, len - 1, len))
        abort();
    run_messages(data + 1, len - 1, cut);
    return 0;
}
