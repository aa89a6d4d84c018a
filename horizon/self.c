/* The pool's thread gathers figures, the loop's thread then feeds them to the intake like
 * anybody's points: accounted, queued, judged. Moments and identities are no measurements
 * and left out. */
#include "self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carbon_name.h"
#include "number.h"
#include "ridgeline/clock.h"
#include "ridgeline/keys.h"
#include "ridgeline/log.h"

#define STORE_TIMEOUT_MS 2000
#define ALIVE_S 30 /* processes that saved nothing for longer are over */

static void add_figure(struct self *s, const char *head, const char *name, double value)
{
    if (s->n_figures == SELF_FIGURES_MAX)
        return;
    struct self_figure *f = &s->figures[s->n_figures];
    int n = snprintf(f->name, sizeof f->name, "ridgeline.%s.%s", head, name);
    /* What stands in Redis is not to be trusted more than what comes over the wire. */
    if (n < 0 || (size_t)n >= sizeof f->name || carbon_name_span(f->name, (size_t)n) != (size_t)n)
        return;
    /* received|listener=udp becomes received.listener.udp */
    for (char *p = f->name; *p; p++)
        if (*p == '|' || *p == '=')
            *p = '.';
    f->value = value;
    s->n_figures++;
}

static void add_host_figure(void *context, const char *name, double value)
{
    char host[HOST_LABEL_MAX], head[HOST_LABEL_MAX + 8];
    host_name(host);
    snprintf(head, sizeof head, "host.%s", host);
    add_figure(context, head, name, value);
}

static bool is_measurement(const char *field)
{
    static const char *const others[] = {"pid",         "generation",   "started",       "saved_at_ms",
                                         "gap_from_ms", "gap_until_ms", "safe_until_ms", "clean_stop",
                                         "twin_at_ms",   "pass_at",      "overtaken_at"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(field, others[i]) == 0)
            return false;
    return true;
}

static void add_process(struct self *s, const char *process)
{
    char key[KEYS_MAX];
    if (strlen(process) > KEYS_NAME_MAX)
        return;
    keys_stats(key, process);
    redisReply *r = store_command(s->store, "HGETALL %s", key);
    for (size_t i = 0; store_ok(r) && r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2) {
        const redisReply *field = r->element[i], *text = r->element[i + 1];
        double value;
        if (field->type == REDIS_REPLY_STRING && text->type == REDIS_REPLY_STRING && is_measurement(field->str) &&
            number_parse(text->str, text->len, &value) == NUMBER_OK)
            add_figure(s, process, field->str, value);
    }
    freeReplyObject(r);
}

static void add_processes(struct self *s)
{
    if (store_connect(s->store) != 0)
        return;
    redisReply *r = store_command(s->store, "HGETALL " KEYS_PROCESSES);
    int64_t now_s = clock_wall_s();
    for (size_t i = 0; store_ok(r) && r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2) {
        const redisReply *process = r->element[i], *saved = r->element[i + 1];
        if (process->type == REDIS_REPLY_STRING && saved->type == REDIS_REPLY_STRING &&
            now_s - strtoll(saved->str, NULL, 10) <= ALIVE_S)
            add_process(s, process->str);
    }
    freeReplyObject(r);
}

static void on_work(uv_work_t *work)
{
    struct self *s = work->data;
    s->n_figures = 0;
    host_sample(&s->host, s->state_dir, add_host_figure, s);
    add_processes(s);
}

static void on_sampled(uv_work_t *work, int status)
{
    struct self *s = work->data;
    s->sampling = false;
    /* Once horizon stops nobody would store them, and the next start would state a gap for them. */
    if (status != 0 || uv_is_closing((uv_handle_t *)&s->timer))
        return;
    s->intake->now_ms = clock_wall_ms();
    struct sender *sender =
        senders_find(&s->intake->senders, "self", intake_listener_names[INTAKE_SELF], s->intake->now_ms);
    for (size_t i = 0; i < s->n_figures; i++)
        intake_value(s->intake, (struct intake_source){INTAKE_SELF, sender}, s->figures[i].name, s->figures[i].value);
}

static void on_timer(uv_timer_t *timer)
{
    struct self *s = timer->data;
    if (s->sampling)
        return;
    s->work.data = s;
    s->sampling = uv_queue_work(s->loop, &s->work, on_work, on_sampled) == 0;
}

int self_init(struct self *s, uv_loop_t *loop, struct intake *intake, const char *redis, const char *state_dir)
{
    *s = (struct self){.loop = loop, .intake = intake, .state_dir = state_dir};
    s->store = store_new(redis, STORE_TIMEOUT_MS);
    s->figures = calloc(SELF_FIGURES_MAX, sizeof *s->figures);
    if (!s->store || !s->figures) {
        log_error("self_metrics_failed", "redis=%s", redis);
        self_fini(s);
        return -1;
    }
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_timer_start(&s->timer, on_timer, SELF_INTERVAL_MS, SELF_INTERVAL_MS);
    return 0;
}

void self_close(struct self *s)
{
    uv_close((uv_handle_t *)&s->timer, NULL);
}

void self_fini(struct self *s)
{
    store_free(s->store);
    free(s->figures);
}
