/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/netdev.h"

#include <string.h>

/* A line a device: "name: " and eight numbers a side, of which the first four are ours.
 */
#define PROC_NET_DEV "/proc/thread-self/net/dev"
#define PER_SIDE     8

static gboolean read_numbers(const char *text, guint64 numbers[2 * PER_SIDE])
{
    for (guint i = 0; i < 2 * PER_SIDE; i++) {
        char *end;

        numbers[i] = g_ascii_strtoull(text, &end, 10);
        if (end == text) {
            return FALSE;
        }
        text = end;
    }
    return TRUE;
}

static NetdevSide side(const guint64 *n)
{
    return (NetdevSide){ n[0], n[1], n[2], n[3] };
}

/* The numbers of the device, if this line is its. */
static const char *after_name(const char *line, const char *name)
{
    gsize len = strlen(name);

    line += strspn(line, " ");
    return strncmp(line, name, len) == 0 && line[len] == ':' ? line + len + 1 : NULL;
}

gboolean process_netdev_stats(const char *name, NetdevStats *stats, GError **errp)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(PROC_NET_DEV, &text, NULL, errp)) {
        return FALSE;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *numbers = after_name(lines[i], name);
        guint64 n[2 * PER_SIDE];

        if (numbers && read_numbers(numbers, n)) {
            *stats = (NetdevStats){ side(n), side(n + PER_SIDE) };
            return TRUE;
        }
    }
    g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_NODEV, "there is no network device '%s'",
                name);
    return FALSE;
}
