/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of medium: the new image's nodes are made first, which is what can be expected
 * to fail; then the tray is opened, and the old medium taken out. From there on the
 * definition has the new one, so that its nodes are known whatever happens; it is put in,
 * and the tray closed.
 */
#include "domain/media.h"

#include "command/command.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/hotplug.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "domain/reconcile.h"
#include "util/json.h"

#define TRAY_TIMEOUT_US (5 * G_USEC_PER_SEC) /* as libvirt */

static DomainDisk *find_drive(const Domain *domain, const char *alias)
{
    DomainDevice device;

    return xml_domain_find_alias(domain, alias, &device) &&
                   device.type == DOMAIN_DEVICE_DISK &&
                   device.disk->device == DOMAIN_DISK_DEVICE_CDROM
               ? device.disk
               : NULL;
}

gboolean vm_same_medium(const DomainDisk *a, const DomainDisk *b)
{
    return g_strcmp0(a->source.path, b->source.path) == 0 &&
           (!a->source.path || a->source.type == b->source.type);
}

/* ---- trays ---- */

void vm_keep_trays(const Domain *to, const Domain *from)
{
    for (guint i = 0; i < from->disks->len; i++) {
        const DomainDisk *disk = from->disks->pdata[i];
        DomainDisk *drive = disk->info.alias ? find_drive(to, disk->info.alias) : NULL;

        if (drive) {
            drive->tray = disk->tray;
        }
    }
}

void vm_close_trays(Domain *domain)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        ((DomainDisk *)domain->disks->pdata[i])->tray = DOMAIN_TRAY_DEFAULT;
    }
}

static gboolean set_tray_locked(Vm *vm, const char *alias, gboolean open)
{
    DomainTray tray = open ? DOMAIN_TRAY_OPEN : DOMAIN_TRAY_DEFAULT;
    const DomainDisk *drive = find_drive(vm->live->domain, alias);
    Domain *domain;

    if (!drive || drive->tray == tray) {
        return FALSE;
    }
    domain = xml_domain_copy(vm->live->domain);
    find_drive(domain, alias)->tray = tray;
    vm_set_live_locked(vm, vm_def_new(domain));
    return TRUE;
}

void vm_tray_moved_locked(Vm *vm, const char *id, gboolean open)
{
    const DomainDisk *disk = command_disk_named(vm->live->domain, id);
    g_autofree char *alias = disk ? g_strdup(disk->info.alias) : NULL;

    if (!alias || !set_tray_locked(vm, alias, open)) {
        return;
    }
    vm_event_tray_change_locked(vm, alias,
                                open ? VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN
                                     : VIR_DOMAIN_EVENT_TRAY_CHANGE_CLOSE);
    driver_run(vm, vm->run->serial, FALSE, vm_update_status);
}

static void take_trays(Vm *vm, guint64 run, JsonArray *list)
{
    g_mutex_lock(&vm->lock);
    for (guint i = 0; i < json_array_get_length(list) && vm_is_run_locked(vm, run); i++) {
        JsonNode *node = json_array_get_element(list, i);
        JsonObject *entry =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (entry && json_object_has_member(entry, "tray_open")) {
            vm_tray_moved_locked(vm, util_json_string(entry, "qdev"),
                                 util_json_bool(entry, "tray_open"));
        }
    }
    g_mutex_unlock(&vm->lock);
}

static gboolean has_drives(const Domain *domain)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        if (((const DomainDisk *)domain->disks->pdata[i])->device ==
            DOMAIN_DISK_DEVICE_CDROM) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What the emulator says of its drives, if the definition has any; NULL, else. */
static JsonNode *query_drives(Vm *vm, guint64 run)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    if (has_drives(def->domain) && !vm_call(vm, run, "query-block", NULL, &reply, &err)) {
        g_message("domain '%s': the state of its drives: %s", vm->name, err->message);
    }
    return reply && JSON_NODE_HOLDS_ARRAY(reply) ? g_steal_pointer(&reply) : NULL;
}

void vm_refresh_trays(Vm *vm, guint64 run)
{
    g_autoptr(JsonNode) reply = query_drives(vm, run);

    if (reply) {
        take_trays(vm, run, json_node_get_array(reply));
    }
}

/* ---- media ---- */

/* "vm", "run", the drive's alias: what all steps are about. */
typedef struct Change {
    Vm *vm;
    guint64 run;
    const char *alias;
} Change;

static gboolean tray_call(const Change *c, const char *command, const char *key,
                          const char *value, GError **errp)
{
    JsonObject *args = util_json_pair("id", c->alias);
    g_autoptr(GError) err = NULL;

    if (key) {
        json_object_set_string_member(args, key, value);
    }
    if (vm_call(c->vm, c->run, command, args, NULL, &err)) {
        return TRUE;
    }
    vm_mark_if_timeout(c->vm, c->run, err);
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

static gboolean is_open_locked(const Change *c)
{
    const DomainDisk *drive = find_drive(c->vm->live->domain, c->alias);

    return drive && drive->tray == DOMAIN_TRAY_OPEN;
}

/* The guest opens it when it likes. */
static gboolean wait_open(const Change *c, GError **errp)
{
    gint64 deadline = g_get_monotonic_time() + TRAY_TIMEOUT_US;
    gboolean in_time = TRUE, open, alive;
    Vm *vm = c->vm;

    g_mutex_lock(&vm->lock);
    while ((alive = vm_is_run_locked(vm, c->run)) && !is_open_locked(c) && in_time) {
        in_time = g_cond_wait_until(&vm->cond, &vm->lock, deadline);
    }
    open = alive && is_open_locked(c);
    g_mutex_unlock(&vm->lock);
    return open || rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "%s",
                                 alive ? "timed out waiting for disk tray status update"
                                       : "the domain has ended");
}

static gboolean open_tray(const Change *c, gboolean force, GError **errp)
{
    JsonObject *args = util_json_pair("id", c->alias);
    gboolean open;

    g_mutex_lock(&c->vm->lock);
    open = vm_is_run_locked(c->vm, c->run) && is_open_locked(c);
    g_mutex_unlock(&c->vm->lock);
    json_object_set_boolean_member(args, "force", force);
    if (open) {
        json_object_unref(args);
        return TRUE;
    }
    return vm_call(c->vm, c->run, "blockdev-open-tray", args, NULL, errp) &&
           (force || wait_open(c, errp));
}

/* An emulator that does not answer is left alone until it does: see domain/reconcile.h.
 */
static gboolean is_silent(const GError *err)
{
    return g_error_matches(err, QMP_ERROR, QMP_ERROR_TIMEOUT);
}

/* What cannot be taken away now is known as left. */
static void remove_nodes(const Change *c, const DomainDisk *medium)
{
    g_autoptr(GPtrArray) steps = command_medium_removed(medium);

    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(GError) err = NULL;

        if (!vm_call(c->vm, c->run, step->undo, json_object_ref(step->undo_arguments),
                     NULL, &err)) {
            g_message("domain '%s': the nodes of a medium of '%s': %s", c->vm->name,
                      c->alias, err->message);
            vm_mark_unreconciled(c->vm, c->run);
            if (is_silent(err)) {
                return;
            }
        }
    }
}

/* The new image's nodes; nothing uses them yet. */
static gboolean add_nodes(const Change *c, DomainDisk *medium, GError **errp)
{
    g_autoptr(GPtrArray) steps = NULL;
    guint next = 0;

    g_mutex_lock(&c->vm->lock);
    if (vm_is_run_locked(c->vm, c->run)) {
        next = c->vm->run->next_node;
    }
    g_mutex_unlock(&c->vm->lock);
    steps = command_medium(medium, &next);
    if (!command_open_files(steps, errp)) {
        return FALSE;
    }
    /* On disk before anything has them. */
    g_mutex_lock(&c->vm->lock);
    if (vm_is_run_locked(c->vm, c->run)) {
        c->vm->run->next_node = next;
    }
    g_mutex_unlock(&c->vm->lock);
    return vm_save_status(c->vm, c->run, errp) &&
           vm_run_steps(c->vm, c->run, steps, errp);
}

/* The definition has this medium, whose drive gets back what it had. */
static gboolean publish(const Change *c, DomainDisk *medium, GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(c->vm);
    g_autoptr(Domain) domain = xml_domain_copy(old->domain);
    DomainDisk *drive = find_drive(domain, c->alias);
    g_autoptr(DomainDevice) copy =
        xml_device_copy(&(DomainDevice){ .type = DOMAIN_DEVICE_DISK, .disk = medium });

    if (!drive) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "there is no drive '%s'",
                             c->alias);
    }
    xml_disk_swap_source(drive, copy->disk);
    return vm_publish_live(c->vm, c->run, g_steal_pointer(&domain), errp);
}

static gboolean take_out(const Change *c, gboolean force, GError **errp)
{
    return open_tray(c, force, errp) &&
           tray_call(c, "blockdev-remove-medium", NULL, NULL, errp);
}

static void try_remove(const Change *c)
{
    g_autoptr(GError) err = NULL;

    if (!tray_call(c, "blockdev-remove-medium", NULL, NULL, &err)) {
        g_message("domain '%s': taking the medium out of '%s' again: %s", c->vm->name,
                  c->alias, err->message);
    }
}

static gboolean put_in(const Change *c, const DomainDisk *medium, GError **errp)
{
    g_autofree char *node = medium->source.path ? command_medium_node(medium) : NULL;
    g_autoptr(GError) err = NULL;

    if (node && !tray_call(c, "blockdev-insert-medium", "node-name", node, errp)) {
        return FALSE;
    }
    if (tray_call(c, "blockdev-close-tray", NULL, NULL, &err)) {
        return TRUE;
    }
    if (node && !is_silent(err)) {
        try_remove(c);
    }
    g_propagate_error(errp, g_steal_pointer(&err));
    return FALSE;
}

/* Nothing, in the place of what could not be put in, or is not in any more. */
static void publish_empty(const Change *c, const DomainDisk *medium)
{
    g_autoptr(DomainDevice) copy = xml_device_copy(
        &(DomainDevice){ .type = DOMAIN_DEVICE_DISK, .disk = (DomainDisk *)medium });
    g_autoptr(GError) err = NULL;

    g_clear_pointer(&copy->disk->source.path, g_free);
    copy->disk->source.node_index = 0;
    if (!publish(c, copy->disk, &err)) {
        g_message("domain '%s': %s", c->vm->name, err->message);
    }
}

/* Consumes err. */
static gboolean give_up(const Change *c, const DomainDisk *medium, GError *err,
                        GError **errp)
{
    if (!is_silent(err)) {
        remove_nodes(c, medium);
    }
    g_propagate_error(errp, err);
    return FALSE;
}

/* Others that write to the image hold it; so that their lock need not tell. */
static gboolean check_free(const Domain *domain, const DomainDisk *drive,
                           const DomainDisk *wanted, GError **errp)
{
    for (guint i = 0; wanted->source.path && i < domain->disks->len; i++) {
        const DomainDisk *other = domain->disks->pdata[i];

        if (other != drive && !other->readonly && !other->shareable &&
            g_strcmp0(other->source.path, wanted->source.path) == 0) {
            return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                                 "image '%s' cannot be put into drive %s: disk %s of the "
                                 "same domain writes to it",
                                 wanted->source.path, drive->target, other->target);
        }
    }
    return TRUE;
}

gboolean vm_change_medium(Vm *vm, guint64 run, const char *alias, DomainDisk *wanted,
                          gboolean force, GError **errp)
{
    const Change c = { vm, run, alias };
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(DomainDevice) old = NULL;
    const DomainDisk *drive = find_drive(def->domain, alias);
    g_autoptr(GError) err = NULL;

    if (!drive) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "there is no drive '%s'",
                             alias);
    }
    if (!check_free(def->domain, drive, wanted, errp)) {
        return FALSE;
    }
    old = xml_device_copy(
        &(DomainDevice){ .type = DOMAIN_DEVICE_DISK, .disk = (DomainDisk *)drive });
    wanted->source.node_index = 0;
    if (wanted->source.path && !add_nodes(&c, wanted, errp)) {
        return FALSE;
    }
    if (!take_out(&c, force, &err)) {
        return give_up(&c, wanted, g_steal_pointer(&err), errp);
    }
    if (!publish(&c, wanted, errp)) {
        return FALSE; /* the domain has ended */
    }
    remove_nodes(&c, old->disk);
    if (!put_in(&c, wanted, &err)) {
        publish_empty(&c, wanted);
        return give_up(&c, wanted, g_steal_pointer(&err), errp);
    }
    xml_disk_swap_source(wanted, old->disk);
    return TRUE;
}

/* ---- what a change has left ---- */

/* The drive is empty where it has not what the definition says, whoever was to put it in.
 */
static void settle(const Change *c, const DomainDisk *drive, const char *inserted)
{
    g_autofree char *known = drive->source.path ? command_medium_node(drive) : NULL;

    if (g_strcmp0(known, inserted) == 0) {
        return;
    }
    g_message("domain '%s': a change of its medium has left the drive '%s' empty",
              c->vm->name, c->alias);
    if (inserted) {
        try_remove(c);
    }
    if (known) {
        publish_empty(c, drive);
    }
}

void vm_settle_media(Vm *vm, guint64 run)
{
    g_autoptr(JsonNode) reply = query_drives(vm, run);
    g_autoptr(VmDef) def = vm_get_def(vm);
    JsonArray *list = reply ? json_node_get_array(reply) : NULL;

    for (guint i = 0; list && i < json_array_get_length(list); i++) {
        JsonNode *node = json_array_get_element(list, i);
        JsonObject *entry =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const char *id = util_json_string(entry, "qdev");
        const DomainDisk *disk = id ? command_disk_named(def->domain, id) : NULL;

        if (disk && find_drive(def->domain, disk->info.alias)) {
            const Change c = { vm, run, disk->info.alias };

            settle(&c, disk,
                   util_json_string(util_json_object(entry, "inserted"), "node-name"));
        }
    }
}
