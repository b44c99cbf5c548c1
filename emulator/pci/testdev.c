/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-testdev: BAR 0 of registers in memory, BAR 1 of ports, and with membar= a BAR of
 * that size of which nothing answers. (Its tests of eventfds are QEMU's own, and not
 * here: the registers read as zero.)
 */
#include "pci/testdev.h"

#include "util/error.h"

#define DEVICE_TESTDEV 0x0005
#define MEM_SIZE       0x1000
#define IO_SIZE        0x100
#define MEMBAR_MIN     0x1000

typedef struct PciTestdev {
    PciDevice pci;
    guint64 membar;
    gboolean membar_backed;
} PciTestdev;

static guint64 zero_read(void *opaque, guint64 offset, unsigned size)
{
    return 0;
}

static const RegionOps zero_ops = { .read = zero_read, .min_size = 1, .max_size = 8 };

static gboolean testdev_realize(Device *device, GError **errp)
{
    PciTestdev *t = (PciTestdev *)device;
    if (t->membar && (t->membar < MEMBAR_MIN || (t->membar & (t->membar - 1)))) {
        return error_set(errp,
                         "Property 'pci-testdev.membar' takes a power of two from "
                         "4096 bytes on, not %" G_GUINT64_FORMAT,
                         t->membar);
    }
    if (t->membar_backed) {
        return error_set(errp, "pci-testdev: membar-backed=on is not supported");
    }
    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    pci_add_bar(&t->pci, 0, 0, region_new_io("testdev", MEM_SIZE, &zero_ops, t),
                MEM_SIZE);
    pci_add_bar(&t->pci, 1, PCI_BAR_IO, region_new_io("testdev", IO_SIZE, &zero_ops, t),
                IO_SIZE);
    if (t->membar) {
        pci_add_bar(&t->pci, 2, PCI_BAR_64 | PCI_BAR_PREFETCH,
                    region_new_container("testdev-membar", t->membar), t->membar);
    }
    return TRUE;
}

static const Property properties[] = {
    { "membar", PROP_SIZE, offsetof(PciTestdev, membar), "0", .guest = TRUE,
      .help = "Size of a 64-bit prefetchable BAR; 0: none" },
    { "membar-backed", PROP_BOOL, offsetof(PciTestdev, membar_backed), "off",
      .help = "Memory in it; not supported" },
    { NULL },
};

const PciDeviceClass pci_testdev_class = {
    .device = {
        .name = "pci-testdev",
        .bus = PCI_BUS_TYPE,
        .desc = "PCI Test Device",
        .instance_size = sizeof(PciTestdev),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .parent = &pci_device_class.device,
        .realize = testdev_realize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = DEVICE_TESTDEV,
    .class_code = 0x00ff00,
};
