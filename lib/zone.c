/* GLib reads the zone's file; the rules for times that come twice or never are ours, since GLib has others. */
#include "ridgeline/zone.h"

#include <glib.h>
#include <string.h>

#define DAY_S 86400

/* GLib takes more than names: offsets, and any path that leads to a file. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= ZONE_NAME_MAX && g_ascii_isalpha(*name) &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")] == '\0';
}

/* struct zone is GTimeZone under a name that asks nobody to include GLib. */
static GTimeZone *native(const struct zone *z)
{
    return (GTimeZone *)(uintptr_t)z;
}

struct zone *zone_new(const char *name)
{
    return is_name(name) ? (struct zone *)(void *)g_time_zone_new_identifier(name) : NULL;
}

void zone_free(struct zone *z)
{
    if (z)
        g_time_zone_unref(native(z));
}

int64_t zone_offset_s(const struct zone *z, int64_t utc_s)
{
    GTimeZone *zone = native(z);
    return g_time_zone_get_offset(zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, utc_s));
}

bool zone_is_steady(const struct zone *z, int64_t from_utc_s, int64_t until_utc_s)
{
    GTimeZone *zone = native(z);
    return g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, from_utc_s) ==
           g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, until_utc_s);
}

int64_t zone_utc_s(const struct zone *z, int64_t local_s)
{
    int64_t before = local_s - zone_offset_s(z, local_s - DAY_S), after = local_s - zone_offset_s(z, local_s + DAY_S);
    bool only_after = before + zone_offset_s(z, before) != local_s && after + zone_offset_s(z, after) == local_s;
    return only_after ? after : before;
}
