/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DSDT: event device, power button, virtio-mmio slots, serial ports, RTC, pvpanic,
 * CPUs.
 *
 * All slots, empty or not, are children of one container; their _STA reads which
 * are present. After a hot-plug the event device notifies the container (bus
 * check), whereupon the guest scans it again and finds the new device.
 */
#include "config.h"

#include "firmware/acpi.h"
#include "firmware/aml.h"
#include "hw/ged.h"
#include "hw/rtc.h"

#define STA_PRESENT          0x0f
#define NOTIFY_BUS_CHECK     0x00
#define NOTIFY_STATUS_CHANGE 0x80

/* If (Local0 & bit) { Notify (path, value) } */
static void notify_on(Aml *out, guint32 bit, const char *path, guint8 value)
{
    guint start = aml_if(out);

    aml_op(out, AML_AND);
    aml_op(out, AML_LOCAL0);
    aml_int(out, bit);
    aml_op(out, 0); /* no target */
    aml_op(out, AML_NOTIFY);
    aml_path(out, path);
    aml_int(out, value);
    aml_end(out, start);
}

static void add_ged(Aml *out, const AcpiBoard *board)
{
    static const char *const registers[] = { "EVTS", "PRES" };
    guint dev = aml_device(out, "GED_"), method;
    AmlCrs crs = aml_crs_begin();

    G_STATIC_ASSERT(GED_EVENTS == 0 && GED_PRESENT == 4);
    aml_name_string(out, "_HID", "ACPI0013");
    aml_name_int(out, "_UID", 0);
    aml_crs_interrupt(&crs, board->ged_gsi);
    aml_crs_end(out, &crs);
    aml_memory_region(out, "REGS", board->ged_base, 8);
    aml_field32(out, "REGS", registers, G_N_ELEMENTS(registers));
    method = aml_method(out, "_EVT", 1, TRUE);
    aml_op(out, AML_STORE);
    aml_path(out, "EVTS");
    aml_op(out, AML_LOCAL0);
    notify_on(out, GED_EVENT_POWER_BUTTON, "\\_SB.PWRB", NOTIFY_STATUS_CHANGE);
    notify_on(out, GED_EVENT_BUS_CHECK, "\\_SB.VIO_", NOTIFY_BUS_CHECK);
    aml_end(out, method);
    aml_end(out, dev);
}

static void add_power_button(Aml *out)
{
    guint dev = aml_device(out, "PWRB");

    aml_name_eisa_id(out, "_HID", "PNP0C0C");
    aml_name_int(out, "_UID", 0);
    aml_end(out, dev);
}

/* Method (_STA) { If (PRES & bit) { Return (0x0f) } Return (0) } */
static void add_slot_status(Aml *out, unsigned slot)
{
    guint method = aml_method(out, "_STA", 0, FALSE), start = aml_if(out);

    aml_op(out, AML_AND);
    aml_path(out, "\\_SB.GED_.PRES");
    aml_int(out, 1u << slot);
    aml_op(out, 0);
    aml_op(out, AML_RETURN);
    aml_int(out, STA_PRESENT);
    aml_end(out, start);
    aml_op(out, AML_RETURN);
    aml_int(out, 0);
    aml_end(out, method);
}

static void add_slots(Aml *out, const AcpiBoard *board)
{
    guint container = aml_device(out, "VIO_");

    aml_name_eisa_id(out, "_HID", "PNP0A06");
    aml_name_string(out, "_UID", "virtio-mmio");
    for (unsigned i = 0; i < board->slots; i++) {
        g_autofree char *name = g_strdup_printf("V%03X", i);
        guint dev = aml_device(out, name);
        AmlCrs crs = aml_crs_begin();

        aml_name_string(out, "_HID", "LNRO0005");
        aml_name_int(out, "_UID", i);
        aml_name_int(out, "_CCA", 1);
        aml_crs_memory32(&crs, board->slot_base + i * board->slot_stride,
                         board->slot_size);
        aml_crs_interrupt(&crs, board->slot_first_gsi + i);
        aml_crs_end(out, &crs);
        add_slot_status(out, i);
        aml_end(out, dev);
    }
    aml_end(out, container);
}

static void add_isa_device(Aml *out, const char *name, const char *hid, unsigned uid,
                           guint16 port, guint8 ports, guint8 irq)
{
    guint dev = aml_device(out, name);
    AmlCrs crs = aml_crs_begin();

    aml_name_eisa_id(out, "_HID", hid);
    aml_name_int(out, "_UID", uid);
    aml_crs_io(&crs, port, ports);
    aml_crs_interrupt(&crs, irq);
    aml_crs_end(out, &crs);
    aml_end(out, dev);
}

/* Linux's driver of the memory-mapped one knows this ID, and takes a port, too. */
static void add_pvpanic(Aml *out, guint16 port)
{
    guint dev = aml_device(out, "PEVT");
    AmlCrs crs = aml_crs_begin();

    aml_name_string(out, "_HID", "QEMU0001");
    aml_name_int(out, "_STA", STA_PRESENT);
    aml_crs_io(&crs, port, 1);
    aml_crs_end(out, &crs);
    aml_end(out, dev);
}

static void add_cpus(Aml *out, const AcpiBoard *board)
{
    for (unsigned i = 0; i < board->cpus; i++) {
        g_autofree char *name = g_strdup_printf("C%03X", i);
        guint dev = aml_device(out, name);

        aml_name_string(out, "_HID", "ACPI0007");
        aml_name_int(out, "_UID", i);
        aml_end(out, dev);
    }
}

GByteArray *acpi_build_dsdt(const AcpiBoard *board)
{
    Aml *out = g_byte_array_new();
    guint scope, package = aml_name_package(out, "\\_S5_", 4);

    aml_int(out, GED_SLEEP_S5);
    aml_int(out, 0);
    aml_int(out, 0);
    aml_int(out, 0);
    aml_end(out, package);

    scope = aml_scope(out, "\\_SB_");
    add_ged(out, board);
    add_power_button(out);
    add_slots(out, board);
    for (unsigned i = 0; i < board->serials; i++) {
        g_autofree char *name = g_strdup_printf("COM%u", i + 1);

        add_isa_device(out, name, "PNP0501", i + 1, board->serial[i].iobase, 8,
                       board->serial[i].irq);
    }
    if (board->rtc) {
        add_isa_device(out, "RTC_", "PNP0B00", 0, RTC_IOBASE, RTC_PORTS, RTC_IRQ);
    }
    if (board->pvpanic_port) {
        add_pvpanic(out, board->pvpanic_port);
    }
    add_cpus(out, board);
    aml_end(out, scope);
    return out;
}
