/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defining, starting, and ending domains. */
#include "domain/agent.h"
#include "domain/api.h"
#include "domain/async-job.h"
#include "domain/cpus.h"
#include "domain/define.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "domain/waiter.h"
#include "util/json.h"

#define DESTROY_TIMEOUT_MS  30000
#define GRACEFUL_TIMEOUT_MS 15000

/* ---- definition ---- */

/* A definition that a client sends; validated when it asks for that. */
static Domain *parse(Driver *driver, const char *xml, gboolean validate, GError **errp)
{
    return !validate || xml_domain_validate(xml, NULL, errp)
               ? driver_parse_domain(driver, xml, errp)
               : NULL;
}

static gboolean define(RpcCall *call, const char *xml, guint32 flags, RemoteDomain *dom,
                       GError **errp)
{
    Driver *driver = driver_of_call(call);
    Domain *domain = parse(driver, xml, flags & VIR_DOMAIN_DEFINE_VALIDATE, errp);
    g_autoptr(Vm) vm = domain ? vm_define(driver, domain, NULL, errp) : NULL;

    if (!vm) {
        return FALSE;
    }
    vm_fill_domain(vm, dom);
    return TRUE;
}

gboolean remote_domain_define_xml(RpcCall *call, const RemoteDomainDefineXmlArgs *args,
                                  RemoteDomainDefineXmlRet *ret, GError **errp)
{
    return define(call, args->xml, 0, &ret->dom, errp);
}

gboolean remote_domain_define_xml_flags(RpcCall *call,
                                        const RemoteDomainDefineXmlFlagsArgs *args,
                                        RemoteDomainDefineXmlFlagsRet *ret, GError **errp)
{
    return define(call, args->xml, args->flags, &ret->dom, errp);
}

gboolean remote_domain_rename(RpcCall *call, const RemoteDomainRenameArgs *args,
                              RemoteDomainRenameRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;

    if (!vm) {
        return FALSE;
    }
    if (!args->new_name) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "there is no new name");
    }
    if (!vm_wait_cleared(vm, errp) || !vm_begin_job(vm, JOB_MODIFY, "rename", errp)) {
        return FALSE;
    }
    ok = vm_rename(vm, args->new_name, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_set_autostart(RpcCall *call,
                                     const RemoteDomainSetAutostartArgs *args,
                                     GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;

    if (!vm || !vm_begin_job(vm, JOB_MODIFY, "autostart", errp)) {
        return FALSE;
    }
    ok = vm_set_autostart(vm, args->autostart != 0, errp);
    vm_end_job(vm);
    return ok;
}

/* Of the flags, those about saves and snapshots mean what there is not. */
static gboolean undefine(RpcCall *call, const RemoteDomain *dom, guint32 flags,
                         GError **errp)
{
    guint32 both = VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM;
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    gboolean ok;

    if (vm && (flags & both) == both) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "Flags 'VIR_DOMAIN_UNDEFINE_NVRAM' and "
                             "'VIR_DOMAIN_UNDEFINE_KEEP_NVRAM' are mutually exclusive");
    }
    if (!vm || !vm_begin_job(vm, JOB_MODIFY, "undefine", errp)) {
        return FALSE;
    }
    ok = vm_undefine(vm, flags, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_undefine(RpcCall *call, const RemoteDomainUndefineArgs *args,
                                GError **errp)
{
    return undefine(call, &args->dom, 0, errp);
}

gboolean remote_domain_undefine_flags(RpcCall *call,
                                      const RemoteDomainUndefineFlagsArgs *args,
                                      GError **errp)
{
    return undefine(call, &args->dom, args->flags, errp);
}

/* ---- start ---- */

static VmStart start_of_flags(RpcCall *call, guint32 flags)
{
    return (VmStart){
        .paused = (flags & VIR_DOMAIN_START_PAUSED) != 0,
        .reset_nvram = (flags & VIR_DOMAIN_START_RESET_NVRAM) != 0,
        .autodestroy =
            flags & VIR_DOMAIN_START_AUTODESTROY ? rpc_call_client(call) : NULL,
    };
}

gboolean remote_domain_create_xml(RpcCall *call, const RemoteDomainCreateXmlArgs *args,
                                  RemoteDomainCreateXmlRet *ret, GError **errp)
{
    Driver *driver = driver_of_call(call);
    VmStart how = start_of_flags(call, args->flags);
    g_autoptr(Domain) domain =
        parse(driver, args->xml_desc, args->flags & VIR_DOMAIN_START_VALIDATE, errp);
    gboolean again = TRUE, ok = FALSE;

    while (domain && again) {
        g_autoptr(Vm) vm = vm_find_or_create(driver, domain, errp);
        g_autoptr(GError) err = NULL;

        if (!vm) {
            return FALSE;
        }
        ok = vm_start_as_defined(vm, xml_domain_copy(domain), &how, &err);
        /* One that another call has created, and given up: the next one is ours. */
        again =
            !ok && vm_discard(vm) && g_error_matches(err, RPC_ERROR, VIR_ERR_NO_DOMAIN);
        if (ok) {
            vm_fill_domain(vm, &ret->dom);
        } else if (!again) {
            g_propagate_error(errp, g_steal_pointer(&err));
        }
    }
    return ok;
}

gboolean remote_domain_create(RpcCall *call, const RemoteDomainCreateArgs *args,
                              GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    VmStart how = { 0 };

    return vm && vm_start_as_defined(vm, NULL, &how, errp);
}

/* BYPASS_CACHE and FORCE_BOOT are about saved states, of which there are none. */
gboolean remote_domain_create_with_flags(RpcCall *call,
                                         const RemoteDomainCreateWithFlagsArgs *args,
                                         RemoteDomainCreateWithFlagsRet *ret,
                                         GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    VmStart how = start_of_flags(call, args->flags);

    if (!vm || !vm_start_as_defined(vm, NULL, &how, errp)) {
        return FALSE;
    }
    vm_fill_domain(vm, &ret->dom);
    return TRUE;
}

/* ---- end ---- */

/*
 * Without a job: who has one is waiting for a process that is about to end. Without a
 * worker, too, until it has: whatever keeps it from ending keeps nobody else waiting.
 */
static gboolean destroy(RpcCall *call, const RemoteDomain *dom, gboolean graceful,
                        GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    gboolean active, uncertain;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm->run != NULL;
    uncertain = vm_is_uncertain_locked(vm);
    if (active && !uncertain) {
        vm_wait_with_call_locked(vm, call,
                                 graceful ? GRACEFUL_TIMEOUT_MS : DESTROY_TIMEOUT_MS);
        vm_stop_locked(vm, graceful ? VM_STOP_ASK : VM_STOP_TERM,
                       VIR_DOMAIN_SHUTOFF_DESTROYED, VIR_DOMAIN_EVENT_STOPPED_DESTROYED);
    }
    g_mutex_unlock(&vm->lock);
    if (uncertain) {
        return vm_refuse_uncertain(vm, errp);
    }
    return active || vm_refuse_inactive(errp);
}

gboolean remote_domain_destroy(RpcCall *call, const RemoteDomainDestroyArgs *args,
                               GError **errp)
{
    return destroy(call, &args->dom, FALSE, errp);
}

gboolean remote_domain_destroy_flags(RpcCall *call,
                                     const RemoteDomainDestroyFlagsArgs *args,
                                     GError **errp)
{
    return destroy(call, &args->dom, (args->flags & VIR_DOMAIN_DESTROY_GRACEFUL) != 0,
                   errp);
}

/* ---- while it runs ---- */

/* Sends a command that needs nothing else. */
static gboolean simple(Vm *vm, const char *owner, const char *command, gboolean reboot,
                       GError **errp)
{
    gboolean ok;
    guint64 run;

    if (!vm_begin_live_job(vm, JOB_MODIFY, owner, &run, errp)) {
        return FALSE;
    }
    vm_set_reboot_wanted(vm, run, reboot);
    ok = vm_call(vm, run, command, NULL, NULL, errp);
    if (!ok) {
        vm_set_reboot_wanted(vm, run, FALSE);
    }
    vm_end_job(vm);
    return ok;
}

/* The guest goes down by itself: what an earlier call has wanted of that is no more. */
static gboolean ask_agent(RpcCall *call, Vm *vm, gboolean reboot, GError **errp)
{
    VmAgentAsk ask = {
        .command = "guest-shutdown",
        .args = util_json_pair("mode", reboot ? "reboot" : "powerdown"),
        .seconds = AGENT_SHUTDOWN_S,
        .instead = reboot ? AGENT_EVENT_RESET : AGENT_EVENT_SHUTDOWN,
    };
    guint64 run = 0;

    g_mutex_lock(&vm->lock);
    if (vm->run) {
        run = vm->run->serial;
    }
    g_mutex_unlock(&vm->lock);
    vm_set_reboot_wanted(vm, run, FALSE);
    return vm_agent_call(vm, call, &ask, NULL, errp);
}

/*
 * By the agent where it is asked for, or where nothing is and it is there; by ACPI where
 * that is asked for, or else if the agent does not do it.
 */
static gboolean power_down(RpcCall *call, const RemoteDomain *dom, gboolean agent,
                           gboolean acpi, gboolean reboot, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    const char *owner = reboot ? "reboot" : "shutdown";
    gboolean forced = agent && !acpi;
    g_autoptr(GError) err = NULL;

    if (!vm) {
        return FALSE;
    }
    if (forced) {
        return ask_agent(call, vm, reboot, errp);
    }
    if ((agent || !acpi) && vm_agent_is_there(vm)) {
        if (ask_agent(call, vm, reboot, &err)) {
            return TRUE;
        }
        g_message("domain '%s': %s by its guest's agent: %s", vm->name, owner,
                  err->message);
    }
    return simple(vm, owner, "system_powerdown", reboot, errp);
}

gboolean remote_domain_shutdown(RpcCall *call, const RemoteDomainShutdownArgs *args,
                                GError **errp)
{
    return power_down(call, &args->dom, FALSE, FALSE, FALSE, errp);
}

gboolean remote_domain_shutdown_flags(RpcCall *call,
                                      const RemoteDomainShutdownFlagsArgs *args,
                                      GError **errp)
{
    return power_down(
        call, &args->dom, (args->flags & VIR_DOMAIN_SHUTDOWN_GUEST_AGENT) != 0,
        (args->flags & VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) != 0, FALSE, errp);
}

/*
 * By ACPI the guest shuts down, and is reset instead of ended: see
 * vm_shutdown_seen_locked.
 */
gboolean remote_domain_reboot(RpcCall *call, const RemoteDomainRebootArgs *args,
                              GError **errp)
{
    return power_down(call, &args->dom,
                      (args->flags & VIR_DOMAIN_REBOOT_GUEST_AGENT) != 0,
                      (args->flags & VIR_DOMAIN_REBOOT_ACPI_POWER_BTN) != 0, TRUE, errp);
}

gboolean remote_domain_reset(RpcCall *call, const RemoteDomainResetArgs *args,
                             GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    return vm && simple(vm, "reset", "system_reset", FALSE, errp);
}

static int get_state(Vm *vm)
{
    int state;

    g_mutex_lock(&vm->lock);
    state = vm->state;
    g_mutex_unlock(&vm->lock);
    return state;
}

/*
 * Suspending a guest that migrates helps the migration along ("virsh migrate --timeout").
 * As in libvirt, it runs again when that ends: on the destination, or here if it fails.
 */
static gboolean suspend(Vm *vm, guint64 run, GError **errp)
{
    int reason;

    if (get_state(vm) == VIR_DOMAIN_PAUSED) {
        return TRUE;
    }
    g_mutex_lock(&vm->lock);
    reason = vm->async ? vm->async->kind->paused_reason : VIR_DOMAIN_PAUSED_USER;
    g_mutex_unlock(&vm->lock);
    if (!vm_pause_cpus(vm, run, reason, errp)) {
        return FALSE;
    }
    vm_update_status(vm, run);
    return TRUE;
}

gboolean remote_domain_suspend(RpcCall *call, const RemoteDomainSuspendArgs *args,
                               GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;
    guint64 run;

    if (!vm || !vm_begin_live_job(vm, JOB_SUSPEND, "suspend", &run, errp)) {
        return FALSE;
    }
    ok = suspend(vm, run, errp);
    vm_end_job(vm);
    return ok;
}

static gboolean resume(Vm *vm, guint64 run, GError **errp)
{
    if (get_state(vm) == VIR_DOMAIN_RUNNING) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "domain is already running");
    }
    if (!vm_resume_cpus(vm, run, VIR_DOMAIN_RUNNING_UNPAUSED, errp)) {
        return FALSE;
    }
    vm_update_status(vm, run);
    return TRUE;
}

gboolean remote_domain_resume(RpcCall *call, const RemoteDomainResumeArgs *args,
                              GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean ok;
    guint64 run;

    if (!vm || !vm_begin_live_job(vm, JOB_MODIFY, "resume", &run, errp)) {
        return FALSE;
    }
    ok = resume(vm, run, errp);
    vm_end_job(vm);
    return ok;
}
