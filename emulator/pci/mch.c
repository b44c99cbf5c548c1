/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory controller hub. PAM: each segment shows RAM, RAM that cannot be written, or
 * what PCI has there; of the fourth mode (only writes reach RAM) PCI is shown, as QEMU
 * does.
 */
#include "pci/mch.h"

#include "pci/host-internal.h"
#include "pci/internal.h"
#include "util/error.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_MCH   0x29c0

#define PCIEXBAR         0x60
#define PCIEXBAR_DEFAULT 0xb0000000u
#define PCIEXBAR_ENABLE  1u
#define PCIEXBAR_LENGTH  6u /* bits */
#define PCIEXBAR_BASE    0xffc000000ull

#define PAM0         0x90
#define PAMS         7
#define PAM_OPEN     3 /* read and write RAM */
#define PAM_READ     1
#define SEGMENTS     13 /* the last is four times as large */
#define SEGMENT_SIZE 0x4000
#define LAST_SIZE    0x10000
#define PRIORITY_PAM 1

typedef enum SegmentMode { SEGMENT_RAM, SEGMENT_ROM, SEGMENT_PCI } SegmentMode;

/* What lies over the RAM, beneath what PCI has there. */
typedef struct Segment {
    SegmentMode mode;
    Region *over;  /* NULL: nothing */
    Region *alias; /* in it: of PCI's memory */
    Region *none;  /* in it: where nothing answers */
} Segment;

typedef struct Mch {
    PciDevice pci;
    RamBlock *low_ram; /* a reference; NULL: nothing is shadowed */
    gboolean open;     /* PAM after a reset */
    Segment segments[SEGMENTS];
} Mch;

/* PCIEXBAR: 5.1.14 of the data sheet */

static const guint32 lengths[] = { 256 << 20, 128 << 20, 64 << 20 };

static guint64 pciexbar(const Mch *m)
{
    return pci_get(&m->pci, PCIEXBAR, 4) | (guint64)pci_get(&m->pci, PCIEXBAR + 4, 4)
                                               << 32;
}

static void set_pciexbar(Mch *m, guint64 value)
{
    pci_set(&m->pci, PCIEXBAR, 4, (guint32)value);
    pci_set(&m->pci, PCIEXBAR + 4, 4, (guint32)(value >> 32));
}

static void show_ecam(Mch *m)
{
    guint64 value = pciexbar(m);
    unsigned length = (value & PCIEXBAR_LENGTH) >> 1;
    gboolean on = (value & PCIEXBAR_ENABLE) && length < G_N_ELEMENTS(lengths);
    guint64 size = on ? lengths[length] : 0;
    pci_host_map_ecam(m->pci.bus->bus->owner, value & PCIEXBAR_BASE & -size, size);
}

gboolean mch_set_pciexbar(PciDevice *dev, guint64 base, guint64 size)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        if (lengths[i] == size && !(base & ~(PCIEXBAR_BASE & -size))) {
            set_pciexbar((Mch *)dev, base | i << 1 | PCIEXBAR_ENABLE);
            show_ecam((Mch *)dev);
            return TRUE;
        }
    }
    if (size == 0) {
        set_pciexbar((Mch *)dev, PCIEXBAR_DEFAULT);
        show_ecam((Mch *)dev);
    }
    return size == 0;
}

/* PAM: 5.1.15 to 5.1.21 */

/* PAM0's upper half is the last segment, then lower and upper half are one each. */
static unsigned segment_bits(const Mch *m, unsigned segment)
{
    if (segment == SEGMENTS - 1) {
        return (m->pci.config[PAM0] >> 4) & 3;
    }
    return (m->pci.config[PAM0 + 1 + segment / 2] >> (segment % 2 ? 4 : 0)) & 3;
}

static SegmentMode wanted_mode(const Mch *m, unsigned segment)
{
    switch (segment_bits(m, segment)) {
    case PAM_OPEN:
        return SEGMENT_RAM;
    case PAM_READ:
        return SEGMENT_ROM;
    default:
        return SEGMENT_PCI;
    }
}

static void drop_over(Segment *s)
{
    if (!s->over) {
        return;
    }
    region_remove(s->over);
    if (s->alias) {
        region_remove(s->alias);
        region_remove(s->none);
    }
    region_free(s->alias);
    region_free(s->none);
    region_free(s->over);
    s->over = s->alias = s->none = NULL;
}

static const RegionOps none_ops = { .min_size = 1, .max_size = 8 };

static void make_pci(const Mch *m, Segment *s, guint64 addr, guint64 size)
{
    s->over = region_new_container("pam-pci", size);
    s->alias = region_new_alias("pam-pci", m->pci.bus->memory, addr, size);
    s->none = region_new_io("pam-none", size, &none_ops, NULL);
    region_add_over(s->over, s->alias, 0, 1);
    region_add_over(s->over, s->none, 0, 0);
}

static void show_segment(Mch *m, unsigned i)
{
    Segment *s = &m->segments[i];
    SegmentMode mode = wanted_mode(m, i);
    guint64 addr = MCH_PAM_FIRST + (guint64)i * SEGMENT_SIZE;
    guint64 size = i == SEGMENTS - 1 ? LAST_SIZE : SEGMENT_SIZE;
    if (s->mode == mode) {
        return;
    }
    drop_over(s);
    s->mode = mode;
    if (mode == SEGMENT_ROM) {
        s->over = region_new_ram("pam-rom", m->low_ram, addr, size, TRUE);
    } else if (mode == SEGMENT_PCI) {
        make_pci(m, s, addr, size);
    }
    if (s->over) {
        region_add_over(address_map_root(address_map_memory()), s->over, addr,
                        PRIORITY_PAM);
    }
}

static void show_pam(Mch *m)
{
    if (!m->low_ram) {
        return;
    }
    pci_map_begin();
    for (unsigned i = 0; i < SEGMENTS; i++) {
        show_segment(m, i);
    }
    pci_map_end();
}

static void reset_pam(Mch *m)
{
    for (unsigned i = 0; i < PAMS; i++) {
        guint8 open = m->pci.write_mask[PAM0 + i];
        m->pci.config[PAM0 + i] = m->open ? open : 0;
    }
    show_pam(m);
}

void mch_set_low_ram(PciDevice *dev, RamBlock *ram, gboolean open)
{
    Mch *m = (Mch *)dev;
    g_assert(!m->low_ram && ram->size >= MCH_PAM_FIRST + MCH_PAM_SIZE);
    m->low_ram = ram_block_ref(ram);
    m->open = open;
    reset_pam(m);
}

/* The function */

static void mch_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old)
{
    Mch *m = (Mch *)dev;
    if (pci_touches(offset, size, PCIEXBAR, 8)) {
        show_ecam(m);
    }
    if (pci_touches(offset, size, PAM0, PAMS)) {
        show_pam(m);
    }
}

static void mch_loaded(PciDevice *dev)
{
    mch_written(dev, PCIEXBAR, 8, 0);
    mch_written(dev, PAM0, PAMS, 0);
}

static gboolean mch_realize(Device *device, GError **errp)
{
    PciDevice *dev = (PciDevice *)device;
    if (dev->devfn != 0) {
        return error_set(errp, "-global mch.addr: it is function 00.0");
    }
    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    pci_set_writable(dev, PCIEXBAR, 4,
                     (guint32)PCIEXBAR_BASE | PCIEXBAR_LENGTH | PCIEXBAR_ENABLE);
    pci_set_writable(dev, PCIEXBAR + 4, 4, PCIEXBAR_BASE >> 32);
    pci_set_writable(dev, PAM0, 1, PAM_OPEN << 4);
    for (unsigned i = 1; i < PAMS; i++) {
        pci_set_writable(dev, PAM0 + i, 1, PAM_OPEN << 4 | PAM_OPEN);
    }
    return TRUE;
}

static void mch_reset(Device *device)
{
    Mch *m = (Mch *)device;
    pci_device_reset(device);
    mch_set_pciexbar(&m->pci, 0, 0);
    reset_pam(m);
}

static void mch_unrealize(Device *device)
{
    Mch *m = (Mch *)device;
    pci_map_begin();
    for (unsigned i = 0; i < SEGMENTS; i++) {
        drop_over(&m->segments[i]);
    }
    pci_map_end();
    pci_host_map_ecam(m->pci.bus->bus->owner, 0, 0);
    g_clear_pointer(&m->low_ram, ram_block_unref);
    pci_device_unrealize(device);
}

const PciDeviceClass mch_class = {
    .device = {
        .name = "mch",
        .bus = PCI_BUS_TYPE,
        .desc = "Host bridge (Q35 memory controller hub)",
        .instance_size = sizeof(Mch),
        .parent = &pci_device_class.device,
        .realize = mch_realize,
        .reset = mch_reset,
        .unrealize = mch_unrealize,
    },
    .vendor_id = VENDOR_INTEL,
    .device_id = DEVICE_MCH,
    .revision = 2,
    .class_code = 0x060000,
    .config_written = mch_written,
    .config_loaded = mch_loaded,
};
