/* lib/rollup.c: the bytes of a rollup, and what it takes for one. */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "rollup_model.h"

static const msgpack_object *field(const msgpack_object *map, const char *name)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];
        if (kv->key.via.str.size == strlen(name) && !memcmp(kv->key.via.str.ptr, name, strlen(name)))
            return &kv->val;
    }
    return NULL;
}

Test(rollup, is_one_msgpack_map_with_its_rings)
{
    struct units_retention retention = retention_of("10s:24h,1m:3d,10m:14d");
    struct rollup r;
    msgpack_unpacked unpacked;
    size_t end = 0;
    cr_assert_eq(rollup_init(&r, &retention, 10, T0), 0);
    msgpack_unpacked_init(&unpacked);
    cr_assert_eq(msgpack_unpack_next(&unpacked, (char *)r.bytes, r.len, &end), MSGPACK_UNPACK_SUCCESS);
    cr_assert_eq(end, r.len);
    cr_assert_eq(unpacked.data.type, MSGPACK_OBJECT_MAP);
    cr_assert_eq(field(&unpacked.data, "v")->via.u64, 1);
    cr_assert_eq(field(&unpacked.data, "step")->via.u64, 10);
    cr_assert_eq(field(&unpacked.data, "raw")->via.u64, 86400);
    cr_assert_eq(field(&unpacked.data, "folded_until")->via.u64, T0 / 600 * 600);
    const msgpack_object_array *archives = &field(&unpacked.data, "archives")->via.array;
    const msgpack_object_array *rings = &field(&unpacked.data, "rings")->via.array;
    cr_assert_eq(archives->size, 2);
    cr_assert_eq(archives->ptr[1].via.array.ptr[0].via.u64, 600);
    cr_assert_eq(archives->ptr[1].via.array.ptr[1].via.u64, 14 * 144);
    cr_assert_eq(archives->ptr[1].via.array.ptr[2].via.u64, 3);
    cr_assert_eq(rings->size, 4);
    cr_assert_eq(rings->ptr[0].via.bin.size, 4 * 3 * 1440);
    cr_assert_eq(rings->ptr[3].via.bin.size, 4 * 14 * 144);
    cr_assert_eq(rings->ptr[0].via.bin.ptr, (char *)r.bytes + r.archive[0].at);
    cr_assert_eq(rings->ptr[1].via.bin.ptr, (char *)r.bytes + r.archive[1].at);
    msgpack_unpacked_destroy(&unpacked);
    rollup_fini(&r);
}

Test(rollup, loads_what_it_wrote)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h,10m:1d");
    struct rollup r, back;
    static struct model m;
    m.n = 0;
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    fold(&r, &m, model_grow(&m, T0, T0 + 9000, 1));
    cr_assert_eq(rollup_load(&back, r.bytes, r.len), 0);
    cr_assert_eq(back.folded_until, r.folded_until);
    cr_assert_eq(back.align_s, r.align_s);
    cr_assert(rollup_fits(&back, &retention, 0));
    check_series(&back, &m);
    rollup_fini(&back);
    rollup_fini(&r);
}

/* What it still takes for a rollup must be safe to use. */
static void use(struct rollup *r)
{
    static struct seen seen;
    struct rollup_changes changes;
    seen.n = 0;
    rollup_each(r, 0, UINT32_MAX, see, &seen);
    rollup_fold(r, NULL, 0, UINT32_MAX - UINT32_MAX % r->align_s, &changes);
}

Test(rollup, refuses_bytes_that_it_would_not_write)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h");
    struct rollup r, back;
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    uint8_t *bytes = malloc(r.len + 1);
    memcpy(bytes, r.bytes, r.len);
    bytes[r.len] = 0;
    for (size_t len = 0; len <= r.len + 1; len++) {
        cr_assert_eq(rollup_load(&back, bytes, len), len == r.len ? 0 : 1);
        rollup_fini(&back);
    }
    size_t structure = r.archive[0].at;
    for (size_t at = 0; at < structure; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            bool number = (at >= 10 && at < 14) || (at >= 19 && at < 23) || (at >= 37 && at < 41) ||
                          (at >= 53 && at < 57) || (at >= 65 && at < 69); /* steps, raw, folded_until */
            int result = rollup_load(&back, bytes, r.len);
            cr_assert(number || result == 1, "bit %u of byte %zu", bit, at);
            if (result == 0)
                use(&back);
            rollup_fini(&back);
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    bytes[r.archive[1].at - 1] ^= 1; /* the length of a ring */
    cr_assert_eq(rollup_load(&back, bytes, r.len), 1);
    rollup_fini(&back);
    free(bytes);
    rollup_fini(&r);
}

Test(rollup, survives_any_bytes)
{
    struct units_retention retention = retention_of("1s:6m,10s:1h,1m:3h");
    struct rollup r, back;
    srand(5);
    cr_assert_eq(rollup_init(&r, &retention, 1, T0), 0);
    uint8_t *bytes = malloc(r.len);
    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, r.bytes, r.len);
        for (int j = 0; j < 3; j++)
            bytes[random_to(r.archive[0].at)] = (uint8_t)random_to(256);
        if (rollup_load(&back, bytes, r.len) == 0)
            use(&back);
        rollup_fini(&back);
    }
    free(bytes);
    rollup_fini(&r);
}
