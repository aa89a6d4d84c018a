#include <criterion/criterion.h>

#include "ridgeline/roster.h"

Test(roster, is_read_as_it_was_kept)
{
    struct roster r = {0};
    uint64_t stamp_ms;
    size_t len;
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert_eq(roster_add(&r, UINT64_C(0x0123456789abcdef) * i, (enum engine_state)(i % ENGINE_STATES)), 0);
    const uint8_t *bytes = roster_seal(&r, UINT64_C(1763792000123), &len);
    cr_assert(roster_stamp(bytes, len, &stamp_ms));
    cr_assert_eq(stamp_ms, UINT64_C(1763792000123));
    cr_assert_eq(roster_entries(len), 1000u);
    for (size_t i = 0; i < 1000; i++) {
        cr_assert_eq(roster_hash(bytes, i), UINT64_C(0x0123456789abcdef) * i);
        cr_assert_eq(roster_state(bytes, i), (int)(i % ENGINE_STATES));
    }
    roster_fini(&r);
}

Test(roster, has_the_bytes_that_its_header_documents)
{
    static const uint8_t wanted[] = {1, 8, 7, 6, 5, 4, 3, 2, 1, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 3};
    struct roster r = {0};
    size_t len;
    cr_assert_eq(roster_add(&r, UINT64_C(0x0123456789abcdef), ENGINE_STALE), 0);
    const uint8_t *bytes = roster_seal(&r, UINT64_C(0x0102030405060708), &len);
    cr_assert_eq(len, sizeof wanted);
    cr_assert_arr_eq(bytes, wanted, sizeof wanted);
    roster_fini(&r);
}

Test(roster, says_whether_a_state_is_new)
{
    struct roster r = {0};
    cr_assert_eq(roster_add(&r, 7, ENGINE_NORMAL), 0);
    cr_assert_not(roster_set(&r, 0, ENGINE_NORMAL));
    cr_assert(roster_set(&r, 0, ENGINE_FLAT));
    cr_assert_eq(roster_state(r.bytes, 0), ENGINE_FLAT);
    roster_fini(&r);
}

Test(roster, fills_the_place_of_a_removed_entry_with_the_last)
{
    struct roster r = {0};
    for (uint64_t i = 0; i < 3; i++)
        cr_assert_eq(roster_add(&r, i, ENGINE_NORMAL), 0);
    roster_remove(&r, 0);
    cr_assert_eq(r.n, 2u);
    cr_assert_eq(roster_hash(r.bytes, 0), 2u);
    roster_remove(&r, 1);
    cr_assert_eq(r.n, 1u);
    cr_assert_eq(roster_hash(r.bytes, 0), 2u);
    roster_remove(&r, 0);
    cr_assert_eq(r.n, 0u);
    roster_fini(&r);
}

Test(roster, of_no_metric_is_a_header)
{
    struct roster r = {0};
    uint64_t stamp_ms;
    size_t len;
    const uint8_t *bytes = roster_seal(&r, 5, &len);
    cr_assert(roster_stamp(bytes, len, &stamp_ms));
    cr_assert_eq(len, (size_t)ROSTER_HEADER_BYTES);
    cr_assert_eq(roster_entries(len), 0u);
    roster_fini(&r);
}

Test(roster, of_another_version_or_cut_short_is_none)
{
    const uint8_t bytes[ROSTER_HEADER_BYTES] = {1}, other[ROSTER_HEADER_BYTES] = {2};
    uint64_t stamp_ms;
    cr_assert_not(roster_stamp(other, sizeof other, &stamp_ms));
    for (size_t len = 0; len < sizeof bytes; len++) {
        cr_assert_not(roster_stamp(bytes, len, &stamp_ms));
        cr_assert_eq(roster_entries(len), 0u);
    }
    cr_assert_eq(roster_entries(ROSTER_HEADER_BYTES + 2 * ROSTER_ENTRY_BYTES - 1), 1u);
}

Test(roster, with_a_state_that_nobody_knows_tells_none)
{
    uint8_t bytes[ROSTER_HEADER_BYTES + ROSTER_ENTRY_BYTES] = {1};
    for (unsigned state = 0; state < 256; state++) {
        bytes[sizeof bytes - 1] = (uint8_t)state;
        cr_assert_eq(roster_state(bytes, 0), state < ENGINE_STATES ? (int)state : ROSTER_UNKNOWN);
    }
}
