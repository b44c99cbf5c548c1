/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/registry.h"

#include <string.h>

struct Registry {
    GMutex lock;
    GHashTable *by_uuid; /* holds the references */
    GHashTable *by_name;
    GHashTable *by_id;
    int last_id;
};

static guint uuid_hash(gconstpointer key)
{
    guint h;

    memcpy(&h, key, sizeof(h));
    return h;
}

static gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

Registry *registry_new(void)
{
    Registry *registry = g_new0(Registry, 1);

    g_mutex_init(&registry->lock);
    registry->by_uuid =
        g_hash_table_new_full(uuid_hash, uuid_equal, NULL, (GDestroyNotify)vm_unref);
    registry->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    registry->by_id = g_hash_table_new(NULL, NULL);
    return registry;
}

void registry_free(Registry *registry)
{
    g_hash_table_unref(registry->by_id);
    g_hash_table_unref(registry->by_name);
    g_hash_table_unref(registry->by_uuid);
    g_mutex_clear(&registry->lock);
    g_free(registry);
}

static Vm *lookup(Registry *registry, GHashTable *table, gconstpointer key)
{
    Vm *vm;

    g_mutex_lock(&registry->lock);
    vm = g_hash_table_lookup(table, key);
    if (vm) {
        vm_ref(vm);
    }
    g_mutex_unlock(&registry->lock);
    return vm;
}

Vm *registry_by_uuid(Registry *registry, const guint8 uuid[16])
{
    return lookup(registry, registry->by_uuid, uuid);
}

Vm *registry_by_name(Registry *registry, const char *name)
{
    return lookup(registry, registry->by_name, name);
}

Vm *registry_by_id(Registry *registry, int id)
{
    return lookup(registry, registry->by_id, GINT_TO_POINTER(id));
}

static gboolean check_clash(Vm *wanted, Vm *same_uuid, Vm *same_name, GError **errp)
{
    char uuid[DOMAIN_UUID_STR_LEN];

    if (same_name && same_name != same_uuid) {
        xml_uuid_format(same_name->uuid, uuid);
        return rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_FAILED,
                                  "domain '%s' already exists with uuid %s", wanted->name,
                                  uuid);
    }
    if (same_uuid && strcmp(same_uuid->name, wanted->name) != 0) {
        xml_uuid_format(same_uuid->uuid, uuid);
        return rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_FAILED,
                                  "domain '%s' is already defined with uuid %s",
                                  same_uuid->name, uuid);
    }
    return TRUE;
}

Vm *registry_add(Registry *registry, Vm *vm, gboolean *added, GError **errp)
{
    Vm *same_uuid, *same_name, *result = NULL;

    g_mutex_lock(&registry->lock);
    same_uuid = g_hash_table_lookup(registry->by_uuid, vm->uuid);
    same_name = g_hash_table_lookup(registry->by_name, vm->name);
    *added = FALSE;
    if (check_clash(vm, same_uuid, same_name, errp)) {
        if (!same_uuid) {
            g_hash_table_insert(registry->by_uuid, vm->uuid, vm_ref(vm));
            g_hash_table_insert(registry->by_name, vm->name, vm);
            *added = TRUE;
        }
        result = vm_ref(same_uuid ? same_uuid : vm);
    }
    g_mutex_unlock(&registry->lock);
    return result;
}

void registry_remove(Registry *registry, Vm *vm)
{
    g_mutex_lock(&registry->lock);
    if (g_hash_table_lookup(registry->by_name, vm->name) == vm) {
        g_hash_table_remove(registry->by_name, vm->name);
    }
    if (g_hash_table_lookup(registry->by_uuid, vm->uuid) == vm) {
        g_hash_table_remove(registry->by_uuid, vm->uuid);
    }
    g_mutex_unlock(&registry->lock);
}

gboolean registry_reserve(Registry *registry, Vm *vm, GError **errp)
{
    gboolean taken;

    g_mutex_lock(&registry->lock);
    taken = g_hash_table_contains(registry->by_name, vm->name);
    if (!taken) {
        g_hash_table_insert(registry->by_name, vm->name, vm);
    }
    g_mutex_unlock(&registry->lock);
    return !taken || rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_INVALID,
                                        "domain with name '%s' already exists", vm->name);
}

void registry_replace(Registry *registry, Vm *vm, Vm *fresh)
{
    g_mutex_lock(&registry->lock);
    g_hash_table_remove(registry->by_name, vm->name);
    g_hash_table_replace(registry->by_uuid, fresh->uuid, vm_ref(fresh));
    g_mutex_unlock(&registry->lock);
}

int registry_take_id(Registry *registry, Vm *vm)
{
    int id;

    g_mutex_lock(&registry->lock);
    do {
        registry->last_id = registry->last_id == G_MAXINT ? 1 : registry->last_id + 1;
        id = registry->last_id;
    } while (g_hash_table_contains(registry->by_id, GINT_TO_POINTER(id)));
    g_hash_table_insert(registry->by_id, GINT_TO_POINTER(id), vm);
    g_mutex_unlock(&registry->lock);
    return id;
}

gboolean registry_set_id(Registry *registry, Vm *vm, int id)
{
    gboolean ok;

    g_mutex_lock(&registry->lock);
    ok = id > 0 && !g_hash_table_contains(registry->by_id, GINT_TO_POINTER(id));
    if (ok) {
        g_hash_table_insert(registry->by_id, GINT_TO_POINTER(id), vm);
        registry->last_id = MAX(registry->last_id, id);
    }
    g_mutex_unlock(&registry->lock);
    return ok;
}

void registry_skip_id(Registry *registry, int id)
{
    g_mutex_lock(&registry->lock);
    registry->last_id = MAX(registry->last_id, id);
    g_mutex_unlock(&registry->lock);
}

void registry_drop_id(Registry *registry, int id)
{
    g_mutex_lock(&registry->lock);
    g_hash_table_remove(registry->by_id, GINT_TO_POINTER(id));
    g_mutex_unlock(&registry->lock);
}

GPtrArray *registry_list(Registry *registry)
{
    GPtrArray *list;
    GHashTableIter iter;
    gpointer vm;

    g_mutex_lock(&registry->lock);
    list = g_ptr_array_new_full(g_hash_table_size(registry->by_uuid),
                                (GDestroyNotify)vm_unref);
    g_hash_table_iter_init(&iter, registry->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &vm)) {
        g_ptr_array_add(list, vm_ref(vm));
    }
    g_mutex_unlock(&registry->lock);
    return list;
}
