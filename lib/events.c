#include "ridgeline/events.h"

#include "ridgeline/keys.h"

#define EVENTS_MAX "4000" /* entries of one slot's stream, about: 10 MB at 2.5 KB an entry, 640 MB in all */

const char *events_kind_name(enum events_kind kind)
{
    static const char *const names[] = {[EVENTS_OPEN] = "open", [EVENTS_UPDATE] = "update", [EVENTS_CLOSE] = "close"};
    return names[kind];
}

int events_append(struct store *s, unsigned slot, enum events_kind kind, const char *id, const char *text)
{
    char key[KEYS_MAX];
    keys_events(key, slot);
    return store_append(s, "XADD %s MAXLEN ~ " EVENTS_MAX " * kind %s id %s json %s", key, events_kind_name(kind), id,
                        text);
}
