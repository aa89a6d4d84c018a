/* What a message names of the incident that it is about, or of the group: what concerns its alert. Pure. */
#ifndef RIDGELINE_ALERTER_SUBJECT_H
#define RIDGELINE_ALERTER_SUBJECT_H

#include <jansson.h>
#include <stddef.h>

struct incidents;
struct told;
struct told_one;

/* The head of an incident, or of the group that it leads, as JSON: `title`, times, counts, `score`, `direction`,
 * `first` and `strongest` are of the members that concern the way's alert; the rest, such as the id, of the whole,
 * which is open while any member is. Where these are not all members, `"whole": {"title", "metrics", "score"}` tells
 * what they are part of. Of a group, `"group": {"id", "incidents"}` are the leader's id and how many they are, and the
 * id is of one that is open. Where nothing concerns the alert, as after a change of settings, all of it does. New
 * reference; NULL when memory is out. */
json_t *subject_json(const struct told *t, const struct incidents *incidents, const struct told_one *leader,
                     size_t way);

#endif
