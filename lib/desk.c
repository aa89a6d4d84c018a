#include "ridgeline/desk.h"

#include <string.h>

static const char *const kind_names[DESK_KINDS] = {
    [DESK_ACK] = "ack", [DESK_UNACK] = "unack", [DESK_NORMAL] = "normal", [DESK_NOTE] = "note"};

const char *desk_kind_name(enum desk_kind kind)
{
    return kind_names[kind];
}

json_t *desk_entry_to_json(const struct desk_entry *e)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "incident", e->incident, "kind", desk_kind_name(e->kind), "by", e->by,
                     "text", e->text, "at", (json_int_t)e->at_s);
}

/* Whether it is text to be shown: no control characters, save line ends where those are `lines`. */
static bool is_text(const char *text, size_t most, bool lines)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && !(lines && c == '\n')) || c == 0x7f)
            return false;
    }
    return len <= most;
}

/* A member that may be left out; NULL when it is there and no text. */
static const char *text_of(const json_t *json, const char *name)
{
    const json_t *member = json_object_get(json, name);
    return member ? json_string_value(member) : "";
}

static bool read_kind(const json_t *json, enum desk_kind *kind)
{
    const char *name = text_of(json, "kind");
    for (int k = 0; name && k < DESK_KINDS; k++) {
        *kind = (enum desk_kind)k;
        if (strcmp(name, kind_names[k]) == 0)
            return true;
    }
    return false;
}

static bool read_incident(const json_t *json, char out[ANOMALY_ID_BYTES])
{
    const char *id = text_of(json, "incident");
    if (!id || strlen(id) != ANOMALY_ID_BYTES - 1 || strspn(id, "0123456789abcdef") != ANOMALY_ID_BYTES - 1)
        return false;
    memcpy(out, id, ANOMALY_ID_BYTES);
    return true;
}

int desk_entry_from_json(struct desk_entry *e, const json_t *json, const char **error)
{
    *e = (struct desk_entry){.by = text_of(json, "by"), .text = text_of(json, "text")};
    e->at_s = json_integer_value(json_object_get(json, "at"));
    if (!read_incident(json, e->incident))
        *error = "incident must be the id of one: 16 hexadecimal digits";
    else if (!read_kind(json, &e->kind))
        *error = "kind must be \"ack\", \"unack\", \"normal\" or \"note\"";
    else if (!e->by || !is_text(e->by, DESK_BY_MAX, false))
        *error = "by must be a name in one line, of at most 64 bytes";
    else if (!e->text || !is_text(e->text, DESK_TEXT_MAX, true))
        *error = "text must be of at most 2000 bytes, without control characters";
    else if (e->kind == DESK_NOTE && !*e->text)
        *error = "a note needs text";
    else
        return 0;
    return -1;
}
