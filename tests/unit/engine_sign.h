/* Packed engine records that were never packed: bytes under a right checksum. */
#ifndef RIDGELINE_TESTS_ENGINE_SIGN_H
#define RIDGELINE_TESTS_ENGINE_SIGN_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_BYTES 8

/* The checksum at the end of the packed form, byte by byte: eight at a time, little-endian, what is left over last. */
static inline void sign(uint8_t *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (len - CHECKSUM_BYTES);
    for (size_t at = 0; at < len - CHECKSUM_BYTES; at += 8) {
        uint64_t word = 0;
        for (size_t i = 0; i < 8 && at + i < len - CHECKSUM_BYTES; i++)
            word |= (uint64_t)bytes[at + i] << 8 * i;
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 32;
    }
    for (size_t i = 0; i < CHECKSUM_BYTES; i++)
        bytes[len - CHECKSUM_BYTES + i] = (uint8_t)(hash >> 8 * i);
}

#endif
