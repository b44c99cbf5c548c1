/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/impact.h"

#include "domain/define.h"

void vm_impact_clear(Impact *impact)
{
    g_clear_pointer(&impact->before, vm_def_unref);
}

static gboolean refuse_transient(GError **errp)
{
    return rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_OPERATION_INVALID,
                              "transient domains do not have any persistent config");
}

gboolean vm_read_impact(Vm *vm, guint32 flags, Impact *impact, GError **errp)
{
    gboolean ok = TRUE, active;

    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    impact->live = (flags & VIR_DOMAIN_AFFECT_LIVE) ||
                   (!(flags & VIR_DOMAIN_AFFECT_CONFIG) && active);
    impact->config = (flags & VIR_DOMAIN_AFFECT_CONFIG) || !impact->live;
    if (impact->live && !active) {
        ok = vm_refuse_inactive(errp);
    } else if (impact->config && !vm->config) {
        ok = refuse_transient(errp);
    }
    if (ok && impact->live) {
        impact->run = vm->run->serial;
    }
    if (ok && impact->config) {
        impact->before = vm_def_ref(vm->config);
    }
    g_mutex_unlock(&vm->lock);
    return ok;
}

/*
 * A call that changes both definitions changes both or neither: what can be expected to
 * fail with the persistent one is done before the guest is touched.
 */
gboolean vm_finish_impact(Vm *vm, const Impact *impact, Domain *config, gboolean live_ok,
                          GError **errp)
{
    g_autoptr(Domain) owned = config;

    if (config && !live_ok) {
        vm_unstage_config(vm);
    }
    return live_ok && (!config || vm_commit_config(vm, impact->before,
                                                   g_steal_pointer(&owned), errp));
}

VmDef *vm_get_def_for(Vm *vm, guint32 flags, GError **errp)
{
    gboolean live = (flags & VIR_DOMAIN_AFFECT_LIVE) != 0;
    gboolean config = (flags & VIR_DOMAIN_AFFECT_CONFIG) != 0;
    VmDef *def = NULL;

    if (live && config) {
        rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                      "the live and the persistent definition cannot be read at once");
        return NULL;
    }
    g_mutex_lock(&vm->lock);
    if (live && !vm_is_active_locked(vm)) {
        vm_refuse_inactive(errp);
    } else if (config && !vm->config) {
        refuse_transient(errp);
    } else {
        def = config ? vm_def_ref(vm->config) : vm_get_def_locked(vm);
    }
    g_mutex_unlock(&vm->lock);
    return def;
}
