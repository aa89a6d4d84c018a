/* Any text as an incident's head and as a member, read, written, and read again as the same; and as metric names, a
 * line each, whose parts are the names and whose title fits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alerter/parts.h"
#include "ridgeline/incident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_head(const json_t *json)
{
    struct incident_head head, again;

    if (incident_head_from_json(&head, json) < 0)
        return;
    json_t *first = incident_head_to_json(&head);
    assert(first && incident_head_from_json(&again, first) == 0);
    json_t *second = incident_head_to_json(&again);
    assert(second && json_equal(first, second));
    json_decref(second);
    json_decref(first);
}

static void check_member(const json_t *json)
{
    struct incident_member member;

    if (incident_member_from_json(&member, json) < 0)
        return;
    json_t *text = incident_member_to_json(&member);
    assert(text && incident_member_from_json(&member, text) == 0);
    json_decref(text);
}

static void check_names(char *text)
{
    char title[PARTS_TITLE_MAX];
    struct parts_common common;
    char *rest = NULL, *name = strtok_r(text, "\n", &rest);

    if (!name || strlen(name) > KEYS_NAME_MAX)
        return;
    parts_common_init(&common, name);
    for (; name && strlen(name) <= KEYS_NAME_MAX; name = strtok_r(NULL, "\n", &rest)) {
        struct parts p;
        parts_split(&p, name);
        const char *at = name;
        for (unsigned i = 0; i < p.n; at += p.part[i++].len)
            assert(p.part[i].text == at);
        assert(p.n >= 1 && p.n <= PARTS_MAX && *at == '\0');
        parts_common_add(&common, name);
    }
    assert(*parts_common_text(&common, title) && strlen(title) < PARTS_TITLE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char *text = malloc(size + 1);

    check_head(json);
    check_member(json);
    json_decref(json);
    assert(text);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_names(text);
    free(text);
    return 0;
}
