/* What people say of an incident: that they see to it, that it is normal, or a note. The page puts each into the stream
 * `ridgeline:desk` (field json); the alerter, the one writer of incidents, takes it from there into the incident's
 * hash, as the field `n:<entry's id>`, and into its head. Pure. */
#ifndef RIDGELINE_DESK_H
#define RIDGELINE_DESK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ridgeline/anomaly.h"

#define DESK_BY_MAX 64     /* bytes */
#define DESK_TEXT_MAX 2000 /* bytes */
#define DESK_FIELD_NOTE "n:"

enum desk_kind { DESK_ACK, DESK_UNACK, DESK_NORMAL, DESK_NOTE };
#define DESK_KINDS (DESK_NOTE + 1)

struct desk_entry {
    enum desk_kind kind;
    char incident[ANOMALY_ID_BYTES];
    int64_t at_s;
    const char *by, *text; /* "" where nothing was said; whoever made the entry owns them */
};

/* "ack", "unack", "normal", "note". */
const char *desk_kind_name(enum desk_kind kind);

/* {"incident", "kind", "by", "text", "at"}. New reference, NULL when memory is out. */
json_t *desk_entry_to_json(const struct desk_entry *e);

/* Reads what desk_entry_to_json() wrote, or a client sent without `at` (0 then). Texts are in one line but for the
 * text's own line ends, without other control characters; a note has text. Returns 0, or -1 with a sentence for the
 * client in `*error`, a literal. Texts point into `json`. */
int desk_entry_from_json(struct desk_entry *e, const json_t *json, const char **error);

#endif
