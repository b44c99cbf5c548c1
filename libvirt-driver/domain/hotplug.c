/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/hotplug.h"

#include "command/command.h"
#include "domain/chardev.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/media.h"
#include "domain/memory.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "domain/run.h"
#include "util/json.h"

#define UNPLUG_TIMEOUT_US (5 * G_USEC_PER_SEC) /* as libvirt */

/* ---- plug ---- */

static void undo_step(Vm *vm, guint64 run, const CommandStep *step)
{
    g_autoptr(GError) err = NULL;

    if (step->undo && !vm_call(vm, run, step->undo, json_object_ref(step->undo_arguments),
                               NULL, &err)) {
        g_message("domain '%s': undoing a plug: %s", vm->name, err->message);
        vm_mark_if_timeout(vm, run, err);
    }
}

static void undo_steps(Vm *vm, guint64 run, GPtrArray *steps, guint done)
{
    while (done-- > 0) {
        undo_step(vm, run, steps->pdata[done]);
    }
}

/* The sets have served; see command/files.c. */
static void remove_sets(Vm *vm, guint64 run, GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (step->file.path) {
            undo_step(vm, run, step);
        }
    }
}

/* A step that is not answered in time may be done yet: undoing has to wait for it. */
gboolean vm_run_steps(Vm *vm, guint64 run, GPtrArray *steps, GError **errp)
{
    for (guint i = 0; i < steps->len; i++) {
        CommandStep *step = steps->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!vm_call_fd(vm, run, step->execute, json_object_ref(step->arguments),
                        step->fd, NULL, &err)) {
            if (!vm_mark_if_timeout(vm, run, err)) {
                undo_steps(vm, run, steps, i);
            }
            g_propagate_error(errp, g_steal_pointer(&err));
            return FALSE;
        }
    }
    remove_sets(vm, run, steps);
    return TRUE;
}

void vm_undo_steps(Vm *vm, guint64 run, GPtrArray *steps)
{
    undo_steps(vm, run, steps, steps->len);
}

static void set_plugging_locked(Vm *vm, DomainDevice *device)
{
    xml_device_free(vm->run->plugging);
    vm->run->plugging = device;
}

static gboolean has_plugging(const Domain *domain, const VmRun *run)
{
    return run->plugging &&
           xml_domain_find_alias(domain, xml_device_info(run->plugging)->alias, NULL);
}

gboolean vm_publish_live(Vm *vm, guint64 run, Domain *domain, GError **errp)
{
    g_mutex_lock(&vm->lock);
    /* What its end gives back is what the definition had when it began. */
    if (!vm_is_run_locked(vm, run) || vm->ending) {
        g_mutex_unlock(&vm->lock);
        xml_domain_free(domain);
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "the domain has ended");
    }
    vm_keep_trays(domain, vm->live->domain);
    vm_keep_channels(domain, vm->live->domain);
    vm_keep_memory(domain, vm->live->domain);
    if (has_plugging(domain, vm->run)) {
        set_plugging_locked(vm, NULL);
    }
    vm_set_live_locked(vm, vm_def_new(domain));
    g_mutex_unlock(&vm->lock);
    vm_update_status(vm, run);
    return TRUE;
}

/*
 * On disk before anything has them: no daemon will give the numbers to something else,
 * and each will know the device.
 */
static gboolean save_intent(Vm *vm, guint64 run, guint next, const DomainDevice *device,
                            GError **errp)
{
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->run->next_node = next;
        set_plugging_locked(vm, xml_device_copy(device));
    }
    g_mutex_unlock(&vm->lock);
    return vm_save_status(vm, run, errp);
}

/* What a plug has made on the host, which is not the plug's any more. */
static void release(Vm *vm, guint64 run, const DomainDevice *device)
{
    CommandHost host = vm_host(vm);
    gboolean ours;

    command_release_device(&host, device);
    g_mutex_lock(&vm->lock);
    ours = vm_is_run_locked(vm, run) && vm->run->plugging &&
           vm->run->plugging->type == DOMAIN_DEVICE_INTERFACE;
    if (ours) {
        xml_interface_forget_host(vm->run->plugging->interface);
    }
    g_mutex_unlock(&vm->lock);
    if (ours) {
        vm_update_status(vm, run);
    }
}

void vm_release_plugging(Vm *vm, guint64 run)
{
    g_autoptr(DomainDevice) device = NULL;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && vm->run->plugging &&
        !has_plugging(vm->live->domain, vm->run)) {
        device = xml_device_copy(vm->run->plugging);
    }
    g_mutex_unlock(&vm->lock);
    if (device) {
        release(vm, run, device);
    }
}

/*
 * Gives the device alias, slot and numbers, opens what it needs of the host, and says how
 * it is plugged.
 */
static GPtrArray *prepare_plug(Vm *vm, guint64 run, Domain *domain, DomainDevice *device,
                               GHashTable *fds, GError **errp)
{
    g_autoptr(GPtrArray) steps = NULL;
    g_autoptr(CommandEmulator) has = NULL;
    CommandHost host = vm_host(vm);
    g_autofree char *channel_dir = NULL;
    guint next = 0;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        next = vm->run->next_node;
        has = vm->run->has ? command_emulator_ref(vm->run->has) : NULL;
        channel_dir = vm_run_channel_dir(vm->run);
    }
    g_mutex_unlock(&vm->lock);
    host.emulator = has;
    host.channel_dir = channel_dir;
    host.plug = TRUE;
    if (!command_check_plug(domain, device, errp) ||
        !command_assign(domain, &next, errp) ||
        (command_device_asks_others(device) &&
         !save_intent(vm, run, next, device, errp)) ||
        !command_prepare_device(&host, domain, device, fds, errp)) {
        return NULL;
    }
    steps = command_plug(domain, device, fds, &next, errp);
    return steps && command_open_files(steps, errp) &&
                   save_intent(vm, run, next, device, errp)
               ? g_steal_pointer(&steps)
               : NULL;
}

/*
 * The slot that the emulator has chosen. One that cannot tell has taken the first free
 * one, as command_assign() has.
 */
static gboolean find_slot(Vm *vm, guint64 run, const Domain *domain,
                          const DomainDevice *device, GError **errp)
{
    const char *alias = xml_device_info(device)->alias;
    g_autofree char *path = g_strdup_printf("%s/%s", COMMAND_PERIPHERAL, alias);
    JsonObject *args = util_json_pair("path", path);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    json_object_set_string_member(args, "property", "parent_bus");
    if (vm_call(vm, run, "qom-get", args, &reply, &err)) {
        if (command_take_bus(domain, device,
                             JSON_NODE_HOLDS_VALUE(reply) ? json_node_get_string(reply)
                                                          : NULL)) {
            return TRUE;
        }
        g_set_error(&err, QMP_ERROR, QMP_ERROR_PROTOCOL, "'%s' is on no bus that we know",
                    alias);
    } else if (g_error_matches(err, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND)) {
        return TRUE;
    }
    vm_mark_unreconciled(vm, run); /* what is plugged and not in the definition goes */
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

/* The definition has the device: so it is announced. */
static gboolean publish_device(Vm *vm, guint64 run, Domain *domain, const char *alias,
                               GError **errp)
{
    if (!vm_publish_live(vm, run, domain, errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm_event_device_added_locked(vm, alias);
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

static gboolean ensure_place(Vm *vm, guint64 run, const Domain *domain,
                             const DomainDevice *device, GError **errp)
{
    return command_has_place(domain, device) || find_slot(vm, run, domain, device, errp);
}

/* What only the emulator knows of a device that has been plugged. */
static gboolean complete_plugged(Vm *vm, guint64 run, const Domain *domain,
                                 const DomainDevice *device, GError **errp)
{
    if (!ensure_place(vm, run, domain, device, errp)) {
        return FALSE;
    }
    if (!vm_complete_chardev(vm, run, device, errp)) {
        vm_mark_unreconciled(vm,
                             run); /* what is plugged and not in the definition goes */
        return FALSE;
    }
    return TRUE;
}

gboolean vm_adopt_device(Vm *vm, guint64 run, const DomainDevice *device, GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    DomainDevice added;

    return xml_domain_add_device(domain, device, &added, errp) &&
           complete_plugged(vm, run, domain, &added, errp) &&
           publish_device(vm, run, g_steal_pointer(&domain),
                          xml_device_info(device)->alias, errp);
}

gboolean vm_plug_device(Vm *vm, guint64 run, DomainDevice *device, char **alias,
                        GError **errp)
{
    g_autoptr(DomainDevice) owned = device;
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    g_autoptr(GPtrArray) steps = NULL;
    g_autofree char *name = NULL;
    DomainDevice added;
    g_autoptr(GHashTable) fds = command_fds_new();

    if (!command_can_plug(owned, errp) || !command_check_new(domain, owned, errp) ||
        !xml_domain_add_device(domain, owned, &added, errp)) {
        return FALSE;
    }
    if (!(steps = prepare_plug(vm, run, domain, &added, fds, errp)) ||
        !vm_run_steps(vm, run, steps, errp) ||
        !complete_plugged(vm, run, domain, &added, errp)) {
        release(vm, run, &added);
        return FALSE;
    }
    name = g_strdup(xml_device_info(&added)->alias);
    if (!publish_device(vm, run, g_steal_pointer(&domain), name, errp)) {
        return FALSE;
    }
    if (owned->type == DOMAIN_DEVICE_CHANNEL) {
        vm_refresh_channels(vm, run); /* a guest may have been faster */
    }
    *alias = g_steal_pointer(&name);
    return TRUE;
}

/* ---- unplug ---- */

gboolean vm_finish_unplug(Vm *vm, guint64 run, const char *alias, GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    g_autoptr(GPtrArray) steps = NULL;
    CommandHost host = vm_host(vm);
    DomainDevice device;

    if (!xml_domain_find_alias(domain, alias, &device)) {
        return TRUE; /* someone was faster */
    }
    steps = command_unplugged(&device);
    for (guint i = 0; i < steps->len; i++) {
        CommandStep *step = steps->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!vm_call(vm, run, step->undo, json_object_ref(step->undo_arguments), NULL,
                     &err)) {
            g_message("domain '%s': after the removal of '%s': %s", vm->name, alias,
                      err->message);
            vm_mark_if_timeout(vm, run, err);
        }
    }
    command_release_device(&host, &device);
    if (!xml_domain_remove_device(domain, &device, errp) ||
        !vm_publish_live(vm, run, g_steal_pointer(&domain), errp)) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    vm_event_device_removed_locked(vm, alias);
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

/* A removal that nobody waits for any more; by then there may be several. */
static void finish_late(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    guint64 now;

    if (!vm_begin_live_job(vm, JOB_MODIFY, "device removal", &now, &err)) {
        g_message("domain '%s': %s", vm->name, err->message);
        return;
    }
    while (now == run) {
        g_autofree char *alias = NULL;

        g_mutex_lock(&vm->lock);
        if (vm->deleted->len > 0) {
            alias = g_ptr_array_steal_index(vm->deleted, 0);
        }
        g_mutex_unlock(&vm->lock);
        if (!alias) {
            break;
        }
        if (!vm_finish_unplug(vm, run, alias, &err)) {
            g_message("domain '%s': %s", vm->name, err->message);
            break;
        }
    }
    vm_end_job(vm);
}

void vm_device_deleted_locked(Vm *vm, const char *alias)
{
    if (g_strcmp0(vm->unplugging, alias) == 0) {
        vm->unplugged = TRUE;
        g_cond_broadcast(&vm->cond);
    } else if (xml_domain_find_alias(vm->live->domain, alias, NULL) &&
               !g_ptr_array_find_with_equal_func(vm->deleted, alias, g_str_equal, NULL)) {
        g_ptr_array_add(vm->deleted, g_strdup(alias));
        driver_run(vm, vm->run->serial, FALSE, finish_late);
    } else if (!xml_domain_find_alias(vm->live->domain, alias, NULL)) {
        vm_reconcile_soon_locked(vm); /* its back end may be left */
    }
}

void vm_device_kept_locked(Vm *vm, const char *alias)
{
    if (g_strcmp0(vm->unplugging, alias) == 0) {
        vm->unplug_refused = TRUE;
        g_cond_broadcast(&vm->cond);
    }
    if (!xml_domain_find_alias(vm->live->domain, alias, NULL)) {
        vm->run->unreconciled = TRUE; /* it is asked again before the next plug */
    }
    vm_event_device_removal_failed_locked(vm, alias);
}

/*
 * Waits for DEVICE_DELETED, for a while: a guest may take its time. *removed: it has
 * come. Fails when the guest refuses.
 */
static gboolean wait_unplugged(Vm *vm, guint64 run, const char *alias, gboolean *removed,
                               GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + UNPLUG_TIMEOUT_US;
    gboolean in_time = TRUE, ok = TRUE;

    g_mutex_lock(&vm->lock);
    while (vm_is_run_locked(vm, run) && !vm->unplugged && !vm->unplug_refused &&
           in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    *removed = vm->unplugged;
    if (!vm_is_run_locked(vm, run)) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "the domain has ended");
    } else if (!vm->unplugged && vm->unplug_refused) {
        ok = rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                           "unplug of device '%s' was rejected by the guest", alias);
    }
    g_clear_pointer(&vm->unplugging, g_free);
    g_mutex_unlock(&vm->lock);
    return ok;
}

/* *removed: there is none any more. */
static gboolean ask_removal(Vm *vm, guint64 run, const char *alias, gboolean *removed,
                            GError **errp)
{
    g_autoptr(GError) err = NULL;

    *removed = FALSE;
    if (vm_call(vm, run, "device_del", util_json_pair("id", alias), NULL, &err)) {
        return TRUE;
    }
    *removed = g_error_matches(err, QMP_ERROR, QMP_ERROR_DEVICE_NOT_FOUND);
    if (!*removed) {
        g_propagate_error(errp, g_steal_pointer(&err));
    }
    return *removed;
}

gboolean vm_remove_device(Vm *vm, guint64 run, const char *alias, gboolean *removed,
                          GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    vm->unplugging = g_strdup(alias);
    vm->unplugged = vm->unplug_refused = FALSE;
    g_mutex_unlock(&vm->lock);
    ok = ask_removal(vm, run, alias, removed, errp);
    if (ok && !*removed) {
        return wait_unplugged(vm, run, alias, removed, errp);
    }
    g_mutex_lock(&vm->lock);
    g_clear_pointer(&vm->unplugging, g_free);
    g_mutex_unlock(&vm->lock);
    return ok;
}

gboolean vm_unplug_device(Vm *vm, guint64 run, const DomainDevice *match, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    DomainDevice device;
    gboolean removed;
    const char *alias;

    if (xml_domain_find_device(def->domain, match, &device, errp) < 0 ||
        !command_check_unplug(def->domain, &device, errp)) {
        return FALSE;
    }
    alias = xml_device_info(&device)->alias;
    /* One that has not gone yet is removed when it has: see vm_device_deleted_locked. */
    return vm_remove_device(vm, run, alias, &removed, errp) &&
           (!removed || vm_finish_unplug(vm, run, alias, errp));
}

gboolean vm_find_alias(const Domain *domain, const char *alias, DomainDevice *device,
                       GError **errp)
{
    return xml_domain_find_alias(domain, alias, device) ||
           rpc_error_set_from(errp, VIR_FROM_DOMAIN, VIR_ERR_INTERNAL_ERROR,
                              "no device found with alias %s", alias);
}

gboolean vm_request_unplug(Vm *vm, guint64 run, const char *alias, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    DomainDevice device;
    gboolean removed;

    return vm_find_alias(def->domain, alias, &device, errp) &&
           command_check_unplug(def->domain, &device, errp) &&
           ask_removal(vm, run, alias, &removed, errp) &&
           (!removed || vm_finish_unplug(vm, run, alias, errp));
}
