/* Errors in settings, as sentences with file, line and option. */
#include <stdarg.h>

#include "conf_internal.h"

int conf_errors_add(struct conf_errors *errors, unsigned line, const char *what, const char *format, ...)
{
    char reason[CONF_REASON_MAX], place[32] = ": ", sentence[CONF_ERROR_MAX];
    const char *path = *errors->path == '\0' ? "settings" : errors->path;
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (line == CONF_LINE_SET) {
        path = "--set";
        snprintf(place, sizeof place, " ");
    } else if (line != CONF_LINE_NONE) {
        snprintf(place, sizeof place, ":%u: ", line);
    }
    snprintf(sentence, sizeof sentence, "%.300s%s%.90s%s%s", path, place, what, *what == '\0' ? "" : ": ", reason);
    if (errors->n++ == 0)
        snprintf(errors->first, CONF_ERROR_MAX, "%s", sentence);
    if (errors->tell != NULL)
        errors->tell(errors->context, sentence);
    return -1;
}
