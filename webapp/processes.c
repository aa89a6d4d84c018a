#include "webapp/processes.h"

#include <stdlib.h>
#include <string.h>

#include "ridgeline/conf_fixed.h"
#include "ridgeline/keys.h"
#include "webapp/query.h"

#define FORGET_S 86400
#define NAME_MAX_BYTES 80 /* alerter.CHANNEL@INSTANCE */

bool processes_digits(const char *text, uint64_t *value)
{
    uint64_t v = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        unsigned digit = (unsigned)(*text - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

static bool is_text(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING && strlen(r->str) == r->len;
}

static int by_name(const void *a, const void *b)
{
    const struct process *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Fills the list, without the fields, from the hash process -> epoch s. */
static void list_index(struct processes *p, int64_t now_s)
{
    for (size_t i = 0; i + 1 < p->index->elements && p->n < PROCESSES_MAX; i += 2) {
        const redisReply *name = p->index->element[i], *saved = p->index->element[i + 1];
        uint64_t saved_s;
        if (!is_text(name) || !is_text(saved) || name->len > NAME_MAX_BYTES || !query_printable(name->str, name->len) ||
            !processes_digits(saved->str, &saved_s) || saved_s > INT32_MAX * 8ull)
            continue;
        int64_t age_s = now_s > (int64_t)saved_s ? now_s - (int64_t)saved_s : 0;
        if (age_s > FORGET_S)
            continue;
        struct process *one = &p->list[p->n++];
        *one = (struct process){.name = name->str, .age_s = age_s, .alive = age_s <= PROCESSES_ALIVE_S};
        one->defs = counters_for(one->name, &one->n_defs);
    }
    qsort(p->list, p->n, sizeof *p->list, by_name);
}

int processes_read(struct processes *p, struct store *s, int64_t now_s)
{
    *p = (struct processes){.index = store_command(s, "HGETALL " KEYS_PROCESSES)};
    if (!store_ok(p->index) || p->index->type != REDIS_REPLY_ARRAY)
        return -1;
    list_index(p, now_s);
    size_t asked = 0;
    for (; asked < p->n; asked++) {
        char key[KEYS_MAX];
        keys_stats(key, p->list[asked].name);
        if (store_append(s, "HGETALL %s", key) != 0)
            break;
    }
    int result = asked == p->n ? 0 : -1;
    for (size_t i = 0; i < asked; i++) {
        p->list[i].fields = store_reply(s);
        if (!store_ok(p->list[i].fields) || p->list[i].fields->type != REDIS_REPLY_ARRAY)
            result = -1;
    }
    return result;
}

void processes_fini(struct processes *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->list[i].fields)
            freeReplyObject(p->list[i].fields);
    }
    if (p->index)
        freeReplyObject(p->index);
    *p = (struct processes){0};
}

const char *processes_text(const struct process *p, const char *field)
{
    for (size_t i = 0; i + 1 < p->fields->elements; i += 2) {
        const redisReply *name = p->fields->element[i], *value = p->fields->element[i + 1];
        if (is_text(name) && is_text(value) && strcmp(name->str, field) == 0)
            return value->str;
    }
    return NULL;
}

bool processes_fixed(const struct process *p, const char *name, char *out, size_t out_bytes)
{
    const char *text = processes_text(p, "settings_fixed");
    size_t len = 0;
    const char *value = text ? conf_fixed_find(text, name, &len) : NULL;
    if (!value || len >= out_bytes)
        return false;
    memcpy(out, value, len);
    out[len] = '\0';
    return true;
}

bool processes_number(const struct process *p, const char *field, uint64_t *value)
{
    const char *text = processes_text(p, field);
    return text && processes_digits(text, value);
}

void processes_labels(const struct process *p, const char *prefix, processes_each *each, void *context)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i + 1 < p->fields->elements; i += 2) {
        const redisReply *name = p->fields->element[i], *text = p->fields->element[i + 1];
        uint64_t value;
        if (is_text(name) && is_text(text) && query_printable(name->str, name->len) &&
            strncmp(name->str, prefix, len) == 0 && processes_digits(text->str, &value))
            each(context, name->str + len, value);
    }
}

uint64_t processes_sum(const struct processes *p, const struct counters_def *defs, const char *field)
{
    uint64_t sum = 0, value;
    for (size_t i = 0; i < p->n; i++) {
        if (p->list[i].alive && p->list[i].defs == defs && processes_number(&p->list[i], field, &value))
            sum += value;
    }
    return sum;
}

uint64_t processes_most(const struct processes *p, const struct counters_def *defs, const char *field)
{
    uint64_t most = 0, value;
    for (size_t i = 0; i < p->n; i++) {
        if (p->list[i].alive && p->list[i].defs == defs && processes_number(&p->list[i], field, &value) && value > most)
            most = value;
    }
    return most;
}

uint64_t processes_crew(const struct processes *p, const struct counters_def *defs)
{
    uint64_t crew = 0;
    for (size_t i = 0; i < p->n; i++) {
        uint64_t generation = 0;
        if (!p->list[i].alive || p->list[i].defs != defs)
            continue;
        processes_number(&p->list[i], "generation", &generation);
        crew += keys_hash(p->list[i].name, strlen(p->list[i].name)) * (generation + 1);
    }
    return crew;
}
