/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/netdev.h"

#include <stdio.h>
#include <string.h>

/* A line a device: "name: " and eight numbers a side, of which the first four are ours.
 */
#define PROC_NET_DEV "/proc/thread-self/net/dev"
#define PER_SIDE     8

/* After a heading a line an address: it, its type, flags, the MAC address, ... */
#define PROC_NET_ARP "/proc/thread-self/net/arp"
#define ARP_COMPLETE 2 /* of the flags */

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

/* The line's address, if it has this MAC address. */
static char *address_of(const char *line, const char *mac)
{
    char address[64], hardware[64];
    guint type, flags;

    return sscanf(line, "%63s 0x%x 0x%x %63s", address, &type, &flags, hardware) == 4 &&
                   (flags & ARP_COMPLETE) && g_ascii_strcasecmp(hardware, mac) == 0
               ? g_strdup(address)
               : NULL;
}

GPtrArray *process_neighbours(const guint8 mac[6])
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    g_autofree char *wanted = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
                                              mac[1], mac[2], mac[3], mac[4], mac[5]);
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(PROC_NET_ARP, &text, NULL, NULL)) {
        return found;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *address = address_of(lines[i], wanted);

        if (address) {
            g_ptr_array_add(found, address);
        }
    }
    return found;
}
