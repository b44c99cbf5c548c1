/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables: the static ones, and how they lie together in memory. */
#include "config.h"

#include "firmware/acpi.h"

#include <string.h>

#include "accel/vcpu.h"
#include "hw/ged.h"
#include "hw/rtc-time.h"

#define TABLE_ALIGN 16

typedef struct __attribute__((packed)) Header {
    char signature[4];
    guint32 length;
    guint8 revision, checksum;
    char oem_id[6], oem_table_id[8];
    guint32 oem_revision;
    char creator_id[4];
    guint32 creator_revision;
} Header;

typedef struct __attribute__((packed)) Rsdp {
    char signature[8];
    guint8 checksum;
    char oem_id[6];
    guint8 revision;
    guint32 rsdt;
    guint32 length;
    guint64 xsdt;
    guint8 extended_checksum, reserved[3];
} Rsdp;

/* Generic Address Structure. */
typedef struct __attribute__((packed)) Gas {
    guint8 space, bit_width, bit_offset, access;
    guint64 address;
} Gas;

/* Fixed ACPI Description Table, revision 6; what stays zero has no name of its own. */
typedef struct __attribute__((packed)) Fadt {
    Header header;
    guint32 facs, dsdt;
    guint8 reserved, preferred_profile;
    guint8 fixed_hardware[62]; /* SCI .. month alarm: hardware-reduced has none */
    guint8 century;
    guint16 boot_arch;
    guint8 reserved2;
    guint32 flags;
    Gas reset;
    guint8 reset_value;
    guint16 arm_boot_arch;
    guint8 minor_revision;
    guint64 x_facs, x_dsdt;
    Gas fixed_blocks[8];
    Gas sleep_control, sleep_status;
    char hypervisor[8];
} Fadt;

G_STATIC_ASSERT(sizeof(Header) == 36);
G_STATIC_ASSERT(sizeof(Rsdp) == 36);
G_STATIC_ASSERT(offsetof(Fadt, century) == 108);
G_STATIC_ASSERT(offsetof(Fadt, flags) == 112);
G_STATIC_ASSERT(offsetof(Fadt, sleep_control) == 244);
G_STATIC_ASSERT(sizeof(Fadt) == 276);

#define FADT_WBINVD         (1u << 0)
#define FADT_POWER_BUTTON   (1u << 4) /* a control method, no fixed hardware */
#define FADT_SLEEP_BUTTON   (1u << 5)
#define FADT_RESET_REG      (1u << 10)
#define FADT_HW_REDUCED     (1u << 20)
#define BOOT_LEGACY_DEVICES 0x0001 /* serial ports; no 8042 (0x0002) */
#define BOOT_NO_VGA         0x0004
#define BOOT_NO_CMOS_RTC    0x0020

#define MADT_LAPIC     0
#define MADT_IOAPIC    1
#define MADT_LAPIC_NMI 4

static void put(GByteArray *out, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, n);
}

static guint8 checksum(const void *data, gsize len)
{
    const guint8 *p = data;
    guint8 sum = 0;

    while (len--) {
        sum += *p++;
    }
    return -sum;
}

static Header header(const char *signature, guint8 revision)
{
    Header h = { .revision = revision,
                 .oem_revision = GUINT32_TO_LE(1),
                 .creator_revision = GUINT32_TO_LE(1) };

    memcpy(h.signature, signature, sizeof(h.signature));
    memcpy(h.oem_id, "VIREO ", sizeof(h.oem_id));
    memcpy(h.oem_table_id, "VIREO1.0", sizeof(h.oem_table_id));
    memcpy(h.creator_id, "VIRE", sizeof(h.creator_id));
    return h;
}

/* Appends a finished table (with header) to the blob; returns its address. */
static guint64 place(GByteArray *blob, guint64 base, GByteArray *table)
{
    Header *h = (Header *)table->data;
    guint start = (blob->len + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN;
    guint old = blob->len;

    h->length = GUINT32_TO_LE(table->len);
    h->checksum = 0;
    h->checksum = checksum(table->data, table->len);
    g_byte_array_set_size(blob, start);
    memset(blob->data + old, 0, start - old);
    g_byte_array_append(blob, table->data, table->len);
    return base + start;
}

static GByteArray *table_new(const char *signature, guint8 revision)
{
    GByteArray *table = g_byte_array_new();
    Header h = header(signature, revision);

    g_byte_array_append(table, (const guint8 *)&h, sizeof(h));
    return table;
}

static guint64 add_dsdt(GByteArray *blob, guint64 base, const AcpiBoard *board)
{
    g_autoptr(GByteArray) table = table_new("DSDT", 2);
    g_autoptr(GByteArray) aml = acpi_build_dsdt(board);

    g_byte_array_append(table, aml->data, aml->len);
    return place(blob, base, table);
}

static Gas byte_register(guint64 address)
{
    return (Gas){ .space = 0 /* memory */,
                  .bit_width = 8,
                  .access = 1 /* byte */,
                  .address = GUINT64_TO_LE(address) };
}

static guint64 add_fadt(GByteArray *blob, guint64 base, const AcpiBoard *board,
                        guint64 dsdt)
{
    g_autoptr(GByteArray) table = g_byte_array_new();
    Fadt fadt = { .header = header("FACP", 6), .minor_revision = 5 };

    fadt.dsdt = GUINT32_TO_LE(dsdt);
    fadt.x_dsdt = GUINT64_TO_LE(dsdt);
    fadt.century = board->rtc ? RTC_CENTURY : 0;
    fadt.boot_arch = GUINT16_TO_LE(BOOT_LEGACY_DEVICES | BOOT_NO_VGA |
                                   (board->rtc ? 0 : BOOT_NO_CMOS_RTC));
    fadt.flags = GUINT32_TO_LE(FADT_WBINVD | FADT_POWER_BUTTON | FADT_SLEEP_BUTTON |
                               FADT_RESET_REG | FADT_HW_REDUCED);
    fadt.reset = byte_register(board->ged_base + GED_RESET);
    fadt.reset_value = GED_RESET_VALUE;
    fadt.sleep_control = byte_register(board->ged_base + GED_SLEEP_CTL);
    fadt.sleep_status = byte_register(board->ged_base + GED_SLEEP_STATUS);
    memcpy(fadt.hypervisor, "VIREO", 5);
    g_byte_array_append(table, (const guint8 *)&fadt, sizeof(fadt));
    return place(blob, base, table);
}

static guint64 add_madt(GByteArray *blob, guint64 base, const AcpiBoard *board)
{
    g_autoptr(GByteArray) table = table_new("APIC", 5);

    put(table, board->lapic_base, 4);
    put(table, 0, 4); /* flags: no 8259 */
    for (unsigned i = 0; i < board->cpus; i++) {
        put(table, MADT_LAPIC, 1);
        put(table, 8, 1);
        put(table, i, 1); /* _UID of the processor */
        put(table, cpu_apic_id(i), 1);
        put(table, 1, 4); /* enabled */
    }
    put(table, MADT_IOAPIC, 1);
    put(table, 12, 1);
    put(table, 0, 1); /* ID */
    put(table, 0, 1);
    put(table, board->ioapic_base, 4);
    put(table, 0, 4); /* first GSI */
    put(table, MADT_LAPIC_NMI, 1);
    put(table, 6, 1);
    put(table, 0xff, 1); /* all processors */
    put(table, 0, 2);    /* polarity and trigger as the bus has them */
    put(table, 1, 1);    /* LINT1 */
    return place(blob, base, table);
}

static void fill_rsdp(GByteArray *blob, guint64 xsdt)
{
    Rsdp rsdp = { .revision = 2, .length = GUINT32_TO_LE(sizeof(rsdp)) };

    memcpy(rsdp.signature, "RSD PTR ", sizeof(rsdp.signature));
    memcpy(rsdp.oem_id, "VIREO ", sizeof(rsdp.oem_id));
    rsdp.xsdt = GUINT64_TO_LE(xsdt);
    rsdp.checksum = checksum(&rsdp, offsetof(Rsdp, length));
    rsdp.extended_checksum = checksum(&rsdp, sizeof(rsdp));
    memcpy(blob->data, &rsdp, sizeof(rsdp));
}

GByteArray *acpi_build(const AcpiBoard *board, guint64 base)
{
    GByteArray *blob = g_byte_array_new();
    g_autoptr(GByteArray) xsdt = table_new("XSDT", 1);
    guint64 dsdt;

    g_byte_array_set_size(blob, sizeof(Rsdp));
    dsdt = add_dsdt(blob, base, board);
    put(xsdt, add_fadt(blob, base, board, dsdt), 8);
    put(xsdt, add_madt(blob, base, board), 8);
    fill_rsdp(blob, place(blob, base, xsdt));
    return blob;
}
