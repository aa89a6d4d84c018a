#include "webapp/problems.h"

#include <inttypes.h>
#include <string.h>

#include "ridgeline/clock.h"
#include "ridgeline/units.h"
#include "webapp/daemons.h"
#include "webapp/workers.h"

/* Where a listener's sentence goes, and what says its address. */
struct listeners_down {
    json_t *sentences;
    const struct process *process;
};

static void add_listener_down(void *context, const char *label, uint64_t down)
{
    const struct listeners_down *l = context;
    static const struct {
        const char *label, *option;
    } table[] = {{"line_tcp", "horizon.carbon_line"},     {"line_udp", "horizon.carbon_udp"},
                 {"pickle_tcp", "horizon.carbon_pickle"}, {"skyline_udp", "horizon.skyline_udp"},
                 {"statsd_tcp", "statsd.listen"},         {"statsd_udp", "statsd.listen"}};
    for (size_t i = 0; down && i < sizeof table / sizeof *table; i++) {
        if (strcmp(label, table[i].label) != 0)
            continue;
        char text[UNITS_ADDRESS_TEXT_MAX];
        const char *at = processes_fixed(l->process, table[i].option, text, sizeof text) ? text : "its address";
        json_array_append_new(l->sentences, json_sprintf("horizon could not listen on %s (%s): perhaps another program "
                                                         "does; its log says why",
                                                         at, label));
    }
}

/* One sentence for each channel whose receiver does not take what waits for it. */
static void add_failing_channels(json_t *list, const struct processes *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct process *one = &p->list[i];
        const char *reason = processes_text(one, "last_error");
        uint64_t failing = 0, queued = 0;
        if (!one->alive || one->defs != counters_channel || !processes_number(one, "failing", &failing) || !failing)
            continue;
        processes_number(one, "queued", &queued);
        json_array_append_new(list, json_sprintf("channel %s does not deliver, %" PRIu64 " messages wait: %s",
                                                 one->name + strlen("alerter."), queued, reason ? reason : "?"));
    }
}

/* One sentence for each way in which a horizon's disk refuses. */
static void add_failing_spools(json_t *list, const struct processes *p)
{
    static const struct {
        const char *counter, *sentence;
    } ways[] = {
        {"spool_failing", "cannot use its spool on disk: what memory cannot hold while Redis is away is dropped; its "
                          "log says why"},
        {"spool_stalled", "leaves its spool alone because the disk does not answer: what memory cannot hold while "
                          "Redis is away is dropped"},
        {"spool_unread", "cannot read back its spool: points wait on disk, and with them all that came later; its log "
                         "says why"},
        {"spool_aside", "left files of its spool alone that it could not read, or that are of another version: its log "
                        "names them, and the next start looks at them again"},
    };
    for (size_t i = 0; i < p->n; i++) {
        const struct process *one = &p->list[i];
        for (size_t k = 0; k < sizeof ways / sizeof *ways && one->alive && one->defs == counters_horizon; k++) {
            uint64_t is_so = 0;
            if (processes_number(one, ways[k].counter, &is_so) && is_so)
                json_array_append_new(list, json_sprintf("%s %s", one->name, ways[k].sentence));
        }
    }
}

/* One sentence for each daemon that no living process does the work of. */
static void add_missing(json_t *list, const struct processes *p)
{
    static const struct {
        const struct counters_def *defs;
        const char *sentence;
    } needed[] = {
        {counters_horizon, "horizon is not running: no points are taken in"},
        {counters_analyzer, "analyzer is not running: no points are judged"},
        {counters_worker, "no analyzer worker is running: no points are judged"},
        {counters_roomba, "roomba is not running: storage grows"},
        {counters_alerter, "alerter is not running: no incidents are made of anomalies"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        bool alive = false;
        for (size_t j = 0; j < p->n; j++)
            alive |= p->list[j].alive && p->list[j].defs == needed[i].defs;
        if (!alive)
            json_array_append_new(list, json_string(needed[i].sentence));
    }
}

static void add_listeners_down(json_t *list, const struct processes *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct listeners_down down = {list, &p->list[i]};
        if (p->list[i].alive && p->list[i].defs == counters_horizon)
            processes_labels(&p->list[i], "listeners_down|listener=", add_listener_down, &down);
    }
}

void problems_add(json_t *list, const struct processes *p)
{
    add_missing(list, p);
    add_listeners_down(list, p);
    add_failing_spools(list, p);
    add_failing_channels(list, p);
    daemons_problems(list, p, clock_wall_ms());
    workers_problems(list, p, clock_wall_s());
}
