/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plug is several commands. When the daemon dies between them, or one of them is not
 * answered in time, what they have made stays behind in the emulator; and a
 * DEVICE_DELETED that comes while no daemon runs is heard by nobody. The emulator is
 * asked what it has: its devices, block nodes and sets of descriptors can be listed. Its
 * network back ends cannot, but their names are known.
 */
#include "domain/reconcile.h"

#include <string.h>

#include "command/command.h"
#include "domain/chardev.h"
#include "domain/driver.h"
#include "domain/hotplug.h"
#include "domain/media.h"
#include "domain/monitor.h"
#include "util/json.h"

/* The strings under key in the objects of an array; NULL when it is none. */
static GPtrArray *collect_strings(JsonNode *reply, const char *key)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    JsonArray *array;

    if (!JSON_NODE_HOLDS_ARRAY(reply)) {
        return NULL;
    }
    array = json_node_get_array(reply);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        const char *name = JSON_NODE_HOLDS_OBJECT(node)
                               ? util_json_string(json_node_get_object(node), key)
                               : NULL;

        if (name) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    return g_steal_pointer(&names);
}

static GPtrArray *query_names(Vm *vm, guint64 run, const char *command, JsonObject *args,
                              const char *key, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    GPtrArray *names;

    if (!vm_call(vm, run, command, args, &reply, errp)) {
        return NULL;
    }
    names = collect_strings(reply, key);
    if (!names) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL, "'%s' did not return a list",
                    command);
    }
    return names;
}

static gboolean has_name(GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);
}

static void log_error(Vm *vm, guint64 run, const GError *err)
{
    vm_mark_if_timeout(vm, run, err);
    g_message("domain '%s': what a plug has left: %s", vm->name, err->message);
}

/* ---- devices ---- */

typedef struct Missing {
    GPtrArray *present;
    GPtrArray *aliases;
} Missing;

static gboolean note_missing(const DomainDevice *device, gpointer opaque)
{
    Missing *m = opaque;
    const char *alias = xml_device_info(device)->alias;

    if (command_can_unplug(device, NULL) && !has_name(m->present, alias)) {
        g_ptr_array_add(m->aliases, g_strdup(alias));
    }
    return TRUE;
}

/* Their DEVICE_DELETED came when nobody listened. */
static void finish_missing(Vm *vm, guint64 run, GPtrArray *present)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
    Missing m = { present, aliases };

    xml_domain_foreach_device(def->domain, note_missing, &m);
    for (guint i = 0; i < aliases->len; i++) {
        g_autoptr(GError) err = NULL;

        if (!vm_finish_unplug(vm, run, aliases->pdata[i], &err)) {
            log_error(vm, run, err);
        }
    }
}

/* What the last plug was about, if that is the device with this alias; else NULL. */
static DomainDevice *copy_plugging(Vm *vm, guint64 run, const char *alias)
{
    DomainDevice *device = NULL;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && vm->run->plugging &&
        g_strcmp0(xml_device_info(vm->run->plugging)->alias, alias) == 0) {
        device = xml_device_copy(vm->run->plugging);
    }
    g_mutex_unlock(&vm->lock);
    return device;
}

/*
 * Where the guest has to let go of it, that may take long, and it may refuse: the device
 * is then as one whose detach is under way. Elsewhere it goes at once, unless the host
 * keeps it. *removed: it has gone.
 */
static gboolean remove_left(Vm *vm, guint64 run, const Domain *domain, const char *alias,
                            gboolean *removed, GError **errp)
{
    g_autoptr(DomainDevice) device = copy_plugging(vm, run, alias);
    gboolean asks = device && command_has_place(domain, device);

    *removed = FALSE;
    if (asks) {
        return vm_adopt_device(vm, run, device, errp) &&
               vm_request_unplug(vm, run, alias, errp);
    }
    return vm_remove_device(vm, run, alias, removed, errp) &&
           (*removed || !device || vm_adopt_device(vm, run, device, errp));
}

/* FALSE: one is there still that no definition knows, and needs its back end. */
static gboolean remove_unknown_devices(Vm *vm, guint64 run, GPtrArray *present)
{
    g_autoptr(VmDef) before = vm_get_def(vm);
    gboolean all = TRUE;

    for (guint i = 0; i < present->len; i++) {
        const char *alias = present->pdata[i];
        g_autoptr(VmDef) now = NULL;
        g_autoptr(GError) err = NULL;
        gboolean removed;

        if (!command_is_plugged_alias(alias) ||
            xml_domain_find_alias(before->domain, alias, NULL)) {
            continue;
        }
        g_message("domain '%s': removing device '%s', which was left by a plug", vm->name,
                  alias);
        if (!remove_left(vm, run, before->domain, alias, &removed, &err)) {
            log_error(vm, run, err);
        }
        now = vm_get_def(vm);
        all = all && (removed || xml_domain_find_alias(now->domain, alias, NULL));
    }
    return all;
}

/* ---- back ends ---- */

static void remove_node(Vm *vm, guint64 run, const char *node)
{
    g_autoptr(GError) err = NULL;

    g_message("domain '%s': removing block node '%s', which was left by a plug", vm->name,
              node);
    if (!vm_call(vm, run, "blockdev-del", util_json_pair("node-name", node), NULL,
                 &err)) {
        log_error(vm, run, err);
    }
}

static void remove_unknown_nodes(Vm *vm, guint64 run, GPtrArray *nodes)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GPtrArray) unknown = command_unknown_nodes(def->domain, nodes);

    for (guint i = 0; i < unknown->len; i++) {
        remove_node(vm, run, unknown->pdata[i]);
    }
}

/* That there is none to remove is the usual answer. */
static void remove_leftovers(Vm *vm, guint64 run)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(GPtrArray) steps = command_leftovers(def->domain);

    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!vm_call(vm, run, step->undo, json_object_ref(step->undo_arguments), NULL,
                     &err) &&
            vm_mark_if_timeout(vm, run, err)) {
            return;
        }
    }
}

gboolean vm_remove_sets(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GPtrArray) steps = NULL;

    if (!vm_call(vm, run, "query-fdsets", NULL, &reply, errp)) {
        return FALSE;
    }
    steps = command_passed_sets(reply);
    if (!steps) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                    "'query-fdsets' did not return a list");
        return FALSE;
    }
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!vm_call(vm, run, step->undo, json_object_ref(step->undo_arguments), NULL,
                     &err)) {
            log_error(vm, run, err);
        }
    }
    return TRUE;
}

/* ---- all ---- */

static gboolean set_pending(Vm *vm, guint64 run, gboolean pending)
{
    gboolean before = FALSE;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        before = vm->run->unreconciled;
        vm->run->unreconciled = pending;
    }
    g_mutex_unlock(&vm->lock);
    return before;
}

void vm_mark_unreconciled(Vm *vm, guint64 run)
{
    set_pending(vm, run, TRUE);
}

gboolean vm_mark_if_timeout(Vm *vm, guint64 run, const GError *err)
{
    gboolean timeout = g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT);

    if (timeout) {
        vm_mark_unreconciled(vm, run);
    }
    return timeout;
}

/* An emulator that started before such a command was there is left as it is. */
static gboolean cannot_tell(Vm *vm, guint64 run, GError *err, GError **errp)
{
    if (g_error_matches(err, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND)) {
        log_error(vm, run, err);
        g_error_free(err);
        return TRUE;
    }
    vm_mark_unreconciled(vm, run);
    g_propagate_error(errp, err);
    return FALSE;
}

gboolean vm_reconcile(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(GPtrArray) devices = NULL, nodes = NULL;
    GError *err = NULL;
    gboolean known;

    set_pending(vm, run, FALSE);
    if (!(devices =
              query_names(vm, run, "qom-list", util_json_pair("path", COMMAND_PERIPHERAL),
                          "name", &err))) {
        return cannot_tell(vm, run, err, errp);
    }
    finish_missing(vm, run, devices);
    known = remove_unknown_devices(vm, run, devices);
    vm_settle_media(vm, run); /* what is not in a drive any more has nodes to remove */
    if (!(nodes =
              query_names(vm, run, "query-named-block-nodes", NULL, "node-name", &err))) {
        return cannot_tell(vm, run, err, errp);
    }
    if (known) { /* else when the device has gone */
        remove_unknown_nodes(vm, run, nodes);
        remove_leftovers(vm, run);
        vm_release_plugging(vm, run);
    }
    vm_refresh_trays(vm, run);
    vm_refresh_channels(vm, run);
    return vm_remove_sets(vm, run, &err) || cannot_tell(vm, run, err, errp);
}

gboolean vm_reconcile_pending(Vm *vm, guint64 run, GError **errp)
{
    return !set_pending(vm, run, FALSE) || vm_reconcile(vm, run, errp);
}

/* What comes from here on is another worker's. Whether there is something to do. */
static gboolean take_pending(Vm *vm, guint64 run)
{
    gboolean pending = FALSE;

    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        vm->run->reconcile_soon = FALSE;
        pending = vm->run->unreconciled;
    }
    g_mutex_unlock(&vm->lock);
    return pending;
}

static void reconcile_soon(Vm *vm, guint64 run)
{
    g_autoptr(GError) err = NULL;
    guint64 now;
    gboolean ok = vm_begin_live_job(vm, JOB_MODIFY, "reconciliation", &now, &err);
    gboolean pending = take_pending(vm, run);

    if (ok) {
        ok = !pending || vm_reconcile(vm, run, &err);
        vm_end_job(vm);
    }
    if (!ok) {
        log_error(vm, run, err);
    }
}

void vm_reconcile_now(Vm *vm, guint64 run)
{
    gboolean pending;

    g_mutex_lock(&vm->lock);
    pending = vm_is_run_locked(vm, run) && vm->run->unreconciled;
    g_mutex_unlock(&vm->lock);
    if (pending) {
        reconcile_soon(vm, run);
    }
}

void vm_reconcile_soon_locked(Vm *vm)
{
    vm->run->unreconciled = TRUE;
    if (!vm->run->reconcile_soon) { /* one worker that waits for the job is enough */
        vm->run->reconcile_soon = TRUE;
        driver_run(vm, vm->run->serial, FALSE, reconcile_soon);
    }
}
