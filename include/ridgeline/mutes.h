/* Mutes: metrics that are not to be told of, opened or learnt from, at times that a calendar says. Pure.
 *
 * They stand in settings.conf (`mutes`), and the page keeps others in Redis. What a mute means:
 *   notify  anomalies open and close as ever; no message is sent
 *   open    nothing opens either; points are judged and learnt from
 *   learn   nor are they learnt from: what happens then leaves no trace in what is expected later */
#ifndef RIDGELINE_MUTES_H
#define RIDGELINE_MUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ridgeline/calendar.h"
#include "ridgeline/conf.h"

enum mute_meaning { MUTE_NONE, MUTE_NOTIFY, MUTE_OPEN, MUTE_LEARN }; /* each means what those before it do, too */

struct mute_settings {
    char *name;
    unsigned line; /* in settings.conf; 0 for one of the page's */
    int64_t saved_at; /* epoch s, of one of the page's */
    struct conf_globs match;
    int what; /* index into the choices: enum mute_meaning less one */
    char *from, *until, *rrule, *timezone;
    int64_t duration_s;
    struct calendar calendar; /* of the five above */
};

/* The rows of a mute: offsets into struct mute_settings. */
extern const struct conf_option mutes_options[];
extern const size_t mutes_options_n;

/* Makes the calendar of a mute whose options have all been read. Returns 0, or -1 when it told of a fault: of each time
 * that cannot be read, and when all can be, of what they mean together. */
int mutes_check(struct mute_settings *m, conf_fault *tell, void *context);

void mutes_fini(struct mute_settings *m);

#define MUTES_MAX 1000 /* of the page's */

/* The page's, as Redis keeps them: a JSON list of objects {"name", "saved_at": EPOCH, and of the options above those
 * that are set, as texts}. Reads them into a zeroed `*mutes`: 0, or -1 with a sentence in `error`; anything that is
 * not of this form refuses the whole list. */
int mutes_parse(struct conf_mutes *mutes, const char *json, size_t len, char error[CONF_ERROR_MAX]);
void mutes_free(struct conf_mutes *mutes);

/* The mute that means most for the metric at `t`, of both lists (either may be NULL; the first wins among equals), or
 * NULL. Looks at each mute's calendar only when its globs match. */
const struct mute_settings *mutes_find(const struct conf_mutes *file, const struct conf_mutes *page, const char *metric,
                                       size_t len, int64_t t);

/* Puts those of the two lists whose time it is at `t` into `in_force`, which has room for all of them, so that
 * calendars are looked at once for any number of metrics. Returns how many these are. */
size_t mutes_in_force(const struct mute_settings *in_force[], const struct conf_mutes *file,
                      const struct conf_mutes *page, int64_t t);

/* Whether any mute of the two lists that means at least `least` matches the metric, whatever its times. */
bool mutes_concern(const struct conf_mutes *file, const struct conf_mutes *page, const char *metric, size_t len,
                   enum mute_meaning least);

/* What it means; MUTE_NONE for NULL. */
enum mute_meaning mutes_meaning(const struct mute_settings *m);
const char *mutes_meaning_name(enum mute_meaning meaning); /* "notify", "open", "learn"; "" for none */

#endif
