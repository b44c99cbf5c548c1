/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts of virtio over PCI (virtio 1.2, 4.1.5.1.2, 4.1.4.5): with MSI-X each queue,
 * and the configuration, has the vector that the driver has mapped to it, or none;
 * without, all share the pin, whose level is the ISR status.
 *
 * The data plane is given descriptors: a vector's own, or one that the main loop turns
 * into the pin's level. It keeps what it was given: when the driver maps another vector,
 * or switches MSI-X, it begins anew.
 *
 * #syscalls main,vcpu: eventfd2
 * #syscalls vcpu: close read
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "pci/msix.h"
#include "util/error.h"
#include "util/fd.h"
#include "virtio/pci-internal.h"

#define HELD_PIN 0xfffe /* in held[]; no vector */

static unsigned index_of(const VirtioPci *v, unsigned vector)
{
    return vector == VIRTIO_CONFIG_VECTOR ? v->n_vectors - 1 : vector;
}

/*
 * The pin. With MSI-X off its level is what is left in the ISR status, also at the moment
 * that MSI-X goes off (4.1.4.5.1: the logical OR of all bits). QEMU raises it with the
 * next interrupt only, and so may lose one for a driver that changes over.
 */

void virtio_pci_update_intx(VirtioPci *v)
{
    pci_set_intx(&v->pci, g_atomic_int_get(&v->port.isr) && !msix_enabled(&v->pci));
}

guint8 virtio_pci_read_isr(VirtioPci *v)
{
    guint8 isr = (guint8)g_atomic_int_and(&v->port.isr, 0);
    virtio_pci_update_intx(v);
    return isr;
}

static void pin_signalled(void *opaque, GIOCondition ready)
{
    VirtioPci *v = opaque;
    eventfd_t count;

    if (eventfd_read(v->intx_fd, &count) == 0) {
        virtio_pci_update_intx(v);
    }
}

static gboolean pin_get(VirtioPci *v, int *fd, GError **errp)
{
    if (v->intx_users == 0) {
        v->intx_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (v->intx_fd < 0) {
            return error_set_errno(errp, errno, "eventfd");
        }
        v->intx_handler =
            event_loop_add_fd(event_loop_main(), v->intx_fd, G_IO_IN, pin_signalled, v);
    }
    v->intx_users++;
    *fd = v->intx_fd;
    return TRUE;
}

static void pin_put(VirtioPci *v)
{
    if (--v->intx_users == 0) {
        event_handler_remove(v->intx_handler);
        v->intx_handler = NULL;
        fd_clear(&v->intx_fd);
        virtio_pci_update_intx(v); /* what was signalled is not lost */
    }
}

/* The transport's */

gboolean virtio_pci_vector_get(Device *transport, unsigned vector, int *fd, GError **errp)
{
    VirtioPci *v = (VirtioPci *)transport;
    unsigned i = index_of(v, vector);

    if (!msix_enabled(&v->pci)) {
        v->held[i] = HELD_PIN;
        return pin_get(v, fd, errp);
    }
    v->held[i] = v->wanted[i];
    if (v->held[i] == VIRTIO_MSI_NO_VECTOR) {
        *fd = -1;
        return TRUE;
    }
    return msix_fd_get(&v->pci, v->held[i], fd, errp);
}

void virtio_pci_vector_put(Device *transport, unsigned vector)
{
    VirtioPci *v = (VirtioPci *)transport;
    guint16 held = v->held[index_of(v, vector)];

    if (held == HELD_PIN) {
        pin_put(v);
    } else if (held != VIRTIO_MSI_NO_VECTOR) {
        msix_fd_put(&v->pci, held);
    }
}

void virtio_pci_interrupt(Device *transport, unsigned vector)
{
    VirtioPci *v = (VirtioPci *)transport;
    guint16 wanted = v->wanted[index_of(v, vector)];

    if (!msix_enabled(&v->pci)) {
        virtio_pci_update_intx(v);
    } else if (wanted != VIRTIO_MSI_NO_VECTOR) {
        msix_raise(&v->pci, wanted);
    }
}

/* Mapping */

static void stopped(void *hold)
{
    access_release(hold);
}

void virtio_pci_restart(VirtioPci *v)
{
    if (v->port.phase != VIRTIO_RUNNING) {
        return; /* what begins next begins with what there is then */
    }
    virtio_port_stop(&v->port, stopped, access_hold());
    virtio_port_update(&v->port);
}

void virtio_pci_forget_vectors(VirtioPci *v)
{
    for (unsigned i = 0; i < v->n_vectors; i++) {
        v->wanted[i] = VIRTIO_MSI_NO_VECTOR;
    }
}

void virtio_pci_set_vector(VirtioPci *v, unsigned i, guint16 vector)
{
    guint16 old = v->wanted[i];

    v->wanted[i] = vector < v->pci.msix.n ? vector : VIRTIO_MSI_NO_VECTOR;
    if (v->wanted[i] != old && msix_enabled(&v->pci)) {
        virtio_pci_restart(v);
    }
}

void virtio_pci_interrupts_changed(PciDevice *dev)
{
    VirtioPci *v = (VirtioPci *)dev;

    virtio_pci_update_intx(v);
    virtio_pci_restart(v);
}
