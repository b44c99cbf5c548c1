/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/object.h"

#include "event/loop.h"
#include "util/error.h"

static gboolean create_iothread(ConfigNode *node, const char *id, GError **errp)
{
    return config_check_unused(node, errp) && iothread_new(id, errp);
}

/*
 * libvirt always passes its master key. Nothing here takes a secret yet, so it is
 * never read; only its name is kept.
 */
static gboolean create_secret(ConfigNode *node, const char *id, GError **errp)
{
    static const char *const keys[] = { "data", "file", "format", "iv", "keyid" };
    const char *value;

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!config_get_string(node, keys[i], NULL, &value, errp)) {
            return FALSE;
        }
    }
    return config_check_unused(node, errp);
}

static gboolean forget(const char *id, GError **errp)
{
    return TRUE;
}

const ObjectType object_types[] = {
    { "iothread", "a thread for devices' requests", create_iothread, iothread_delete,
      TRUE },
    { "secret", "accepted; nothing uses secrets yet", create_secret, forget, TRUE },
    { .name = NULL },
};

static GHashTable *objects; /* id -> ObjectType */

static const ObjectType *type_find(const char *name)
{
    for (const ObjectType *type = object_types; type->name; type++) {
        if (g_str_equal(type->name, name)) {
            return type;
        }
    }
    return NULL;
}

gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp)
{
    const char *name, *id;
    const ObjectType *type;

    if (!config_require_string(node, "qom-type", &name, errp) ||
        !config_require_string(node, "id", &id, errp)) {
        return FALSE;
    }
    type = type_find(name);
    if (!type) {
        return error_set(errp, "invalid object type: %s", name);
    }
    if (hotplug && !type->hotplug) {
        return error_set(errp, "object type %s cannot be added at run time", name);
    }
    if (objects && g_hash_table_contains(objects, id)) {
        return error_set(
            errp, "attempt to add duplicate property '%s' to object (type 'container')",
            id);
    }
    if (!type->create(node, id, errp)) {
        return FALSE;
    }
    if (!objects) {
        objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    g_hash_table_insert(objects, g_strdup(id), (gpointer)type);
    return TRUE;
}

gboolean object_del(const char *id, GError **errp)
{
    const ObjectType *type = objects ? g_hash_table_lookup(objects, id) : NULL;

    if (!type) {
        return error_set(errp, "object '%s' not found", id);
    }
    if (!type->hotplug) {
        return error_set(errp, "object '%s' is in use, can not be deleted", id);
    }
    if (!type->destroy(id, errp)) {
        return FALSE;
    }
    g_hash_table_remove(objects, id);
    return TRUE;
}

void object_cleanup(void)
{
    GHashTableIter iter;
    gpointer id, type;

    if (!objects) {
        return;
    }
    g_hash_table_iter_init(&iter, objects);
    while (g_hash_table_iter_next(&iter, &id, &type)) {
        ((const ObjectType *)type)->destroy(id, NULL);
    }
    g_clear_pointer(&objects, g_hash_table_unref);
}
