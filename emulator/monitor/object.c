/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "monitor/object.h"

#include "event/loop.h"
#include "memory/ram.h"
#include "util/error.h"
#include "virtio/rng-backend.h"

typedef struct SecretOptions {
    char *data, *file, *iv, *keyid;
    int format;
} SecretOptions;

static const char *const secret_formats[] = { "raw", "base64", NULL };

static const Property secret_rows[] = {
    { "data", PROP_STRING, offsetof(SecretOptions, data), .help = "The secret" },
    { "file", PROP_STRING, offsetof(SecretOptions, file),
      .help = "The file that has it" },
    { "format", PROP_ENUM, offsetof(SecretOptions, format), "raw",
      .names = secret_formats, .help = "How it is written" },
    { "iv", PROP_STRING, offsetof(SecretOptions, iv),
      .help = "Its initialisation vector" },
    { "keyid", PROP_STRING, offsetof(SecretOptions, keyid),
      .help = "The secret that it is encrypted with" },
    { NULL },
};

/*
 * libvirt always passes its master key. Nothing here takes a secret yet, so it is
 * never read; only its name is kept.
 */
static gboolean create_secret(const void *own, const char *id, GError **errp)
{
    return TRUE;
}

static gboolean destroy_secret(const char *id, GError **errp)
{
    return TRUE;
}

static const ObjectType object_secret = {
    { "secret", "accepted; nothing uses secrets yet", secret_rows,
      sizeof(SecretOptions) },
    create_secret,
    destroy_secret,
};

static const ObjectType *const types[] = {
    &object_iothread,    &object_memory_file, &object_memory_memfd, &object_memory_ram,
    &object_rng_builtin, &object_rng_random,  &object_secret,
};

static GHashTable *objects; /* id -> ObjectType */

static const KindType *type_at(guint i)
{
    return i < G_N_ELEMENTS(types) ? &types[i]->type : NULL;
}

const Kind object_kind = {
    .option = "object",
    .tag = "qom-type",
    .common = kind_id_rows,
    .at = type_at,
    .heading = "List of user creatable objects",
};

static const ObjectType *find_type(ConfigNode *node, GError **errp)
{
    return KIND_OWNER(kind_type(&object_kind, node, errp), ObjectType);
}

/* Reads node, then calls fn, which may be NULL, with what it says. */
static gboolean with_options(const ObjectType *type, ConfigNode *node,
                             gboolean (*fn)(const ObjectType *type, const char *id,
                                            const void *own, GError **errp),
                             GError **errp)
{
    void *own = g_malloc0(type->type.size);
    g_autofree char *id = NULL;
    gboolean ok = kind_read(&object_kind, &type->type, node, &id, own, errp) &&
                  (!fn || fn(type, id, own, errp));

    properties_clear(type->type.rows, own);
    g_free(own);
    return ok;
}

gboolean object_check(ConfigNode *node, GError **errp)
{
    const ObjectType *type = find_type(node, errp);

    return type && with_options(type, node, NULL, errp);
}

gboolean object_check_used(ConfigNode *node, GError **errp)
{
    const ObjectType *type = find_type(node, errp);
    const char *id = config_map_string(node, "id");
    RamBlock *block = id ? ram_block_find(id) : NULL;

    return type &&
           (type->create || (block && block->backend) ||
            error_set(errp, "memory backend '%s' is not used by the machine", id));
}

static gboolean create(const ObjectType *type, const char *id, const void *own,
                       GError **errp)
{
    if (objects && g_hash_table_contains(objects, id)) {
        return error_set(
            errp, "attempt to add duplicate property '%s' to object (type 'container')",
            id);
    }
    if (type->create && !type->create(own, id, errp)) {
        return FALSE;
    }
    if (!objects) {
        objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    g_hash_table_insert(objects, g_strdup(id), (gpointer)type);
    return TRUE;
}

gboolean object_add(ConfigNode *node, gboolean hotplug, GError **errp)
{
    const ObjectType *type = find_type(node, errp);

    if (type && hotplug && type->type.cold) {
        return error_set(errp, "object type %s cannot be added at run time",
                         type->type.name);
    }
    return type && with_options(type, node, create, errp);
}

gboolean object_del(const char *id, GError **errp)
{
    const ObjectType *type = objects ? g_hash_table_lookup(objects, id) : NULL;

    if (!type) {
        return error_set(errp, "object '%s' not found", id);
    }
    if (type->type.cold) {
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
