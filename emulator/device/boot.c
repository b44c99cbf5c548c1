/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "device/boot.h"

#include <string.h>

#include "device/internal.h"
#include "util/error.h"

typedef struct BootEntry {
    gint32 index;
    const Device *dev;
} BootEntry;

static GArray *entries; /* of BootEntry, by index; NULL: none */

static const Property *find_row(const DeviceClass *klass)
{
    const Property *row = NULL;

    for (; klass && !row; klass = klass->parent) {
        row = properties_find(klass->properties, BOOTINDEX);
    }
    return row && row->type == PROP_S32 && !row->ignored ? row : NULL;
}

gboolean boot_add(const Device *dev, GError **errp)
{
    const Property *row = find_row(dev->klass);
    BootEntry entry = { row ? *(const gint32 *)((const guint8 *)dev + row->offset) : -1,
                        dev };
    guint at = 0;

    if (entry.index < 0) {
        return TRUE;
    }
    for (; entries && at < entries->len; at++) {
        const BootEntry *other = &g_array_index(entries, BootEntry, at);

        if (other->index == entry.index) {
            return error_set(errp, "The bootindex %d has already been used", entry.index);
        }
        if (other->index > entry.index) {
            break;
        }
    }
    if (!entries) {
        entries = g_array_new(FALSE, FALSE, sizeof(BootEntry));
    }
    g_array_insert_val(entries, at, entry);
    return TRUE;
}

void boot_remove(const Device *dev)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        if (g_array_index(entries, BootEntry, i).dev == dev) {
            g_array_remove_index(entries, i);
            break;
        }
    }
    if (entries && entries->len == 0) {
        g_clear_pointer(&entries, g_array_unref);
    }
}

char *boot_path(const Device *dev)
{
    GString *path = g_string_new(NULL);

    for (; dev; dev = dev->parent) {
        const DeviceClass *with = CLASS_WITH(dev->klass, boot_name);
        g_autofree char *name = with ? with->boot_name(dev) : NULL;

        if (name) {
            g_string_prepend(path, name);
            g_string_prepend_c(path, '/');
        }
    }
    return g_string_free(path, FALSE);
}

GByteArray *boot_order(gboolean strict)
{
    static const char halt[] = "HALT";
    g_autoptr(GString) text = g_string_new(NULL);
    GByteArray *file = g_byte_array_new();

    for (guint i = 0; entries && i < entries->len; i++) {
        g_autofree char *path = boot_path(g_array_index(entries, BootEntry, i).dev);

        g_string_append_printf(text, "%s%s", i ? "\n" : "", path);
    }
    if (text->len) {
        g_string_append_printf(text, "%s%s", strict ? "\n" : "", strict ? halt : "");
        g_byte_array_append(file, (const guint8 *)text->str, (guint)text->len + 1);
    }
    return file;
}
