/* Settings that are legal and do nothing: what `ridgeline check` warns of. */
#ifndef RIDGELINE_CLI_LINT_H
#define RIDGELINE_CLI_LINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ridgeline/conf.h"

/* Writes one line for each to `out`, "FILE:LINE: warning: ...", as things are at `now_s` on this machine and for this
 * user: files are looked at. Returns how many. */
size_t lint_settings(const struct settings *s, int64_t now_s, FILE *out);

#endif
