/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of realized devices: the board's, what is on the buses that they own, and
 * their parts. A node has a reference on each of its children.
 */
#include "config.h"

#include <string.h>

#include "device/internal.h"

static GPtrArray *roots; /* the board's; NULL: none */
static guint64 changes;

static GPtrArray **level_of(const Device *dev)
{
    return dev->parent ? &dev->parent->children : &roots;
}

void device_tree_add(Device *dev)
{
    GPtrArray **level = level_of(dev);

    if (!*level) {
        *level = g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
    }
    g_ptr_array_add(*level, device_ref(dev));
    changes++;
}

void device_tree_remove(Device *dev)
{
    GPtrArray **level = level_of(dev);

    changes++;
    if (!dev->part) {
        dev->parent = NULL;
    }
    if ((*level)->len > 1) {
        g_ptr_array_remove(*level, dev);
    } else {
        g_assert((*level)->pdata[0] == dev);
        g_clear_pointer(level, g_ptr_array_unref);
    }
}

guint64 device_tree_changes(void)
{
    return changes;
}

Device *device_tree_last(void)
{
    return roots ? roots->pdata[roots->len - 1] : NULL;
}

static void walk(GPtrArray *level, void (*fn)(Device *dev, void *opaque), void *opaque)
{
    for (guint i = 0; level && i < level->len; i++) {
        device_foreach_below(level->pdata[i], fn, opaque);
    }
}

void device_foreach_below(Device *top, void (*fn)(Device *dev, void *opaque),
                          void *opaque)
{
    fn(top, opaque);
    walk(top->children, fn, opaque);
}

void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque)
{
    walk(roots, fn, opaque);
}

static void add_to(Device *dev, void *opaque)
{
    g_ptr_array_add(opaque, device_ref(dev));
}

GPtrArray *device_list_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)device_unref);
}

void device_list_add_below(GPtrArray *list, Device *top)
{
    device_foreach_below(top, add_to, list);
}

GPtrArray *device_list_all(void)
{
    GPtrArray *all = device_list_new();

    device_foreach(add_to, all);
    return all;
}

static Device *search(GPtrArray *level, size_t member, const char *text)
{
    for (guint i = 0; level && i < level->len; i++) {
        Device *dev = level->pdata[i], *below;

        if (g_strcmp0(*(char **)((guint8 *)dev + member), text) == 0) {
            return dev;
        }
        below = search(dev->children, member, text);
        if (below) {
            return below;
        }
    }
    return NULL;
}

Device *device_find(const char *id)
{
    return search(roots, offsetof(Device, id), id);
}

Device *device_find_path(const char *path)
{
    return search(roots, offsetof(Device, path), path);
}
