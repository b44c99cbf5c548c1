/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/object.h"

#include "event/loop.h"
#include "memory/ram.h"
#include "util/error.h"
#include "virtio/rng-backend.h"

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

static gboolean create_rng(ConfigNode *node, const char *id, GError **errp)
{
    return rng_backend_add(node, errp) != NULL;
}

static gboolean forget(const char *id, GError **errp)
{
    return TRUE;
}

const ObjectType object_types[] = {
    { "iothread", "a thread for devices' requests", create_iothread, iothread_delete,
      TRUE },
    { .name = "memory-backend-file", .help = "guest memory from a file" },
    { .name = "memory-backend-memfd", .help = "guest memory that can be shared" },
    { .name = "memory-backend-ram", .help = "guest memory" },
    { "rng-random", "entropy from a file", create_rng, rng_backend_del, TRUE },
    { "rng-builtin", "entropy from the host's kernel", create_rng, rng_backend_del,
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

static const ObjectType *read_type(ConfigNode *node, const char **id, GError **errp)
{
    const char *name;
    const ObjectType *type;

    if (!config_require_string(node, "qom-type", &name, errp) ||
        !config_require_string(node, "id", id, errp) ||
        !config_check_id("id", *id, CONFIG_ID_MAX, errp)) {
        return NULL;
    }
    type = type_find(name);
    if (!type) {
        error_set(errp, "invalid object type: %s", name);
    }
    return type;
}

gboolean object_check(ConfigNode *node, GError **errp)
{
    const char *id;

    return read_type(node, &id, errp) != NULL;
}

gboolean object_check_used(ConfigNode *node, GError **errp)
{
    const char *id;
    const ObjectType *type = read_type(node, &id, errp);

    return type &&
           (type->create || config_check_unused(node, NULL) ||
            (ram_backend_check(node, errp) &&
             error_set(errp, "memory backend '%s' is not used by the machine", id)));
}

gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp)
{
    const char *id;
    const ObjectType *type = read_type(node, &id, errp);

    if (!type) {
        return FALSE;
    }
    if (hotplug && !type->hotplug) {
        return error_set(errp, "object type %s cannot be added at run time", type->name);
    }
    if (objects && g_hash_table_contains(objects, id)) {
        return error_set(
            errp, "attempt to add duplicate property '%s' to object (type 'container')",
            id);
    }
    if (type->create && !type->create(node, id, errp)) {
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
        if (((const ObjectType *)type)->destroy) {
            ((const ObjectType *)type)->destroy(id, NULL);
        }
    }
    g_clear_pointer(&objects, g_hash_table_unref);
}
