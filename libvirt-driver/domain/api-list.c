/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lookup and list. None of these waits for a job. */
#include <string.h>

#include "domain/api.h"

static gboolean found(Vm *vm, RemoteDomain *dom, GError **errp, const char *what,
                      const char *value)
{
    if (!vm) {
        return rpc_error_set(errp, VIR_ERR_NO_DOMAIN, "no domain with matching %s '%s'",
                             what, value);
    }
    vm_fill_domain(vm, dom);
    return TRUE;
}

gboolean remote_domain_lookup_by_id(RpcCall *call, const RemoteDomainLookupByIdArgs *args,
                                    RemoteDomainLookupByIdRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = registry_by_id(driver_of_call(call)->registry, args->id);
    g_autofree char *id = g_strdup_printf("%d", args->id);

    return found(vm, &ret->dom, errp, "id", id);
}

gboolean remote_domain_lookup_by_name(RpcCall *call,
                                      const RemoteDomainLookupByNameArgs *args,
                                      RemoteDomainLookupByNameRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = registry_by_name(driver_of_call(call)->registry, args->name);

    return found(vm, &ret->dom, errp, "name", args->name);
}

gboolean remote_domain_lookup_by_uuid(RpcCall *call,
                                      const RemoteDomainLookupByUuidArgs *args,
                                      RemoteDomainLookupByUuidRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = registry_by_uuid(driver_of_call(call)->registry, args->uuid);
    char uuid[DOMAIN_UUID_STR_LEN];

    xml_uuid_format(args->uuid, uuid);
    return found(vm, &ret->dom, errp, "uuid", uuid);
}

/* What a VM is, as the flags that select it. */
static guint32 traits_locked(const Vm *vm)
{
    guint32 traits = VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE |
                     VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT |
                     VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT;

    traits |= vm->autostart ? VIR_CONNECT_LIST_DOMAINS_AUTOSTART
                            : VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART;
    traits |= vm_is_active_locked(vm) ? VIR_CONNECT_LIST_DOMAINS_ACTIVE
                                      : VIR_CONNECT_LIST_DOMAINS_INACTIVE;
    traits |= vm->config ? VIR_CONNECT_LIST_DOMAINS_PERSISTENT
                         : VIR_CONNECT_LIST_DOMAINS_TRANSIENT;
    traits |= vm->state == VIR_DOMAIN_RUNNING   ? VIR_CONNECT_LIST_DOMAINS_RUNNING
              : vm->state == VIR_DOMAIN_PAUSED  ? VIR_CONNECT_LIST_DOMAINS_PAUSED
              : vm->state == VIR_DOMAIN_SHUTOFF ? VIR_CONNECT_LIST_DOMAINS_SHUTOFF
                                                : VIR_CONNECT_LIST_DOMAINS_OTHER;
    return traits;
}

/* In each group of flags of which one is given, one must be the VM's. */
static gboolean matches(guint32 flags, guint32 traits)
{
    static const guint32 groups[] = {
        VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE,
        VIR_CONNECT_LIST_DOMAINS_PERSISTENT | VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
        VIR_CONNECT_LIST_DOMAINS_RUNNING | VIR_CONNECT_LIST_DOMAINS_PAUSED |
            VIR_CONNECT_LIST_DOMAINS_SHUTOFF | VIR_CONNECT_LIST_DOMAINS_OTHER,
        VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE | VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE,
        VIR_CONNECT_LIST_DOMAINS_AUTOSTART | VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
        VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT | VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,
        VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT | VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,
    };

    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        guint32 wanted = flags & groups[i];

        if (wanted && !(wanted & traits)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean api_matches_locked(const Vm *vm, guint32 flags)
{
    return matches(flags, traits_locked(vm));
}

gboolean remote_connect_list_all_domains(RpcCall *call,
                                         const RemoteConnectListAllDomainsArgs *args,
                                         RemoteConnectListAllDomainsRet *ret,
                                         GError **errp)
{
    g_autoptr(GPtrArray) vms = registry_list(driver_of_call(call)->registry);

    if (args->need_results) {
        ret->domains = g_new0(RemoteDomain, MAX(vms->len, 1));
    }
    for (guint i = 0; i < vms->len; i++) {
        Vm *vm = vms->pdata[i];
        gboolean wanted;
        int id;

        g_mutex_lock(&vm->lock);
        wanted = api_matches_locked(vm, args->flags);
        id = vm->id;
        g_mutex_unlock(&vm->lock);
        if (!wanted) {
            continue;
        }
        if (args->need_results) {
            vm_fill_domain_as(vm, id, &ret->domains[ret->n_domains++]);
        }
        ret->ret++;
    }
    return TRUE;
}

/* ---- the lists of old clients: IDs of those that run, names of the others ---- */

/* Those that the flags select; an array of references. */
static GPtrArray *list(RpcCall *call, guint32 flags)
{
    g_autoptr(GPtrArray) all = registry_list(driver_of_call(call)->registry);
    GPtrArray *some = g_ptr_array_new_with_free_func((GDestroyNotify)vm_unref);

    for (guint i = 0; i < all->len; i++) {
        Vm *vm = all->pdata[i];
        gboolean wanted;

        g_mutex_lock(&vm->lock);
        wanted = api_matches_locked(vm, flags);
        g_mutex_unlock(&vm->lock);
        if (wanted) {
            g_ptr_array_add(some, vm_ref(vm));
        }
    }
    return some;
}

static gint32 count(RpcCall *call, guint32 flags)
{
    g_autoptr(GPtrArray) vms = list(call, flags);

    return (gint32)vms->len;
}

static guint limit(const GPtrArray *vms, gint32 most)
{
    return MIN(vms->len, (guint)MAX(most, 0));
}

gboolean remote_connect_num_of_domains(RpcCall *call, RemoteConnectNumOfDomainsRet *ret,
                                       GError **errp)
{
    ret->num = count(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    return TRUE;
}

gboolean remote_connect_list_domains(RpcCall *call,
                                     const RemoteConnectListDomainsArgs *args,
                                     RemoteConnectListDomainsRet *ret, GError **errp)
{
    g_autoptr(GPtrArray) vms = list(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    ret->ids = g_new0(gint32, vms->len + 1);
    for (guint i = 0; i < limit(vms, args->maxids); i++) {
        Vm *vm = vms->pdata[i];

        g_mutex_lock(&vm->lock);
        if (vm_is_active_locked(vm)) {
            ret->ids[ret->n_ids++] = vm->id;
        }
        g_mutex_unlock(&vm->lock);
    }
    return TRUE;
}

gboolean remote_connect_num_of_defined_domains(RpcCall *call,
                                               RemoteConnectNumOfDefinedDomainsRet *ret,
                                               GError **errp)
{
    ret->num = count(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE);
    return TRUE;
}

gboolean remote_connect_list_defined_domains(
    RpcCall *call, const RemoteConnectListDefinedDomainsArgs *args,
    RemoteConnectListDefinedDomainsRet *ret, GError **errp)
{
    g_autoptr(GPtrArray) vms = list(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE);

    ret->names = g_new0(char *, vms->len + 1);
    for (guint i = 0; i < limit(vms, args->maxnames); i++) {
        ret->names[ret->n_names++] = g_strdup(((Vm *)vms->pdata[i])->name);
    }
    return TRUE;
}

/* ---- what one is ---- */

gboolean remote_domain_is_active(RpcCall *call, const RemoteDomainIsActiveArgs *args,
                                 RemoteDomainIsActiveRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    ret->active = vm_is_active_locked(vm);
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

gboolean remote_domain_is_persistent(RpcCall *call,
                                     const RemoteDomainIsPersistentArgs *args,
                                     RemoteDomainIsPersistentRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    ret->persistent = vm->config != NULL;
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

gboolean remote_domain_is_updated(RpcCall *call, const RemoteDomainIsUpdatedArgs *args,
                                  RemoteDomainIsUpdatedRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    return vm != NULL; /* the definition on disk is always the one that we have */
}
