/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/chardev.h"

#include <string.h>

#include "command/chardev.h"
#include "domain/agent.h"
#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "util/json.h"

#define PTY_PREFIX "/dev/pts/"

/* ---- what the emulator tells ---- */

/* The emulator is not to be trusted with other paths than these: root opens them. */
static gboolean is_pty(const char *path)
{
    const char *number = path + strlen(PTY_PREFIX);

    return g_str_has_prefix(path, PTY_PREFIX) && *number && strlen(number) < 10 &&
           strspn(number, "0123456789") == strlen(number);
}

/* The entry of the chardev with this ID in the reply of query-chardev, or NULL. */
static JsonObject *entry_of(JsonArray *list, const char *id)
{
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonNode *node = json_array_get_element(list, i);
        JsonObject *item =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (g_strcmp0(util_json_string(item, "label"), id) == 0) {
            return item;
        }
    }
    return NULL;
}

/* "/dev/pts/N", or NULL. */
static const char *pty_of(JsonObject *entry)
{
    const char *filename = util_json_string(entry, "filename");

    return filename && g_str_has_prefix(filename, "pty:") &&
                   is_pty(filename + strlen("pty:"))
               ? filename + strlen("pty:")
               : NULL;
}

static gboolean has_something(const DomainDevice *device)
{
    CommandChardev of;

    return command_chardev_of(device, &of) && (of.chardev->type == DOMAIN_CHARDEV_PTY ||
                                               device->type == DOMAIN_DEVICE_CHANNEL);
}

static DomainChannelState state_of(gboolean open)
{
    return open ? DOMAIN_CHANNEL_CONNECTED : DOMAIN_CHANNEL_DISCONNECTED;
}

typedef struct Telling {
    JsonArray *list;
    GError **errp;
} Telling;

static gboolean take(const DomainDevice *device, gpointer opaque)
{
    Telling *t = opaque;
    CommandChardev of;
    JsonObject *entry;
    g_autofree char *id = NULL;
    const char *path;

    if (!has_something(device)) {
        return TRUE;
    }
    command_chardev_of(device, &of);
    id = command_chardev_id(of.info);
    entry = entry_of(t->list, id);
    if (device->type == DOMAIN_DEVICE_CHANNEL) {
        device->channel->state =
            state_of(entry && util_json_bool(entry, "frontend-open"));
    }
    if (of.chardev->type != DOMAIN_CHARDEV_PTY) {
        return TRUE;
    }
    path = pty_of(entry);
    if (!path) {
        return rpc_error_set(t->errp, VIR_ERR_INTERNAL_ERROR,
                             "the emulator did not name the pty of '%s'", id);
    }
    g_free(of.chardev->path);
    of.chardev->path = g_strdup(path);
    return TRUE;
}

/* A list; NULL with an error. */
static JsonNode *query(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;

    if (!vm_call(vm, run, "query-chardev", NULL, &reply, errp)) {
        return NULL;
    }
    if (!JSON_NODE_HOLDS_ARRAY(reply)) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_PROTOCOL,
                    "'query-chardev' did not return a list");
        return NULL;
    }
    return g_steal_pointer(&reply);
}

/* ---- a run's ---- */

static gboolean has_nothing(const DomainDevice *device, gpointer unused)
{
    return !has_something(device);
}

static void announce_agent_locked(Vm *vm, const Domain *domain)
{
    const DomainChannel *agent = xml_domain_agent(domain);

    if (agent) {
        vm_event_agent_lifecycle_locked(
            vm, agent->state == DOMAIN_CHANNEL_CONNECTED,
            VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED);
    }
}

gboolean vm_refresh_chardevs(Vm *vm, guint64 run, GError **errp)
{
    g_autoptr(VmDef) old = vm_get_def(vm);
    g_autoptr(Domain) domain = NULL;
    g_autoptr(JsonNode) reply = NULL;

    if (xml_domain_foreach_device(old->domain, has_nothing, NULL)) {
        return TRUE;
    }
    reply = query(vm, run, errp);
    if (!reply) {
        return FALSE;
    }
    domain = xml_domain_copy(old->domain);
    if (!xml_domain_foreach_device(domain, take,
                                   &(Telling){ json_node_get_array(reply), errp })) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        announce_agent_locked(vm, domain);
        vm_set_live_locked(vm, vm_def_new(g_steal_pointer(&domain)));
    }
    g_mutex_unlock(&vm->lock);
    return TRUE;
}

gboolean vm_complete_chardev(Vm *vm, guint64 run, const DomainDevice *device,
                             GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;

    if (!has_something(device)) {
        return TRUE;
    }
    reply = query(vm, run, errp);
    return reply && take(device, &(Telling){ json_node_get_array(reply), errp });
}

/* ---- channels ---- */

static DomainChannel *find_channel(const Domain *domain, const char *alias)
{
    DomainDevice device;

    return alias && xml_domain_find_alias(domain, alias, &device) &&
                   device.type == DOMAIN_DEVICE_CHANNEL
               ? device.channel
               : NULL;
}

void vm_channel_changed_locked(Vm *vm, const char *alias, gboolean open)
{
    DomainChannel *channel = find_channel(vm->live->domain, alias);
    Domain *domain;

    if (!channel || channel->state == state_of(open)) {
        return;
    }
    domain = xml_domain_copy(vm->live->domain);
    channel = find_channel(domain, alias);
    channel->state = state_of(open);
    vm_set_live_locked(vm, vm_def_new(domain));
    if (channel == xml_domain_agent(domain)) {
        if (!open) {
            vm_agent_notify_locked(vm, AGENT_EVENT_GONE);
        }
        vm_event_agent_lifecycle_locked(
            vm, open, VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL);
    }
    driver_run(vm, vm->run->serial, FALSE, vm_update_status);
}

static void take_states_locked(Vm *vm, const Domain *domain, JsonArray *list)
{
    for (guint i = 0; i < domain->channels->len; i++) {
        const DomainChannel *channel = domain->channels->pdata[i];
        g_autofree char *id = command_chardev_id(&channel->info);
        JsonObject *entry = entry_of(list, id);

        if (entry) {
            vm_channel_changed_locked(vm, channel->info.alias,
                                      util_json_bool(entry, "frontend-open"));
        }
    }
}

void vm_refresh_channels(Vm *vm, guint64 run)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;

    if (!def->domain->channels->len) {
        return;
    }
    reply = query(vm, run, &err);
    if (!reply) {
        g_message("domain '%s': the state of its channels: %s", vm->name, err->message);
        return;
    }
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run)) {
        take_states_locked(vm, def->domain, json_node_get_array(reply));
    }
    g_mutex_unlock(&vm->lock);
}

void vm_close_channels(Domain *domain)
{
    for (guint i = 0; i < domain->channels->len; i++) {
        ((DomainChannel *)domain->channels->pdata[i])->state = DOMAIN_CHANNEL_DEFAULT;
    }
}

void vm_keep_channels(const Domain *to, const Domain *from)
{
    for (guint i = 0; i < from->channels->len; i++) {
        const DomainChannel *channel = from->channels->pdata[i];
        DomainChannel *same = find_channel(to, channel->info.alias);

        if (same) {
            same->state = channel->state;
        }
    }
}
