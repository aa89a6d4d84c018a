/* The figures of all processes as they were last read, for while Redis does not answer: horizon and the others tell
 * theirs there alone. The main thread takes them; any thread asks. */
#ifndef WEBAPP_FIGURES_H
#define WEBAPP_FIGURES_H

#include <jansson.h>
#include <stdint.h>

struct figures;
struct processes;

struct figures *figures_new(void);
void figures_free(struct figures *f);

/* Main thread: Redis answered at `now_s`. Takes what was read out of `*p`, which is empty then, and remembers a copy of
 * `health`, what was told of it. */
void figures_take(struct figures *f, struct processes *p, const json_t *health, int64_t now_s);

/* Main thread: Redis did not answer at `now_s`. */
void figures_away(struct figures *f, int64_t now_s);

/* Since when Redis has not answered; 0 while it does, or that was not noticed yet. */
int64_t figures_away_since(struct figures *f);

/* The health that was last taken, with "at" of then; null before the first. New reference, a copy. */
json_t *figures_json(struct figures *f);

/* What was last taken, empty before the first, and when; nobody changes it until it is released, and the
 * caller asks nothing else here meanwhile. */
const struct processes *figures_hold(struct figures *f, int64_t *taken_s);
void figures_release(struct figures *f);

#endif
