/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -rtc [base=]utc|localtime|DATE: what is decided is how far the guest's clock is from
 * the host's. DATE is YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC.
 */
#include "config.h"

#include "config/internal.h"
#include "config/keyval.h"
#include "config/noop.h"

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

gboolean config_add_rtc(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map = keyval_parse(arg, "base", errp);
    g_autofree char *text = NULL;
    const char *base;
    gint64 offset = 0;

    if (!map || !config_get_string(map, "base", "utc", &base, errp) ||
        !base_offset(base, &offset, errp)) {
        return FALSE;
    }
    config_map_remove(map, "base");
    if (!noop_strip("rtc", map, FALSE, errp) || !config_check_unused(map, errp)) {
        return FALSE;
    }
    config_map_remove(tree, "rtc"); /* the last one counts */
    if (offset == 0) {
        return TRUE;
    }
    text = g_strdup_printf("%" G_GINT64_FORMAT, offset);
    config_map_set(config_tree_map(tree, "rtc"), "offset", config_string_new(text));
    return TRUE;
}
