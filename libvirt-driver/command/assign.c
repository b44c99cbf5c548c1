/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and places of the devices of a running domain: aliases as libvirt's, numbers
 * of block nodes, slots of the virtio-mmio bus. */
#include <string.h>

#include "command/command.h"
#include "rpc/error.h"

typedef struct Assignment {
    const Domain *domain;
    gboolean slots[COMMAND_VIRTIO_SLOTS];
    guint next_node;
    GError **errp;
} Assignment;

/* Marks what the device has already. */
static gboolean note_taken(const DomainDevice *device, gpointer opaque)
{
    Assignment *a = opaque;
    const DomainDeviceInfo *info = xml_device_info(device);

    if (device->type == DOMAIN_DEVICE_DISK) {
        a->next_node = MAX(a->next_node, device->disk->node_index + 1);
    }
    if (info->slot == DOMAIN_SLOT_NONE) {
        return TRUE;
    }
    if (info->slot < 0 || info->slot >= COMMAND_VIRTIO_SLOTS || a->slots[info->slot]) {
        return rpc_error_set(a->errp, VIR_ERR_XML_ERROR,
                             "virtio-mmio slot %d is not there or taken twice",
                             info->slot);
    }
    a->slots[info->slot] = TRUE;
    return TRUE;
}

/* "virtio-disk" + the first number that no other device has. */
static char *free_alias(const Domain *domain, DomainDeviceType type)
{
    static const char *const prefixes[] = {
        [DOMAIN_DEVICE_DISK] = "virtio-disk",
        [DOMAIN_DEVICE_INTERFACE] = "net",
        [DOMAIN_DEVICE_SERIAL] = "serial",
        [DOMAIN_DEVICE_RNG] = "rng",
    };

    for (guint i = 0;; i++) {
        g_autofree char *alias = g_strdup_printf("%s%u", prefixes[type], i);
        if (!xml_domain_find_alias(domain, alias, NULL)) {
            return g_steal_pointer(&alias);
        }
    }
}

/* "vdc" -> "virtio-disk2", as libvirt has it; NULL when that name is taken. */
static char *disk_alias(const Domain *domain, const char *target)
{
    const char *letters = target + (strchr("xu", target[0]) ? 3 : 2); /* xvd, ubd */
    g_autofree char *alias = NULL;
    guint number = 0;

    for (; *letters; letters++) {
        number = number * 26 + (*letters - 'a') + 1;
    }
    alias = g_strdup_printf("virtio-disk%u", number - 1);
    return xml_domain_find_alias(domain, alias, NULL) ? NULL : g_steal_pointer(&alias);
}

static gboolean assign_device(const DomainDevice *device, gpointer opaque)
{
    Assignment *a = opaque;
    DomainDeviceInfo *info = xml_device_info(device);
    int slot = 0;

    if (!command_complete_device(device, a->errp)) {
        return FALSE;
    }
    if (!info->alias && device->type == DOMAIN_DEVICE_DISK) {
        info->alias = disk_alias(a->domain, device->disk->target);
    }
    if (!info->alias) {
        info->alias = free_alias(a->domain, device->type);
    }
    if (device->type == DOMAIN_DEVICE_DISK && !device->disk->node_index) {
        device->disk->node_index = a->next_node++;
    }
    if (device->type == DOMAIN_DEVICE_SERIAL || info->slot != DOMAIN_SLOT_NONE) {
        return TRUE;
    }
    while (slot < COMMAND_VIRTIO_SLOTS && a->slots[slot]) {
        slot++;
    }
    if (slot == COMMAND_VIRTIO_SLOTS) {
        return rpc_error_set(
            a->errp, VIR_ERR_CONFIG_UNSUPPORTED,
            "no virtio-mmio slot is free for device '%s': the machine has "
            "%d",
            info->alias, COMMAND_VIRTIO_SLOTS);
    }
    a->slots[slot] = TRUE;
    info->slot = slot;
    return TRUE;
}

gboolean command_assign(Domain *domain, guint *next_node, GError **errp)
{
    Assignment a = { .domain = domain, .next_node = MAX(*next_node, 1), .errp = errp };

    if (!xml_domain_foreach_device(domain, note_taken, &a) ||
        !xml_domain_foreach_device(domain, assign_device, &a)) {
        return FALSE;
    }
    *next_node = a.next_node;
    return TRUE;
}

static void adopt(GPtrArray *to, GPtrArray *from, DomainDeviceType type)
{
    for (guint i = 0; i < MIN(to->len, from->len); i++) {
        DomainDevice mine = { .type = type, .any = to->pdata[i] };
        DomainDevice theirs = { .type = type, .any = from->pdata[i] };
        DomainDeviceInfo *info = xml_device_info(&mine);
        const DomainDeviceInfo *source = xml_device_info(&theirs);

        g_free(info->alias);
        info->alias = g_strdup(source->alias);
        info->slot = source->slot;
        if (type == DOMAIN_DEVICE_DISK) {
            mine.disk->node_index = theirs.disk->node_index;
        }
    }
}

void command_adopt(Domain *to, const Domain *from)
{
    adopt(to->disks, from->disks, DOMAIN_DEVICE_DISK);
    adopt(to->interfaces, from->interfaces, DOMAIN_DEVICE_INTERFACE);
    adopt(to->serials, from->serials, DOMAIN_DEVICE_SERIAL);
    adopt(to->rngs, from->rngs, DOMAIN_DEVICE_RNG);
}
