/* Text from names, units and notes, made harmless for what it is put into. Pure. */
#ifndef RIDGELINE_ALERTER_HARMLESS_H
#define RIDGELINE_ALERTER_HARMLESS_H

#include <stddef.h>
#include <stdio.h>

/* Copies `text` as one line of valid UTF-8: what is no UTF-8 becomes U+FFFD, each control character, line
 * or paragraph separator and change of writing direction a blank; cut before a character, with "...", where
 * `out_bytes` (at least 8) is too short. NULL counts as "". Returns `out`. */
char *harmless_line(char *out, size_t out_bytes, const char *text);

/* Write such a line escaped for HTML (text or attribute in double quotes), and for Slack's own markup. */
void harmless_html(FILE *out, const char *text);
void harmless_slack(FILE *out, const char *text);

/* Closes a stream made by open_memstream() over `*text`. Returns the text (free()), or NULL when memory was out. */
char *harmless_finish(FILE *out, char **text);

#endif
