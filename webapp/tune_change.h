/* One change of the overrides: a save, a removal, or the undoing of one. */
#ifndef WEBAPP_TUNE_CHANGE_H
#define WEBAPP_TUNE_CHANGE_H

#include <jansson.h>
#include <stdbool.h>

#include "webapp/http.h"
#include "webapp/tune_stored.h"

struct tune_change {
    const char *match;
    const json_t *options; /* to be saved, as POST /api/overrides takes them; NULL: remove, or undo */
    bool anew;             /* a save is refused with 409 where all of it stands already: another saved it meanwhile */
    const json_t *undo;    /* the change to take back, as tune_history.h has it; NULL: none */
};

/* Edits `s->list`. `request->app->settings` must be locked. Returns 0, or -1 with the reply filled and the list as it
 * was. */
int tune_change_edit(const struct tune_change *c, struct tune_stored *s, const struct request *request,
                     struct reply *reply);

/* Makes the change, notes it in the history, and answers with the overrides as they then are. */
void tune_change_apply(const struct tune_change *c, const struct request *request, struct reply *reply);

#endif
