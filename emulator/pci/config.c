/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space: bytes, each with the bits that the guest sets and those that it
 * clears by writing 1. All else stays as the device has made it.
 */
#include <string.h>

#include "pci/express.h"
#include "pci/internal.h"
#include "pci/msi.h"
#include "pci/msix.h"
#include "util/error.h"

guint32 pci_get(const PciDevice *dev, unsigned offset, unsigned size)
{
    g_assert(size <= 4 && offset + size <= dev->config_size);
    guint32 value = 0;
    memcpy(&value, dev->config + offset, size);
    return GUINT32_FROM_LE(value);
}

static void put(const PciDevice *dev, guint8 *bytes, unsigned offset, unsigned size,
                guint32 value)
{
    g_assert(size <= 4 && offset + size <= dev->config_size);
    value = GUINT32_TO_LE(value);
    memcpy(bytes + offset, &value, size);
}

void pci_set(PciDevice *dev, unsigned offset, unsigned size, guint32 value)
{
    put(dev, dev->config, offset, size, value);
}

static void add_bits(const PciDevice *dev, guint8 *mask, unsigned offset, unsigned size,
                     guint32 bits)
{
    guint32 value = 0;
    memcpy(&value, mask + offset, size);
    put(dev, mask, offset, size, GUINT32_FROM_LE(value) | bits);
}

void pci_set_writable(PciDevice *dev, unsigned offset, unsigned size, guint32 mask)
{
    add_bits(dev, dev->write_mask, offset, size, mask);
}

void pci_set_write_clears(PciDevice *dev, unsigned offset, unsigned size, guint32 mask)
{
    add_bits(dev, dev->clear_mask, offset, size, mask);
}

static guint32 ones(unsigned size)
{
    return size == 4 ? G_MAXUINT32 : (1u << (8 * size)) - 1;
}

guint32 pci_config_read(PciDevice *dev, unsigned offset, unsigned size)
{
    if (dev->resetting) { /* 6.6.2: it does not answer yet */
        return ones(size);
    }
    dev->unseen = FALSE;
    if (offset + size > dev->config_size) { /* no extended capability: 7.6.1 */
        return dev->express && offset + size <= PCIE_CONFIG_SIZE ? 0 : ones(size);
    }
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, config_read);
    pci_msi_config_read(dev, offset, size);
    if (with) {
        with->config_read(dev, offset, size);
    }
    return pci_get(dev, offset, size);
}

static void merge(PciDevice *dev, unsigned offset, unsigned size, guint32 value)
{
    for (unsigned i = offset; i < offset + size; i++, value >>= 8) {
        guint8 set = dev->write_mask[i], clear = dev->clear_mask[i];
        guint8 byte = (guint8)((dev->config[i] & ~set) | (value & set));
        dev->config[i] = (guint8)(byte & ~(value & clear));
    }
}

/* Bytes of the header and the capabilities of this layer that something follows from. */
static gboolean is_live(const PciDevice *dev, unsigned offset, unsigned size)
{
    return pci_touches(offset, size, PCI_COMMAND, 2) ||
           pci_touches(offset, size, PCI_BASE_ADDRESS_0, 4 * PCI_BARS) ||
           pci_touches(offset, size, pci_bar_register(dev, PCI_BAR_ROM), 4) ||
           (dev->power && pci_touches(offset, size, dev->power + PCI_PM_CTRL, 2)) ||
           (dev->msi.cap && pci_touches(offset, size, dev->msi.cap, 24)) ||
           (dev->msix.cap && pci_touches(offset, size, dev->msix.cap, 4));
}

static void tell_messages(PciDevice *dev)
{
    gboolean on = pci_msi_enabled(dev) || msix_enabled(dev);
    if (dev->messages == on) {
        return;
    }
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, interrupts_changed);
    dev->messages = on;
    if (with) {
        with->interrupts_changed(dev);
    }
}

void pci_config_apply(PciDevice *dev)
{
    pci_update_mapping(dev);
    pci_master_update(dev);
    pci_msi_update(dev);
    msix_update(dev);
    tell_messages(dev);
    pci_intx_update(dev);
}

static guint16 power_register(const PciDevice *dev)
{
    return dev->power ? (guint16)pci_get(dev, dev->power + PCI_PM_CTRL, 2) : 0;
}

void pci_config_write(PciDevice *dev, unsigned offset, unsigned size, guint32 value)
{
    if (dev->resetting || offset + size > dev->config_size) {
        return;
    }
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, config_written);
    guint32 old = pci_get(dev, offset, size);
    guint16 power = power_register(dev);
    merge(dev, offset, size, value);
    pci_power_written(dev, power);
    if (is_live(dev, offset, size)) {
        pci_config_apply(dev);
    }
    if (with) {
        with->config_written(dev, offset, size, old);
    }
    if (pci_express_written(dev, offset, size)) {
        pci_function_reset(dev);
    }
}

/* The stream */

static gboolean save_config(void *opaque, GError **errp)
{
    PciDevice *dev = opaque;
    g_free(dev->loaded);
    dev->loaded = g_memdup2(dev->config, dev->config_size);
    dev->loaded_size = dev->config_size;
    pci_msi_save(dev);
    msix_save(dev);
    return TRUE;
}

/* What says which function this is, and where its capabilities are. */
static gboolean is_identity(const PciDevice *dev, guint32 i)
{
    if (i < PCI_COMMAND || (i >= PCI_CLASS_REVISION && i < PCI_CACHE_LINE_SIZE) ||
        i == PCI_HEADER_TYPE || i == PCI_CAPABILITY_LIST || i == PCI_INTERRUPT_PIN) {
        return TRUE;
    }
    for (guint8 at = dev->config[PCI_CAPABILITY_LIST]; at; at = dev->config[at + 1]) {
        if (i == at || i == at + 1u) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean load_config(void *opaque, guint32 version, GError **errp)
{
    PciDevice *dev = opaque;
    const PciDeviceClass *with = PCI_CLASS_WITH(dev, config_loaded);
    if (dev->loaded_size != dev->config_size) {
        return error_set(errp, "Field 'config': %u bytes of configuration space, not %u",
                         dev->loaded_size, dev->config_size);
    }
    for (guint32 i = 0; i < dev->config_size; i++) {
        if (is_identity(dev, i) && dev->loaded[i] != dev->config[i]) {
            return error_set(errp, "Field 'config': byte 0x%x is 0x%x, but 0x%x here", i,
                             dev->loaded[i], dev->config[i]);
        }
    }
    for (guint32 i = 0; i < dev->config_size; i++) {
        guint8 mask = dev->write_mask[i] | dev->clear_mask[i];
        dev->config[i] = (guint8)((dev->config[i] & ~mask) | (dev->loaded[i] & mask));
    }
    pci_msi_load(dev);
    msix_load(dev);
    pci_config_apply(dev);
    if (with) {
        with->config_loaded(dev);
    }
    return TRUE;
}

/* `optional`: what a function without MSI or MSI-X leaves out. */
static const StateField fields[] = {
    STATE_COUNTED("config", STATE_BYTES, PciDevice, loaded, PCIE_CONFIG_SIZE, loaded_size,
                  .indirect = TRUE),
    STATE_FIELD("intx", STATE_BOOL, PciDevice, intx_level, .optional = TRUE),
    STATE_FIELD("msi-pending", STATE_U32, PciDevice, msi.pending, .optional = TRUE),
    STATE_COUNTED("msix-table", STATE_BYTES, PciDevice, msix.table, 0, msix.table_size,
                  .indirect = TRUE, .optional = TRUE),
    STATE_COUNTED("msix-pending", STATE_BYTES, PciDevice, msix.pba, 0, msix.pba_size,
                  .indirect = TRUE, .optional = TRUE),
    { NULL },
};

const StateDesc pci_device_state = {
    .name = "pci",
    .version = 1,
    .fields = fields,
    .pre_save = save_config,
    .post_load = load_config,
};
