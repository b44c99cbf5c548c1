/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The class of all PCI functions: properties, header, life. */
#include "pci/pci.h"

#include <string.h>

#include "pci/internal.h"
#include "pci/msix.h"
#include "util/error.h"

#define FIRST_CAPABILITY 0x40
#define CACHE_LINE_MASK  0xff

#define COMMAND_WRITABLE                                                                 \
    (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |     \
     PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)
#define STATUS_CLEARS                                                                    \
    (PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |     \
     PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |                         \
     PCI_STATUS_DETECTED_PARITY)

/* 6.1: identification, and what every header lets the guest write. */
static void set_header(PciDevice *dev)
{
    const PciDeviceClass *klass = pci_device_get_class(dev);
    pci_set(dev, PCI_VENDOR_ID, 2, klass->vendor_id);
    pci_set(dev, PCI_DEVICE_ID, 2, klass->device_id);
    pci_set(dev, PCI_REVISION_ID, 1, klass->revision);
    pci_set(dev, PCI_CLASS_PROG, 1, klass->class_code & 0xff);
    pci_set(dev, PCI_CLASS_DEVICE, 2, klass->class_code >> 8);
    pci_set(dev, PCI_HEADER_TYPE, 1,
            (klass->bridge ? PCI_HEADER_TYPE_BRIDGE : PCI_HEADER_TYPE_NORMAL) |
                (dev->multifunction ? 0x80 : 0));
    pci_set(dev, PCI_INTERRUPT_PIN, 1, klass->intx);
    pci_set_writable(dev, PCI_COMMAND, 2, COMMAND_WRITABLE);
    pci_set_write_clears(dev, PCI_STATUS, 2, STATUS_CLEARS);
    pci_set_writable(dev, PCI_CACHE_LINE_SIZE, 1, CACHE_LINE_MASK);
    pci_set_writable(dev, PCI_INTERRUPT_LINE, 1, 0xff);
}

static void set_subsystem(PciDevice *dev)
{
    const PciDeviceClass *klass = pci_device_get_class(dev);
    if (!klass->bridge) {
        pci_set(dev, PCI_SUBSYSTEM_VENDOR_ID, 2,
                klass->subsystem_vendor_id ? klass->subsystem_vendor_id
                                           : PCI_VENDOR_REDHAT_VIRTIO);
        pci_set(dev, PCI_SUBSYSTEM_ID, 2,
                klass->subsystem_id ? klass->subsystem_id : PCI_SUBSYSTEM_QEMU);
    }
}

/* One block of memory: what it holds, what may be set, what is cleared by ones. */
static void make_config(PciDevice *dev)
{
    const PciDeviceClass *klass = pci_device_get_class(dev);
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, identify);
    dev->config_size = klass->config_size ? klass->config_size : PCI_CONFIG_SIZE;
    dev->config = g_malloc0(3 * (gsize)dev->config_size);
    dev->write_mask = dev->config + dev->config_size;
    dev->clear_mask = dev->write_mask + dev->config_size;
    dev->config_used = FIRST_CAPABILITY;
    set_header(dev);
    set_subsystem(dev);
    if (with) {
        with->identify(dev);
    }
}

gboolean pci_device_realize(Device *device, GError **errp)
{
    PciDevice *dev = (PciDevice *)device;
    g_assert(dev->bus);
    dma_space_init(&dev->dma, address_map_memory());
    make_config(dev);
    if (!pci_rom_add(dev, errp)) {
        pci_device_unrealize(device);
        return FALSE;
    }
    return TRUE;
}

void pci_device_unrealize(Device *device)
{
    PciDevice *dev = (PciDevice *)device;
    pci_master_reset(dev);
    msix_free(dev);
    pci_msi_free(dev);
    pci_bars_free(dev);
    pci_rom_remove(dev);
    g_clear_pointer(&dev->config, g_free);
    g_clear_pointer(&dev->loaded, g_free);
    dev->write_mask = dev->clear_mask = NULL;
    dev->express = dev->power = 0;
}

/* What the guest may have changed is zero after a reset (and what is not, says so). */
static void clear_writable(PciDevice *dev)
{
    for (guint32 i = 0; i < dev->config_size; i++) {
        dev->config[i] &= ~(dev->write_mask[i] | dev->clear_mask[i]);
    }
}

void pci_device_reset(Device *device)
{
    PciDevice *dev = (PciDevice *)device;
    clear_writable(dev);
    pci_master_reset(dev);
    pci_msi_reset(dev);
    msix_reset(dev);
    dev->intx_level = FALSE;
    pci_config_apply(dev);
}

char *pci_device_name(const PciDevice *dev)
{
    return g_strdup_printf("0000:%02x:%02x.%u", dev->bus ? pci_bus_number(dev->bus) : 0u,
                           PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn));
}

typedef struct FunctionReset {
    PciDevice *dev; /* a reference */
    AccessHold *hold;
} FunctionReset;

static void function_was_reset(void *opaque)
{
    FunctionReset *r = opaque;
    r->dev->resetting--;
    access_release(r->hold);
    device_unref(&r->dev->device);
    g_free(r);
}

void pci_function_reset(PciDevice *dev)
{
    FunctionReset *r = g_new(FunctionReset, 1);
    *r = (FunctionReset){ .dev = dev, .hold = access_hold() };
    device_ref(&dev->device);
    dev->resetting++;
    device_reset(&dev->device, function_was_reset, r);
}

/* By class; QEMU's names, of which the PCI binding to IEEE 1275 has most. */
static char *pci_boot_name(const Device *device)
{
    static const struct {
        guint16 klass;
        const char *name;
    } names[] = {
        { 0x0100, "scsi" },
        { 0x0200, "ethernet" },
        { 0x0604, "pci-bridge" },
    };
    const PciDevice *dev = (const PciDevice *)device;
    guint32 klass = pci_get(dev, PCI_CLASS_DEVICE, 2);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_string_append(text, names[i].klass == klass ? names[i].name : "");
    }
    if (!text->len) {
        g_string_printf(text, "pci%04x,%04x", pci_get(dev, PCI_VENDOR_ID, 2),
                        pci_get(dev, PCI_DEVICE_ID, 2));
    }
    g_string_append_printf(text, "@%x", PCI_SLOT(dev->devfn));
    if (PCI_FUNC(dev->devfn)) {
        g_string_append_printf(text, ",%x", PCI_FUNC(dev->devfn));
    }
    return g_string_free(text, FALSE);
}

static const Property pci_properties[] = {
    { "addr", PROP_PCI_ADDR, offsetof(PciDevice, addr), "-1", .guest = TRUE,
      .help = "Slot and function on the bus, example: 06.0 or 06" },
    { "multifunction", PROP_BOOL, offsetof(PciDevice, multifunction), "off",
      .guest = TRUE, .help = "The slot has more functions" },
    { "romfile", PROP_STRING, offsetof(PciDevice, romfile),
      .help = "Option ROM: a file, by path or by its name where firmware is installed; "
              "empty: none; the card's own if not given" },
    { "rombar", PROP_U32, offsetof(PciDevice, rombar), "1", .max = 1, .guest = TRUE,
      .help = "The ROM has a BAR; 0: firmware loads it from fw_cfg" },
    { "romsize", PROP_U32, offsetof(PciDevice, romsize), "4294967295", .guest = TRUE,
      .help =
          "Bytes of the ROM's BAR, a power of two; what the file needs if not given" },
    { "acpi-index", PROP_U32, offsetof(PciDevice, acpi_index), "0", .guest = TRUE,
      .max = 16383, .help = "Number for the name of a network interface; 0: none" },
    PROPERTY_ONLY("failover_pair_id", PROP_STRING, ""),
    PROPERTY_ONLY("x-pcie-extcap-init", PROP_BOOL, "on"),
    PROPERTY_ONLY("x-pcie-lnksta-dllla", PROP_BOOL, "on"),
    { NULL },
};

const PciDeviceClass pci_device_class = {
    .device = {
        .name = "pci-device",
        .abstract = TRUE,
        .bus = PCI_BUS_TYPE,
        .desc = "PCI function",
        .instance_size = sizeof(PciDevice),
        .properties = pci_properties,
        .state = &pci_device_state,
        .acquire = pci_rom_acquire,
        .release = pci_rom_release,
        .realize = pci_device_realize,
        .reset = pci_device_reset,
        .unrealize = pci_device_unrealize,
        .boot_name = pci_boot_name,
    },
};
