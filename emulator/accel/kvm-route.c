/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts into the kernel's local APICs: an MSI now, or a GSI whose route (to an
 * MSI) the kernel keeps for irqfds and for the EOIs of level-triggered vectors. The
 * routes are given to KVM as a whole, at commit, when any has changed; when it refuses
 * them they are again what it has.
 *
 * #syscalls main,vcpu: ioctl(KVM_IRQFD) ioctl(KVM_SET_GSI_ROUTING)
 * #syscalls main,vcpu: ioctl(KVM_SIGNAL_MSI)
 */
#include <errno.h>
#include <string.h>

#include "accel/kvm-internal.h"
#include "event/lock.h"
#include "util/error.h"
#include "util/log.h"

/* kvm_irq_routing_entry, by no order; under the machine lock */
static GArray *routes;
static GArray *committed; /* what KVM has, when that is something else; or NULL */

void kvm_send_msi(const MsiMessage *msg)
{
    struct kvm_msi msi = {
        .address_lo = (guint32)msg->address,
        .address_hi = (guint32)(msg->address >> 32),
        .data = msg->data,
    };
    if (kvm_vm_ioctl(KVM_SIGNAL_MSI, &msi) < 0) {
        log_once("KVM does not deliver an interrupt: %s", error_text(errno));
    }
}

static guint find_route(unsigned gsi)
{
    guint i = 0;
    while (i < routes->len &&
           g_array_index(routes, struct kvm_irq_routing_entry, i).gsi != gsi) {
        i++;
    }
    return i;
}

static gboolean is_route_to(guint i, const struct kvm_irq_routing_entry *entry)
{
    return i < routes->len &&
           memcmp(&g_array_index(routes, struct kvm_irq_routing_entry, i), entry,
                  sizeof(*entry)) == 0;
}

static void keep_committed(void)
{
    if (!committed) {
        committed = g_array_copy(routes);
    }
}

unsigned kvm_gsi_count(void)
{
    return (unsigned)kvm.caps.irq_routing;
}

gboolean kvm_set_gsi_route(unsigned gsi, const MsiMessage *msg)
{
    g_assert(machine_lock_held());
    if (gsi >= kvm_gsi_count()) {
        return FALSE;
    }
    if (!routes) {
        routes = g_array_new(FALSE, TRUE, sizeof(struct kvm_irq_routing_entry));
    }
    guint i = find_route(gsi);
    struct kvm_irq_routing_entry entry = { .gsi = gsi, .type = KVM_IRQ_ROUTING_MSI };
    if (msg) {
        entry.u.msi.address_lo = (guint32)msg->address;
        entry.u.msi.address_hi = (guint32)(msg->address >> 32);
        entry.u.msi.data = msg->data;
    }
    if (msg ? is_route_to(i, &entry) : i == routes->len) {
        return TRUE;
    }
    keep_committed();
    if (i < routes->len) {
        g_array_remove_index_fast(routes, i);
    }
    if (msg) {
        g_array_append_val(routes, entry);
    }
    return TRUE;
}

gboolean kvm_commit_gsi_routes(GError **errp)
{
    g_assert(machine_lock_held());
    g_autoptr(GArray) before = g_steal_pointer(&committed);
    if (!before) {
        return TRUE; /* nothing has changed */
    }
    gsize size = routes->len * sizeof(struct kvm_irq_routing_entry);
    g_autofree struct kvm_irq_routing *table = g_malloc0(sizeof(*table) + size);
    table->nr = routes->len;
    if (size) {
        memcpy(table->entries, routes->data, size);
    }
    if (kvm_vm_ioctl(KVM_SET_GSI_ROUTING, table) < 0) {
        int error = errno;
        g_array_unref(routes);
        routes = g_steal_pointer(&before);
        return error_set_errno(errp, error, "KVM refuses the interrupt routes");
    }
    return TRUE;
}

gboolean kvm_add_irqfd(unsigned gsi, int fd)
{
    struct kvm_irqfd irqfd = { .fd = (guint32)fd, .gsi = gsi };
    return kvm.caps.irqfd && kvm_vm_ioctl(KVM_IRQFD, &irqfd) == 0;
}

void kvm_del_irqfd(unsigned gsi, int fd)
{
    struct kvm_irqfd irqfd = { .fd = (guint32)fd,
                               .gsi = gsi,
                               .flags = KVM_IRQFD_FLAG_DEASSIGN };
    if (kvm_vm_ioctl(KVM_IRQFD, &irqfd) < 0) {
        log_once("KVM does not let go of an interrupt's descriptor: %s",
                 error_text(errno));
    }
}
