/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kinds, and what is done with all of them. */
#include "command/kind.h"

#include <unistd.h>

#define UNPLUGGED_PORTS 4u

static const CommandKind *const kinds[DOMAIN_DEVICE_COUNT] = {
#define DEVICE(id, structure, name, ...) [DOMAIN_DEVICE_##id] = &command_kind_##name,
#include "xml/devices.def"
};

const CommandKind *command_kind(DomainDeviceType type)
{
    return kinds[type];
}

gboolean command_is_virtio(const DomainDevice *device)
{
    const CommandKind *kind = kinds[device->type];

    return kind && kind->virtio && (!kind->on_virtio || kind->on_virtio(device->any));
}

/* ---- definitions ---- */

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         const DomainDevice *device, GError **errp)
{
    const CommandKind *kind = kinds[device->type];

    return command_check_address(machine, device, errp) &&
           (!kind || !kind->complete ||
            kind->complete(machine, domain, device->any, errp));
}

gboolean command_complete_device(const Domain *domain, const DomainDevice *device,
                                 GError **errp)
{
    if (!kinds[device->type]) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "element <devices/%s>: such a device cannot be attached",
                             xml_device_type_name(device->type));
    }
    return xml_device_check(device, errp) &&
           complete(command_machine(domain->machine), domain, device, errp);
}

typedef struct Completion {
    const Domain *domain;
    const CommandMachine *machine;
    GError **errp;
} Completion;

static gboolean complete_one(const DomainDevice *device, gpointer opaque)
{
    Completion *c = opaque;

    return complete(c->machine, c->domain, device, c->errp);
}

/* First: which controllers there are follows from where disks are. */
static gboolean complete_disks(const Domain *domain, GError **errp)
{
    const CommandMachine *machine = command_machine(domain->machine);

    for (guint i = 0; i < domain->disks->len; i++) {
        DomainDevice disk = { .type = DOMAIN_DEVICE_DISK,
                              .any = domain->disks->pdata[i] };

        if (!complete(machine, domain, &disk, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean command_complete(Domain *domain, const Domain *before, const char *emulator,
                          GError **errp)
{
    Completion c = { .domain = domain, .errp = errp };

    if (!xml_domain_check(domain, errp) ||
        !command_complete_machine(domain, emulator, errp)) {
        return FALSE;
    }
    command_add_defaults(domain);
    if (!complete_disks(domain, errp) || !command_number_controllers(domain, errp)) {
        return FALSE;
    }
    c.machine = command_machine(domain->machine);
    if (!xml_domain_foreach_device(domain, complete_one, &c)) {
        return FALSE;
    }
    if (before) {
        command_keep_addresses(domain, before);
    }
    return command_check_drives(domain, errp) &&
           command_assign_addresses(c.machine, domain, TRUE, errp);
}

/* ---- runs ---- */

/* The first number that no other device has. */
static char *free_alias(const Domain *domain, const CommandKind *kind)
{
    for (guint i = kind->first_alias ? kind->first_alias(domain) : 0;; i++) {
        g_autofree char *alias = g_strdup_printf("%s%u", kind->alias, i);
        if (!xml_domain_find_alias(domain, alias, NULL)) {
            return g_steal_pointer(&alias);
        }
    }
}

typedef struct Assignment {
    const Domain *domain;
    guint next_node;
} Assignment;

static gboolean note(const DomainDevice *device, gpointer opaque)
{
    const CommandKind *kind = kinds[device->type];
    Assignment *a = opaque;

    if (kind && kind->note) {
        kind->note(device->any, &a->next_node);
    }
    return TRUE;
}

static gboolean assign(const DomainDevice *device, gpointer opaque)
{
    const CommandKind *kind = kinds[device->type];
    DomainDeviceInfo *info = xml_device_info(device);
    Assignment *a = opaque;

    if (!kind || (kind->absent && kind->absent(device->any))) {
        return TRUE;
    }
    if (!info->alias && kind->own_alias) {
        g_autofree char *alias = kind->own_alias(device->any);
        if (!xml_domain_find_alias(a->domain, alias, NULL)) {
            info->alias = g_steal_pointer(&alias);
        }
    }
    if (!info->alias) {
        info->alias = free_alias(a->domain, kind);
    }
    if (kind->assign) {
        kind->assign(device->any, &a->next_node);
    }
    return TRUE;
}

gboolean command_assign(Domain *domain, guint *next_node, GError **errp)
{
    Assignment a = { .domain = domain, .next_node = MAX(*next_node, 1) };

    if (!command_assign_addresses(command_machine(domain->machine), domain, FALSE,
                                  errp)) {
        return FALSE;
    }
    xml_domain_foreach_device(domain, note, &a);
    xml_domain_foreach_device(domain, assign, &a);
    *next_node = a.next_node;
    return TRUE;
}

void command_adopt(Domain *to, const Domain *from)
{
    for (guint type = 0; type < DOMAIN_DEVICE_COUNT; type++) {
        GPtrArray *mine = xml_domain_devices(to, type);
        GPtrArray *theirs = xml_domain_devices(from, type);

        for (guint i = 0; i < MIN(mine->len, theirs->len); i++) {
            DomainDevice device = { .type = type, .any = mine->pdata[i] };
            DomainDevice source = { .type = type, .any = theirs->pdata[i] };

            xml_device_adopt_place(&device, &source, TRUE);
            if (kinds[type] && kinds[type]->adopt) {
                kinds[type]->adopt(device.any, source.any);
            }
        }
    }
}

/* ---- the host ---- */

static void close_fds(gpointer opaque)
{
    GArray *fds = opaque;

    for (guint i = 0; i < fds->len; i++) {
        close(g_array_index(fds, int, i));
    }
    g_array_unref(fds);
}

GHashTable *command_fds_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_fds);
}

gboolean command_prepare_device(const CommandHost *host, const Domain *domain,
                                const DomainDevice *device, GHashTable *fds,
                                GError **errp)
{
    const CommandKind *kind = kinds[device->type];
    GArray *own;
    gboolean ok;

    if (!kind || !kind->prepare_host) {
        return TRUE;
    }
    own = g_array_new(FALSE, FALSE, sizeof(int));
    ok = kind->prepare_host(host, domain, device->any, own, errp);
    g_hash_table_insert(fds, g_strdup(xml_device_info(device)->alias), own);
    return ok;
}

typedef struct Preparation {
    const CommandHost *host;
    const Domain *domain;
    GHashTable *fds;
    GError **errp;
} Preparation;

static gboolean prepare_one(const DomainDevice *device, gpointer opaque)
{
    Preparation *p = opaque;

    return command_prepare_device(p->host, p->domain, device, p->fds, p->errp);
}

gboolean command_prepare(const CommandHost *host, Domain *domain, GHashTable *fds,
                         GError **errp)
{
    Preparation p = { host, domain, fds, errp };

    return xml_domain_foreach_device(domain, prepare_one, &p);
}

gboolean command_device_asks_others(const DomainDevice *device)
{
    const CommandKind *kind = kinds[device->type];

    return kind && kind->asks_others && kind->asks_others(device->any);
}

static gboolean asks_nobody(const DomainDevice *device, gpointer unused)
{
    return !command_device_asks_others(device);
}

gboolean command_asks_others(const Domain *domain)
{
    return !xml_domain_foreach_device(domain, asks_nobody, NULL);
}

void command_release_device(const CommandHost *host, const DomainDevice *device)
{
    const CommandKind *kind = kinds[device->type];

    if (kind && kind->release_host) {
        kind->release_host(host, device->any);
    }
}

static gboolean release_one(const DomainDevice *device, gpointer host)
{
    command_release_device(host, device);
    return TRUE;
}

void command_release(const CommandHost *host, const Domain *domain)
{
    xml_domain_foreach_device(domain, release_one, (gpointer)host);
}

/* ---- plug and unplug ---- */

/* libvirt's name, which is that of the element for most. */
static const char *libvirt_name(DomainDeviceType type)
{
    switch (type) {
    case DOMAIN_DEVICE_SERIAL:
    case DOMAIN_DEVICE_CONSOLE:
    case DOMAIN_DEVICE_CHANNEL:
        return "chr";
    default:
        return xml_device_type_name(type);
    }
}

/* @what: as libvirt calls it, "live attach". FALSE. */
static gboolean refuse_change(const char *what, const DomainDevice *device, GError **errp)
{
    return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED,
                         "%s of device '%s' is not supported", what,
                         libvirt_name(device->type));
}

gboolean command_can_plug(const DomainDevice *device, GError **errp)
{
    const CommandKind *kind = kinds[device->type];
    const char *reason =
        kind && kind->not_pluggable ? kind->not_pluggable(device->any) : NULL;

    if (reason) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED, "%s", reason);
    }
    return (kind && kind->pluggable) || refuse_change("live attach", device, errp);
}

gboolean command_can_unplug(const DomainDevice *device, GError **errp)
{
    const CommandKind *kind = kinds[device->type];
    const char *reason =
        kind && kind->not_unpluggable ? kind->not_unpluggable(device->any) : NULL;

    if (reason) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_UNSUPPORTED, "%s", reason);
    }
    return (kind && kind->pluggable) || refuse_change("live detach", device, errp);
}

gboolean command_can_change(const DomainDevice *device, gboolean attach, GError **errp)
{
    const CommandKind *kind = kinds[device->type];

    return (kind && !kind->whole) ||
           refuse_change(attach ? "persistent attach" : "persistent detach", device,
                         errp);
}

gboolean command_check_new(const Domain *domain, const DomainDevice *device,
                           GError **errp)
{
    const CommandKind *kind = kinds[device->type];

    return !kind->check_new || kind->check_new(domain, device->any, errp);
}

gboolean command_can_update(const DomainDevice *device, gboolean live, GError **errp)
{
    const CommandKind *kind = kinds[device->type];

    return (kind && kind->updatable) ||
           refuse_change(live ? "live update" : "persistent update", device, errp);
}

gboolean command_check_update(const DomainDevice *device, const DomainDevice *to,
                              GError **errp)
{
    const CommandKind *kind = kinds[device->type];

    return !kind->check_update || kind->check_update(device->any, to->any, errp);
}

gboolean command_update_live(const CommandHost *host, const Domain *domain,
                             const DomainDevice *from, const DomainDevice *to,
                             GError **errp)
{
    const CommandKind *kind = kinds[from->type];

    return !kind->update_live ||
           kind->update_live(host, domain, from->any, to->any, errp);
}

void command_forget_update(const CommandHost *host, const DomainDevice *from,
                           const DomainDevice *to)
{
    const CommandKind *kind = kinds[from->type];

    if (kind->forget_update) {
        kind->forget_update(host, from->any, to->any);
    }
}

GPtrArray *command_update_steps(const DomainDevice *from, const DomainDevice *to)
{
    const CommandKind *kind = kinds[from->type];
    CommandSteps steps;

    command_steps_init(&steps, NULL, TRUE, NULL);
    if (kind->update_steps) {
        kind->update_steps(&steps, from->any, to->any);
    }
    return steps.list;
}

static gboolean settle_one(const DomainDevice *device, gpointer steps)
{
    const CommandKind *kind = kinds[device->type];

    if (kind && kind->settle) {
        kind->settle(steps, device->any);
    }
    return TRUE;
}

GPtrArray *command_settle(const Domain *domain)
{
    CommandSteps steps;

    command_steps_init(&steps, domain, TRUE, NULL);
    xml_domain_foreach_device(domain, settle_one, &steps);
    return steps.list;
}

GPtrArray *command_plug(const Domain *domain, const DomainDevice *device, GHashTable *fds,
                        guint *next, GError **errp)
{
    CommandSteps steps;

    if (!command_can_plug(device, errp)) {
        return NULL;
    }
    command_steps_init(&steps, domain, TRUE, fds);
    steps.next_set = *next;
    if (!kinds[device->type]->steps(&steps, device->any,
                                    xml_device_info(device)->boot_order, errp)) {
        g_clear_pointer(&steps.list, g_ptr_array_unref);
    }
    *next = steps.next_set;
    return steps.list;
}

void command_reverse_lasting(CommandSteps *undo, GPtrArray *made)
{
    for (guint i = made->len; i-- > 0;) {
        CommandStep *step = made->pdata[i];

        if (step->lasting) {
            command_step(undo, NULL, NULL, NULL, step->undo,
                         json_object_ref(step->undo_arguments));
        }
    }
}

GPtrArray *command_kind_unplugged(const CommandKind *kind, gconstpointer device)
{
    g_autoptr(GError) err = NULL;
    CommandSteps made, undo;

    command_steps_init(&made, NULL, TRUE, NULL);
    made.undo_only = TRUE;
    command_steps_init(&undo, NULL, TRUE, NULL);
    if (kind && !kind->steps(&made, device, 0, &err)) {
        g_message("not all is known of what an unplugged '%s' leaves: %s", kind->driver,
                  err->message);
    }
    command_reverse_lasting(&undo, made.list);
    g_ptr_array_unref(made.list);
    return undo.list;
}

GPtrArray *command_unplugged(const DomainDevice *device)
{
    return command_kind_unplugged(kinds[device->type], device->any);
}

gboolean command_is_named(const DomainDeviceInfo *info, const char *name)
{
    gsize above = strlen(COMMAND_PERIPHERAL "/"), length;
    gboolean path = name && g_str_has_prefix(name, COMMAND_PERIPHERAL "/");

    if (!name || !info->alias) {
        return FALSE;
    }
    name += path ? above : 0;
    length = strlen(info->alias);
    return strncmp(name, info->alias, length) == 0 &&
           (!name[length] || (path && name[length] == '/'));
}

const DomainDisk *command_disk_named(const Domain *domain, const char *name)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        if (command_is_named(&disk->info, name)) {
            return disk;
        }
    }
    return NULL;
}

gboolean command_is_plugged_alias(const char *alias)
{
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        if (kinds[i] && kinds[i]->pluggable && g_str_has_prefix(alias, kinds[i]->alias)) {
            return TRUE;
        }
    }
    return g_str_has_prefix(alias, "ua-");
}

/* Ports for as many as there are, and some that have been unplugged meanwhile. */
static guint count_serial_ports(const Domain *domain, DomainDeviceType type)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL) {
            return xml_domain_devices(domain, type)->len + UNPLUGGED_PORTS;
        }
    }
    return 0;
}

/* Numbers that aliases of a kind can have: those of plugged ones are the first free. */
static guint count_places(const Domain *domain, DomainDeviceType type)
{
    const CommandMachine *machine = command_machine(domain->machine);

    if (kinds[type] && kinds[type]->serial_port) {
        return count_serial_ports(domain, type);
    }
    return command_has_pci(machine)
               ? domain->controllers->len + xml_domain_devices(domain, type)->len
               : machine->virtio_slots;
}

GPtrArray *command_leftovers(const Domain *domain)
{
    CommandSteps steps;

    command_steps_init(&steps, domain, TRUE, NULL);
    for (guint i = 0; i < DOMAIN_DEVICE_COUNT; i++) {
        guint count = count_places(domain, i);

        for (guint n = 0; kinds[i] && kinds[i]->leftovers && n < count; n++) {
            g_autofree char *alias = g_strdup_printf("%s%u", kinds[i]->alias, n);

            if (!xml_domain_find_alias(domain, alias, NULL)) {
                kinds[i]->leftovers(&steps, alias);
            }
        }
    }
    return steps.list;
}
