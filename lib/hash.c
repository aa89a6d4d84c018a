/* Eight bytes at a time, each multiplied by a number that no sender knows and folded: with a known one, changes of a
 * byte that another some bytes behind it takes back are easily found, and names made of such would all stand in one
 * place. The last eight may overlap those before: putting a shorter rest together in memory would have the processor
 * wait for every store under way, those of the line before to memory far off among them. */
#include "ridgeline/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

void hash_seed_init(struct hash_seed *seed)
{
    /* The kernel loads a program and its stack elsewhere each time: better than nothing where it has no numbers yet. */
    seed->first = (uint64_t)(uintptr_t)seed ^ (uint64_t)(uintptr_t)&seed << 32;
    seed->factor = (uint64_t)(uintptr_t)hash_seed_init;
    (void)!getrandom(seed, sizeof *seed, GRND_NONBLOCK);
    seed->factor |= 1;
}

__extension__ typedef unsigned __int128 wide;

/* Both halves of the product, one upon the other. */
static uint64_t stir(const struct hash_seed *seed, uint64_t h)
{
    wide product = (wide)h * seed->factor;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

uint64_t hash_bytes(const struct hash_seed *seed, const void *bytes, size_t len)
{
    const char *at = bytes;
    uint64_t h = seed->first ^ len, word = 0;
    if (len < sizeof word) {
        memcpy(&word, at, len);
        return stir(seed, stir(seed, h ^ word) ^ seed->first);
    }
    const char *last = at + len - sizeof word;
    for (; at < last; at += sizeof word)
        h = stir(seed, h ^ word_at(at));
    return stir(seed, stir(seed, h ^ word_at(last)) ^ seed->first);
}

static struct hash_seed private_seed;

static void init_private_seed(void)
{
    hash_seed_init(&private_seed);
}

uint64_t hash_private(const void *bytes, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_private_seed);
    return hash_bytes(&private_seed, bytes, len);
}
