/* "2/5": one of so many parts. */
#include <stdio.h>

#include "ridgeline/units.h"

/* Reads a number of 1 to UNITS_SHARDS_MAX without sign or leading zero; moves `*text` behind it. 0: none there. */
static unsigned read_number(const char **text)
{
    unsigned x = 0;
    if (**text == '0')
        return 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        x = 10 * x + (unsigned)(**text - '0');
        if (x > UNITS_SHARDS_MAX)
            return 0;
    }
    return x;
}

int units_shard(const char *text, struct units_shard *shard, const char **reason)
{
    unsigned number = read_number(&text), of = 0;
    if (number > 0 && *text == '/') {
        text++;
        of = read_number(&text);
    }
    if (of == 0 || *text != '\0') {
        *reason = "is not a shard; write NUMBER/OF, as in \"2/5\", with at most 64 of them";
        return -1;
    }
    if (number > of) {
        *reason = "is not one of so many: the first number is 1 to the second";
        return -1;
    }
    *shard = (struct units_shard){.number = number, .of = of};
    return 0;
}

char *units_shard_text(char *out, size_t out_bytes, const struct units_shard *shard)
{
    snprintf(out, out_bytes, "%u/%u", shard->number, shard->of);
    return out;
}
