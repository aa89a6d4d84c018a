/* Blocks of the spool: any bytes, with checksums that fit. What is read must be what the queue could have held, and
 * written again be the same bytes. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/spool_bytes.h"

#define NUMBERS 8 /* bytes of input that stand for the head's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_block(const struct queue_block *b, const struct spool_bytes_head *head, const uint8_t *records)
{
    static uint8_t out[SPOOL_BYTES_HEAD + SPOOL_BYTES_RECORDS_MAX], command[QUEUE_COMMAND_MAX];
    struct spool_bytes_head again;
    if (b->n_commands != head->n_commands || b->n_points != head->n_points ||
        spool_bytes_of(b) != SPOOL_BYTES_HEAD + head->records_bytes)
        abort();
    spool_bytes_put(out, b);
    if (spool_bytes_head(out, &again) != 0 || again.sum != head->sum ||
        memcmp(out + SPOOL_BYTES_HEAD, records, head->records_bytes) != 0)
        abort();
    for (uint32_t next = 0; next < b->n_commands;)
        if (queue_write(b, &next, command, sizeof command) == 0)
            abort();
}

static void read_records(const uint8_t *data, size_t len)
{
    static struct queue_metric metrics[QUEUE_COMMANDS_MAX];
    static struct queue_block b;
    uint32_t n_commands = data[0] % 8 + 1u, n_points = data[1] % 32;
    uint8_t *records = malloc(len - NUMBERS + 1);
    memcpy(records, data + NUMBERS, len - NUMBERS);
    const struct spool_bytes_head head = {.records_bytes = (uint32_t)(len - NUMBERS), .n_commands = n_commands,
                                          .n_points = n_points, .sum = keys_hash((const char *)records, len - NUMBERS)};
    if (spool_bytes_block(&head, records, metrics, &b) == 0)
        check_block(&b, &head, records);
    free(records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct spool_bytes_head head;
    struct spool_bytes_position position;
    size_t at = spool_bytes_find(data, len);
    if (at < len && (spool_bytes_head(data + at, &head) != 0 || len - at < SPOOL_BYTES_HEAD))
        abort();
    if (len >= SPOOL_BYTES_POSITION && spool_bytes_position(data, &position) == 0 &&
        position.settled < SPOOL_BYTES_POSITION)
        abort();
    if (len >= NUMBERS)
        read_records(data, len);
    return 0;
}
