#include "ridgeline/remnants.h"

#include "ridgeline/keys.h"
#include "ridgeline/store.h"

int remnants_delete(struct store *s, const char *name, size_t len)
{
    char record[KEYS_MAX], rollup[KEYS_MAX];
    size_t record_len = keys_record(record, name, len), rollup_len = keys_rollup(rollup, name, len);
    if (store_append(s, "DEL %b", record, record_len) != 0 || store_append(s, "DEL %b", rollup, rollup_len) != 0)
        return -1;
    int first = store_done(store_reply(s)), second = store_done(store_reply(s));
    return first == 0 && second == 0 ? 0 : -1;
}
