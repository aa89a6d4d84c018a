/* analyzer/episodes: what a worker keeps of an episode while its metric is not being judged. */
#include <criterion/criterion.h>
#include <string.h>

#include "analyzer/episodes.h"

/* Any bytes: none of them may be lost or come from elsewhere. */
static struct episode example(bool open, bool pending)
{
    struct episode i;
    memset(&i, 0x5a, sizeof i);
    i.open = open;
    i.pending = pending;
    return i;
}

static void expect_same_head(const struct episode *a, const struct episode *b)
{
    cr_expect(a->open == b->open && a->pending == b->pending && a->start == b->start && a->odd_since == b->odd_since);
    cr_expect(a->first_hot == b->first_hot && a->last_hot == b->last_hot && a->score == b->score);
}

Test(episodes, that_are_open_or_pending_are_kept_whole)
{
    for (int pending = 0; pending < 2; pending++) {
        struct episodes_kept kept = {0};
        struct episode i = example(!pending, pending), back;
        cr_assert_eq(episodes_keep(&kept, &i), 0);
        cr_expect_eq(episodes_is_open(&kept), !pending);
        memset(&back, 0, sizeof back);
        episodes_take(&kept, &back);
        expect_same_head(&back, &i);
        cr_expect_arr_eq(&back.opened.value, &i.opened.value, sizeof i.opened.value);
        cr_expect_eq(back.peak.t, i.peak.t);
        cr_expect_eq(back.peak.finding[ENGINE_FINDINGS_MAX - 1].step_s, i.peak.finding[ENGINE_FINDINGS_MAX - 1].step_s);
        i.start = 7;
        cr_assert_eq(episodes_keep(&kept, &i), 0);
        episodes_take(&kept, &back);
        cr_expect_eq(back.start, 7);
        episodes_forget(&kept);
    }
}

Test(episodes, that_are_over_are_kept_without_their_verdicts)
{
    struct episodes_kept kept = {0};
    struct episode open = example(true, false), over = example(false, false), back;
    cr_assert_eq(episodes_keep(&kept, &open), 0);
    cr_assert_eq(episodes_keep(&kept, &over), 0);
    cr_expect_null(kept.whole);
    cr_expect_not(episodes_is_open(&kept));
    memset(&back, 0x77, sizeof back);
    episodes_take(&kept, &back);
    expect_same_head(&back, &over);
}

Test(episodes, of_which_nothing_was_kept_have_not_begun)
{
    struct episodes_kept kept = {0};
    struct episode begun, back = example(true, false);
    episode_init(&begun);
    episodes_take(&kept, &back);
    expect_same_head(&back, &begun);
    cr_expect_not(episodes_is_open(&kept));
}
