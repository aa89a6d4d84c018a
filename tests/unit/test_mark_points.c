#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon/mark_points.h"
#include "ridgeline/counters.h"
#include "ridgeline/marks.h"

#define T 1795307600u
#define NOW_MS INT64_C(1795307613000)
#define LETTERS "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz" /* 52 */

static struct settings settings;
static struct queue queue;
static struct mark_points marks;

static void unannounced(struct queue_metric *metric)
{
    (void)metric;
}

static void set_up(const char *set)
{
    char error[CONF_ERROR_MAX];
    const char *sets[] = {set, NULL};
    cr_assert_eq(conf_load(&settings, NULL, NULL, sets, error), 0, "%s", error);
    queue_init(&queue, 1 << 20, unannounced);
}

static void tear_down(void)
{
    queue_fini(&queue);
    mark_points_fini(&marks);
    conf_free(&settings);
}

/* The reason, or -1 when it was taken. */
static int take(const char *name, int64_t now_ms)
{
    unsigned reason;
    cr_assert(mark_points_is(&settings, name, strlen(name)), "%s", name);
    const struct mark_point mark = {.name = name, .name_len = strlen(name), .at = {T, 1}, .came_ms = now_ms};
    int taken = mark_points_take(&marks, &settings, &queue, &mark, &reason);
    return taken == 0 ? -1 : (int)reason;
}

Test(mark_points, are_known_by_the_prefix)
{
    set_up("horizon.mark_prefix=marks.");
    cr_assert(mark_points_is(&settings, "marks.a", 7));
    cr_assert(mark_points_is(&settings, "marks.", 6));
    cr_assert_not(mark_points_is(&settings, "marks", 5));
    cr_assert_not(mark_points_is(&settings, "marks_a", 7));
    cr_assert_not(mark_points_is(&settings, "a.marks.a", 9));
    tear_down();
    set_up("horizon.mark_prefix=");
    cr_assert_not(mark_points_is(&settings, "marks.a", 7));
    cr_assert_not(mark_points_is(&settings, "", 0));
    tear_down();
}

Test(mark_points, hold_the_text_and_the_glob_of_their_name)
{
    static const struct {
        const char *name, *text, *match;
    } cases[] = {
        {"deploy.1234", "deploy 1234", "**"},
        {"deploy.v1.2.3", "deploy v1.2.3", "**"},
        {"deploy", "deploy", "**"},
        {"deploy.", "deploy.", "**"},
        {".deploy.x", ".deploy.x", "**"},
        {"deploy_1234;match=shop.**", "deploy_1234", "shop.**"},
        {"deploy.1;host=web1;match=shop.{a,b}.[xy]*;z=1", "deploy 1", "shop.{a,b}.[xy]*"},
        {"deploy.1;rematch=shop.**", "deploy 1", "**"},
        {"d\303\274\"\\.1", "d\303\274\"\\ 1", "**"},
    };
    set_up("log_level=info");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[256];
        snprintf(name, sizeof name, "ridgeline.marks.%s", cases[i].name);
        cr_assert_eq(take(name, NOW_MS), -1, "%s", name);
        const struct queue_command *c = &queue.last->commands[queue.last->n_commands - 1];
        char *expected = marks_member(T, cases[i].text, cases[i].match);
        cr_assert_eq(c->metric->name_len, strlen(expected), "%s", c->metric->name);
        cr_assert_str_eq(c->metric->name, expected);
        free(expected);
    }
    tear_down();
}

Test(mark_points, of_no_text_or_no_glob_are_refused)
{
    static const char long_tail[] = LETTERS LETTERS LETTERS LETTERS; /* 208 bytes */
    char name[1024];
    set_up("log_level=info");
    cr_assert_eq(take("ridgeline.marks.", NOW_MS), HORIZON_REJECTED_bad_mark);
    cr_assert_eq(take("ridgeline.marks.;match=a", NOW_MS), HORIZON_REJECTED_bad_mark);
    cr_assert_eq(take("ridgeline.marks.a;match=[", NOW_MS), HORIZON_REJECTED_bad_mark);
    snprintf(name, sizeof name, "ridgeline.marks.%.200s", long_tail);
    cr_assert_eq(take(name, NOW_MS), -1);
    snprintf(name, sizeof name, "ridgeline.marks.%.201s", long_tail);
    cr_assert_eq(take(name, NOW_MS), HORIZON_REJECTED_bad_mark);
    snprintf(name, sizeof name, "ridgeline.marks.a;match=%s%s%.96s", long_tail, long_tail, long_tail);
    cr_assert_eq(take(name, NOW_MS), -1);
    snprintf(name, sizeof name, "ridgeline.marks.a;match=%s%s%.97s", long_tail, long_tail, long_tail);
    cr_assert_eq(take(name, NOW_MS), HORIZON_REJECTED_bad_mark);
    tear_down();
}

Test(mark_points, of_the_longest_texts_fit_their_room)
{
    char name[1024] = "ridgeline.marks.", *p = name + strlen(name);
    set_up("log_level=info");
    p = (char *)memset(p, '"', MARKS_TEXT_MAX) + MARKS_TEXT_MAX; /* two bytes each in JSON */
    p = stpcpy(p, ";match=");
    memset(p, '"', GLOB_MAX);
    cr_assert_eq(take(name, NOW_MS), -1);
    static uint8_t out[QUEUE_COMMAND_MAX];
    uint32_t next = 0;
    cr_assert_gt(queue_write(queue.last, &next, out, sizeof out), 2 * (MARKS_TEXT_MAX + GLOB_MAX));
    cr_assert_eq(next, 1u);
    tear_down();
}

Test(mark_points, beyond_the_limit_wait_until_the_bucket_has_room)
{
    set_up("horizon.mark_limit=24/day"); /* one an hour */
    for (int i = 0; i < 24; i++)
        cr_assert_eq(take("ridgeline.marks.a", NOW_MS), -1);
    cr_assert_eq(take("ridgeline.marks.a", NOW_MS), HORIZON_REJECTED_mark_limit);
    cr_assert_eq(take("ridgeline.marks.a", NOW_MS - 7200000), HORIZON_REJECTED_mark_limit);
    cr_assert_eq(take("ridgeline.marks.a", NOW_MS - 7200000 + 3590000), HORIZON_REJECTED_mark_limit);
    cr_assert_eq(take("ridgeline.marks.a", NOW_MS - 7200000 + 3600000), -1);
    cr_assert_eq(take("ridgeline.marks.a", NOW_MS - 7200000 + 3600000), HORIZON_REJECTED_mark_limit);
    cr_assert_eq(marks.n_taken, 25u);
    tear_down();
}

Test(mark_points, that_wait_for_redis_are_bounded_and_their_room_is_used_again)
{
    set_up("horizon.mark_limit=none");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MARK_POINTS_WAITING_MAX; i++)
            cr_assert_eq(take("ridgeline.marks.a", NOW_MS), -1, "mark %d", i);
        cr_assert_eq(take("ridgeline.marks.a", NOW_MS), HORIZON_REJECTED_mark_limit);
        cr_assert_eq(queue.queued, (uint64_t)MARK_POINTS_WAITING_MAX);
        while (queue_send(&queue) != NULL)
            ;
        while (queue.n_in_flight > 0)
            queue_settle(&queue, QUEUE_DONE);
    }
    cr_assert_eq(queue.stored, 3u * MARK_POINTS_WAITING_MAX);
    tear_down();
}
