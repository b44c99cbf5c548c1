/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -rtc [base=]utc|localtime|DATE[,clock=host|rt|vm][,driftfix=none|slew]: what is decided
 * is how far the guest's clock is from the host's. DATE is YYYY-MM-DD or
 * YYYY-MM-DDTHH:MM:SS, in UTC.
 */
#include "config.h"

#include "config/internal.h"
#include "config/keyval.h"

#include <string.h>

#include "util/error.h"

static gboolean looks_like(const char *text, const char *pattern)
{
    if (strlen(text) != strlen(pattern)) {
        return FALSE;
    }
    for (; *pattern; text++, pattern++) {
        if (*pattern == '0' ? !g_ascii_isdigit(*text) : *text != *pattern) {
            return FALSE;
        }
    }
    return TRUE;
}

static GDateTime *parse_date(const char *text)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    gboolean day = looks_like(text, "0000-00-00");
    g_autofree char *full = g_strconcat(text, day ? "T00:00:00" : "", NULL);

    return looks_like(full, "0000-00-00T00:00:00")
               ? g_date_time_new_from_iso8601(full, utc)
               : NULL;
}

/* Reads /etc/localtime: only who asks for it waits for that. */
static gint64 zone_offset(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();

    return g_date_time_get_utc_offset(now) / G_TIME_SPAN_SECOND;
}

static gboolean base_offset(const char *base, gint64 *offset, GError **errp)
{
    g_autoptr(GDateTime) date = NULL;

    if (g_str_equal(base, "utc")) {
        *offset = 0;
        return TRUE;
    }
    if (g_str_equal(base, "localtime")) {
        *offset = zone_offset();
        return TRUE;
    }
    date = parse_date(base);
    if (!date || g_date_time_get_year(date) < 1970 || g_date_time_get_year(date) > 2199) {
        return error_set(errp,
                         "invalid datetime format '%s': valid are utc, localtime, "
                         "2006-06-17T16:01:21 and 2006-06-17",
                         base);
    }
    *offset = g_date_time_to_unix(date) - g_get_real_time() / G_USEC_PER_SEC;
    return TRUE;
}

/* Into rtc, if map has it; it is one of names, as QEMU says it where it is not. */
static gboolean copy_choice(ConfigNode *rtc, ConfigNode *map, const char *key,
                            const char *const *names, GError **errp)
{
    const char *value;

    if (!config_get_string(map, key, NULL, &value, errp)) {
        return FALSE;
    }
    if (value && !g_strv_contains(names, value)) {
        g_autofree char *list = g_strjoinv(", ", (char **)names);
        return error_set(errp, "invalid option value '%s': %s is one of %s", value, key,
                         list);
    }
    if (value) {
        config_map_set(rtc, key, config_string_new(value));
    }
    return TRUE;
}

gboolean config_add_rtc(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map = keyval_parse(arg, "base", errp);
    static const char *const clocks[] = { "host", "rt", "vm", NULL };
    static const char *const fixes[] = { "none", "slew", NULL };
    g_autoptr(ConfigNode) rtc = config_map_new();
    g_autofree char *text = NULL;
    const char *base;
    gint64 offset = 0;

    if (!map || !config_get_string(map, "base", "utc", &base, errp) ||
        !base_offset(base, &offset, errp)) {
        return FALSE;
    }
    if (!copy_choice(rtc, map, "clock", clocks, errp) ||
        !copy_choice(rtc, map, "driftfix", fixes, errp) ||
        !config_check_unused(map, errp)) {
        return FALSE;
    }
    config_map_remove(tree, "rtc"); /* the last one counts */
    if (offset) {
        text = g_strdup_printf("%" G_GINT64_FORMAT, offset);
        config_map_set(rtc, "offset", config_string_new(text));
    }
    if (config_map_size(rtc)) {
        config_map_set(tree, "rtc", g_steal_pointer(&rtc));
    }
    return TRUE;
}
