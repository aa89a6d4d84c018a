/* What is to be learnt is saved before it is said: so the incident never tells of a change that was not made. */
#include "webapp/desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "ridgeline/clock.h"
#include "ridgeline/desk.h"
#include "ridgeline/incident.h"
#include "ridgeline/keys.h"
#include "ridgeline/secret.h"
#include "ridgeline/store.h"
#include "webapp/normal.h"

#define STREAM_MAX 10000
#define BODY_FORM                                                                                          \
    "the body must be {\"incident\", \"kind\", \"by\", \"text\"}, with \"ticket\" where it comes from a link, and " \
    "\"teach\" where what is normal is to be learnt"
#define TEACH_FORM "teach must be the \"change\" of one of the incident's choices, of the kind \"normal\" without text"

/* Whether the incident is there: -1 when Redis did not answer. */
static int exists(struct store *s, const char *id)
{
    char key[KEYS_MAX];
    keys_incident(key, id);
    return (int)store_integer(store_command(s, "HEXISTS %s " INCIDENT_FIELD_HEAD, key));
}

/* Checks the ticket of a link. Returns 0, or fills the reply and returns -1. */
static int check_ticket(const struct request *request, struct reply *reply, const json_t *json,
                        const struct desk_entry *e)
{
    char secret[TICKET_SECRET_BYTES];
    const char *to, *signature;
    json_int_t until;
    if (json_unpack((json_t *)(uintptr_t)json, "{s:s, s:I, s:s !}", "to", &to, "until", &until, "sig", &signature) !=
        0) {
        http_error(reply, HTTP_BAD_REQUEST, "ticket must be {\"to\", \"until\", \"sig\"}");
        return -1;
    }
    struct ticket ticket = {.act = desk_kind_name(e->kind), .incident = e->incident, .to = to, .until = until};
    int secret_is = secret_get(request->store, secret);
    if (secret_is < 0) {
        http_no_redis(reply);
        return -1;
    }
    if (secret_is > 0 || !ticket_is_signed(&ticket, secret, signature)) {
        http_error(reply, HTTP_FORBIDDEN, "this link was not made here, or has been changed");
        return -1;
    }
    if (until < clock_wall_s()) {
        http_error(reply, HTTP_FORBIDDEN, "this link has expired: open the incident on the page");
        return -1;
    }
    return 0;
}

/* Puts the entry into the stream. `ticket` (may be NULL) says by which message's link it came, and stands in its
 * name. */
static int push(struct store *s, struct desk_entry *e, const json_t *ticket)
{
    char by[DESK_BY_MAX + 1];
    const char *to = json_string_value(json_object_get(ticket, "to"));
    if (to && !*e->by && snprintf(by, sizeof by, "by link to %s", to) < (int)sizeof by)
        e->by = by;
    e->at_s = clock_wall_s();
    json_t *json = desk_entry_to_json(e);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    int result = text ? store_done(store_command(s, "XADD " KEYS_DESK " MAXLEN ~ %d * json %s", STREAM_MAX, text)) : -1;
    free(text);
    json_decref(json);
    return result;
}

/* Teaches what the entry's "teach" names, which is then what it says. Returns 0, or -1 with the reply filled. */
static int teach(const struct request *request, struct reply *reply, struct desk_entry *e, const json_t *body)
{
    const json_t *change = json_object_get(body, "teach");
    if (!change)
        return 0;
    if (e->kind != DESK_NORMAL || *e->text || !json_is_string(change)) {
        http_error(reply, HTTP_BAD_REQUEST, TEACH_FORM);
        return -1;
    }
    e->text = json_string_value(change);
    return normal_teach(request, reply, e->incident, e->text);
}

static void take(const struct request *request, struct reply *reply, const json_t *body)
{
    struct desk_entry e;
    const json_t *ticket = json_object_get(body, "ticket");
    const char *error;
    if (desk_entry_from_json(&e, body, &error) != 0) {
        http_error(reply, HTTP_BAD_REQUEST, "%s", error);
        return;
    }
    if (ticket && check_ticket(request, reply, ticket, &e) != 0)
        return;
    int there = exists(request->store, e.incident);
    if (there == 0)
        http_error(reply, HTTP_NOT_FOUND, "there is no incident with this id");
    else if (there < 0)
        http_no_redis(reply);
    else if (teach(request, reply, &e, body) != 0)
        return;
    else if (push(request->store, &e, ticket) == 0)
        http_json(reply, HTTP_OK, json_pack("{s:s, s:s}", "incident", e.incident, "kind", desk_kind_name(e.kind)));
    else if (json_object_get(body, "teach"))
        http_error(reply, HTTP_UNAVAILABLE, "the override is saved, but Redis did not take what is said with it");
    else
        http_no_redis(reply);
}

void desk_post(const struct request *request, struct reply *reply)
{
    json_t *body = json_loadb(request->body ? request->body : "", request->body_len, JSON_REJECT_DUPLICATES, NULL);
    size_t known = 0;
    static const char *const members[] = {"incident", "kind", "by", "text", "ticket", "teach"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        known += json_object_get(body, members[i]) != NULL;
    if (!json_is_object(body) || json_object_size(body) != known)
        http_error(reply, HTTP_BAD_REQUEST, BODY_FORM);
    else
        take(request, reply, body);
    json_decref(body);
}
