/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board's I/O APIC, irqchip and vCPUs. */
#include "config.h"

#include "accel/accel.h"
#include "accel/vcpu.h"
#include "hw/ioapic.h"
#include "machine/board.h"

Device *board_create_ioapic(guint64 address, GError **errp)
{
    g_autoptr(Device) dev = device_new(&ioapic_class);

    device_set_name(dev, "ioapic");
    ioapic_set_address(dev, address);
    return device_realize(dev, NULL, errp) ? g_steal_pointer(&dev) : NULL;
}

gboolean board_create_vcpus(GError **errp)
{
    const Accel *accel = accel_get();

    if (!accel->create_irqchip(errp)) {
        return FALSE;
    }
    for (unsigned i = 0; i < machine_cpus(); i++) {
        if (!accel->create_vcpu(i, cpu_apic_id(i), errp)) {
            return FALSE;
        }
    }
    return TRUE;
}
