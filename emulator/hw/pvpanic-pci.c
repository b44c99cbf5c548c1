/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic as a PCI function: BAR 0 is the register. */
#include "hw/pvpanic-pci.h"

#include "hw/pvpanic.h"

#define DEVICE_PVPANIC 0x0011
#define BAR_SIZE       16 /* the smallest that there is */

typedef struct PvpanicPci {
    PciDevice pci;
    guint32 events; /* that the guest may use */
} PvpanicPci;

static gboolean pvpanic_pci_realize(Device *device, GError **errp)
{
    PvpanicPci *s = (PvpanicPci *)device;

    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    pci_add_bar(&s->pci, 0, 0, pvpanic_region_new("pvpanic-pci", BAR_SIZE, &s->events),
                BAR_SIZE);
    return TRUE;
}

static const Property properties[] = {
    { "events", PROP_U32, offsetof(PvpanicPci, events), "3", .max = PVPANIC_ALL,
      .guest = TRUE, .help = "what the guest may tell: 1: panic, 2: crash kernel" },
    { NULL },
};

const PciDeviceClass pvpanic_pci_class = {
    .device = {
        .name = "pvpanic-pci",
        .bus = PCI_BUS_TYPE,
        .desc = "tells the host that the guest has panicked",
        .instance_size = sizeof(PvpanicPci),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .parent = &pci_device_class.device,
        .realize = pvpanic_pci_realize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = DEVICE_PVPANIC,
    .class_code = 0x088000 /* other system peripheral */,
    .revision = 1,
};
