/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "device/boot.h"

#include <string.h>

#include "device/internal.h"
#include "util/error.h"

typedef struct BootEntry {
    gint32 index;
    const Device *dev; /* NULL: none, but a path */
    const char *path;
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

static gboolean add_entry(BootEntry entry, GError **errp)
{
    guint at = 0;

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

static void remove_entry(const Device *dev, const char *path)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        const BootEntry *e = &g_array_index(entries, BootEntry, i);

        if (e->dev == dev && g_strcmp0(e->path, path) == 0) {
            g_array_remove_index(entries, i);
            break;
        }
    }
    if (entries && entries->len == 0) {
        g_clear_pointer(&entries, g_array_unref);
    }
}

gboolean boot_add(const Device *dev, GError **errp)
{
    const Property *row = find_row(dev->klass);
    gint32 index = row ? *(const gint32 *)((const guint8 *)dev + row->offset) : -1;

    return index < 0 || add_entry((BootEntry){ .index = index, .dev = dev }, errp);
}

void boot_remove(const Device *dev)
{
    remove_entry(dev, NULL);
}

gboolean boot_add_path(gint32 index, const char *path, GError **errp)
{
    return add_entry((BootEntry){ .index = index, .path = path }, errp);
}

void boot_remove_path(const char *path)
{
    remove_entry(NULL, path);
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
        const BootEntry *e = &g_array_index(entries, BootEntry, i);
        g_autofree char *path = e->dev ? boot_path(e->dev) : g_strdup(e->path);

        g_string_append_printf(text, "%s%s", i ? "\n" : "", path);
    }
    if (text->len) {
        g_string_append_printf(text, "%s%s", strict ? "\n" : "", strict ? halt : "");
        g_byte_array_append(file, (const guint8 *)text->str, (guint)text->len + 1);
    }
    return file;
}
