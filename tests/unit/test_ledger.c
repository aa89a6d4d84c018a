#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzer/ledger.h"

static struct ledger ledger;

static char *text_of(const char *metric, uint32_t start, uint32_t end)
{
    struct episode i;
    struct anomaly a;
    episode_init(&i);
    i.open = true;
    i.start = start;
    i.last_hot = end;
    anomaly_from_episode(&a, metric, strlen(metric), &i);
    char *text = anomaly_to_text(&a);
    cr_assert_not_null(text);
    return text;
}

static void hash(const char *metric, uint32_t start, uint32_t end)
{
    char *text = text_of(metric, start, end);
    cr_assert_eq(ledger_note_hash(&ledger, text, strlen(text)), 0);
    free(text);
}

static void event(const char *kind, const char *metric, uint32_t start, uint32_t end)
{
    char *text = text_of(metric, start, end);
    cr_assert_eq(ledger_note_event(&ledger, kind, text, strlen(text)), 0);
    free(text);
}

static struct ledger_entry *chain(const char *metric)
{
    return ledger_chain(&ledger, metric, strlen(metric));
}

static void done(void)
{
    ledger_fini(&ledger);
}

TestSuite(ledger, .fini = done);

Test(ledger, joins_what_the_hash_and_the_events_say_of_one_anomaly)
{
    hash("a", 100, 150);
    event("open", "a", 100, 100);
    event("update", "a", 100, 180);
    event("open", "b", 100, 100);
    struct ledger_entry *e = chain("a");
    cr_assert_not_null(e);
    cr_assert_null(e->next);
    cr_assert(e->in_hash && e->opened && !e->closed && ledger_is_live(e));
    cr_assert_eq(e->end, 180);
    cr_assert_not(chain("b")->in_hash);
    cr_assert_null(chain("c"));
}

Test(ledger, a_closing_event_ends_an_anomaly_whatever_the_hash_says)
{
    hash("a", 100, 150);
    event("open", "a", 100, 100);
    event("close", "a", 100, 200);
    cr_assert_not(ledger_is_live(chain("a")));
    cr_assert_not_null(chain("a")->text, "its field in the hash can still be named");
}

Test(ledger, passes_over_what_is_no_anomaly_of_ours)
{
    char *text = text_of("a", 100, 150);
    cr_assert_eq(ledger_note_hash(&ledger, "{}", 2), 1);
    cr_assert_eq(ledger_note_hash(&ledger, "", 0), 1);
    cr_assert_eq(ledger_note_hash(&ledger, text, strlen(text) - 1), 1);
    char *metric = strstr(text, "\"metric\":\"a\"");
    cr_assert_not_null(metric);
    metric[sizeof "\"metric\":\"" - 1] = 'b'; /* now the id is not that of the metric */
    cr_assert_eq(ledger_note_event(&ledger, "open", text, strlen(text)), 1);
    cr_assert_null(chain("a"));
    cr_assert_null(chain("b"));
    free(text);
}

Test(ledger, matches_live_before_closed_and_the_same_start_before_another)
{
    event("open", "a", 100, 200);
    event("close", "a", 100, 200);
    event("open", "a", 150, 300);
    event("open", "a", 1000, 1100);
    event("open", "a", 1050, 1100);
    cr_assert_eq(ledger_match(chain("a"), 100, 250, 0)->start, 150, "live overlap before closed same start");
    cr_assert_eq(ledger_match(chain("a"), 100, 120, 0)->start, 100, "closed, when nothing live overlaps");
    cr_assert_eq(ledger_match(chain("a"), 1050, 1100, 0)->start, 1050, "same start of two live ones");
    cr_assert_null(ledger_match(chain("a"), 400, 900, 0));
    cr_assert_null(ledger_match(NULL, 1, 2, 0));
}

Test(ledger, only_a_live_anomaly_reaches_beyond_its_end)
{
    event("open", "a", 100, 200);
    cr_assert_not_null(ledger_match(chain("a"), 1000, 1100, 1800));
    cr_assert_null(ledger_match(chain("a"), 2001, 2100, 1800));
    event("close", "a", 100, 200);
    cr_assert_null(ledger_match(chain("a"), 1000, 1100, 1800));
    cr_assert_not_null(ledger_match(chain("a"), 200, 1100, 1800));
}

static void forget_odd(void *context, const char *metric, size_t len)
{
    ++*(int *)context;
    if (atoi(metric) % 2)
        ledger_forget(&ledger, metric, len);
}

Test(ledger, a_walk_may_forget_the_metric_that_it_is_at)
{
    char name[16];
    int visited = 0, left = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%d", i);
        event("open", name, 100, 100);
    }
    ledger_each(&ledger, forget_odd, &visited);
    ledger_each(&ledger, forget_odd, &left);
    cr_assert_eq(visited, 100);
    cr_assert_eq(left, 50);
}

Test(ledger, takes_no_other_anomaly_for_a_silence)
{
    struct episode silence = {.open = true, .start = 100, .last_hot = 900, .peak = {.value = NAN}};
    struct anomaly a;
    anomaly_from_episode(&a, "a", 1, &silence);
    char *text = anomaly_to_text(&a);
    cr_assert_eq(ledger_note_event(&ledger, "open", text, strlen(text)), 0);
    free(text);
    cr_assert_eq(ledger_match(chain("a"), 100, 900, 60), chain("a"));
    cr_expect_null(ledger_match(chain("a"), 300, 400, 60));
    event("open", "a", 290, 310);
    cr_expect_eq(ledger_match(chain("a"), 300, 400, 60), ledger_find(chain("a"), 290));
}
