/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microvm: a hardware-reduced ACPI machine without PCI. RAM, I/O APIC, event
 * device, RTC, serial ports on ISA, 24 virtio-mmio slots (microvm.h says where).
 *
 * Everything the user can get wrong is checked first. Then RAM is mapped before
 * irqchip and vCPUs are made: a first memory slot behind the irqchip is slow in KVM.
 * A reset quiesces and resets all devices, then writes tables and kernel anew.
 */
#include "config.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/run-state.h"
#include "config/boot.h"
#include "hw/ged.h"
#include "hw/ioapic.h"
#include "hw/isa.h"
#include "hw/serial.h"
#include "machine/board.h"
#include "machine/boards.h"
#include "machine/microvm-acpi.h"
#include "machine/microvm.h"
#include "memory/address-map.h"
#include "memory/guest.h"
#include "util/error.h"
#include "virtio/mmio.h"

typedef struct Options {
    BoardOptions board;
    gboolean auto_cmdline, isa_serial;
    OnOffAuto pit, pic, pcie, rtc;
} Options;

static struct {
    BoardMemory memory;
    BoardKernel kernel;
    Device *ioapic, *ged; /* references: slots use them to their end */
    Bus *isa;
    gboolean rtc;
    GByteArray *tables;
} board;

/* --- checks: nothing is created here --- */

static gboolean check_options(const Options *o, GError **errp)
{
    static const char unsupported[] = "-machine %s: machine 'microvm' has no such device";

    if (!o->board.acpi) {
        return error_set(errp,
                         "-machine acpi=off: machine 'microvm' needs ACPI, by which "
                         "guests find its devices");
    }
    if (o->pit == ON_OFF_AUTO_ON) {
        return error_set(errp, unsupported, "pit=on");
    }
    if (o->pic == ON_OFF_AUTO_ON) {
        return error_set(errp, unsupported, "pic=on");
    }
    if (o->pcie == ON_OFF_AUTO_ON) {
        return error_set(errp, unsupported, "pcie=on");
    }
    return TRUE;
}

static gboolean check_memory(const Options *o, ConfigNode *config, GError **errp)
{
    board.memory = (BoardMemory){ .machine = "microvm",
                                  .block = "microvm.ram",
                                  .options = &o->board,
                                  .split_from = MICROVM_LOW_RAM_MAX,
                                  .split = MICROVM_LOW_RAM_MAX };
    return board_memory_check(&board.memory, config, errp);
}

static gboolean check_kernel(const Options *o, ConfigNode *config, GError **errp)
{
    BootMemory memory = { .low_ram = board.memory.low,
                          .high_ram = board.memory.high,
                          .rsdp = MICROVM_ACPI_BASE };

    return board_kernel_check(&board.kernel, "microvm", &memory, o->auto_cmdline, config,
                              errp);
}

static gboolean check_boot(ConfigNode *config, GError **errp)
{
    BootOptions boot;

    return config_get_boot(config, &boot, errp) &&
           (!boot.menu ||
            error_set(errp, "-boot menu=on: machine 'microvm' starts no firmware"));
}

/* --- creation --- */

static gboolean create_slots(GError **errp)
{
    gboolean ok = TRUE;

    G_STATIC_ASSERT(VIRTIO_MMIO_SIZE == MICROVM_VIRTIO_SIZE);
    for (unsigned i = 0; ok && i < MICROVM_VIRTIO_SLOTS; i++) {
        ok = virtio_mmio_create(i, MICROVM_VIRTIO_BASE + i * MICROVM_VIRTIO_STRIDE,
                                ioapic_pin(board.ioapic, MICROVM_VIRTIO_PIN + i), errp);
    }
    return ok;
}

/* A device that comes while the guest may already have looked is announced. */
static void presence_changed(unsigned slot, gboolean present, void *opaque)
{
    ged_set_present(board.ged, slot, present, present && board.tables);
}

static gboolean create_ged(GError **errp)
{
    g_autoptr(Device) dev = device_new(&ged_class);

    device_set_name(dev, "ged");
    ged_set_wiring(dev, MICROVM_GED_BASE, ioapic_pin(board.ioapic, MICROVM_GED_PIN),
                   MICROVM_GED_PIN);
    if (!device_realize(dev, NULL, errp)) {
        return FALSE;
    }
    board.ged = g_steal_pointer(&dev);
    virtio_mmio_set_presence_hook(presence_changed, NULL);
    return TRUE;
}

static gboolean create_isa(const Options *o, ConfigNode *config, GError **errp)
{
    IrqLine *irqs[ISA_IRQS];

    for (unsigned i = 0; i < ISA_IRQS; i++) {
        irqs[i] = i == MICROVM_GED_PIN ? NULL : ioapic_pin(board.ioapic, i);
    }
    board.isa = isa_bus_new("isa.0", irqs);
    board.rtc = o->rtc != ON_OFF_AUTO_OFF;
    g_autoptr(Device) rtc = board.rtc ? board_create_rtc(board.isa, config, errp) : NULL;
    return (!board.rtc || rtc) &&
           (!o->isa_serial || board_create_serials(board.isa, config, errp));
}

/* --- tables, boot, reset --- */

/*
 * The BIOS's reset vector f000:fff0, in front of it an IDT of no entries. Linux jumps
 * here for a reboot where ACPI is hardware-reduced and there is no EFI: it asks EFI,
 * then the BIOS, and never the FADT's reset register. A triple fault is a reset.
 */
static const guint8 reset_vector[] = {
    0,    0,    0,    0,    0,    0,    0,
    0,    0xea, 0xf5, 0xff, 0x00, 0xf0, /* jmp f000:fff5, for who comes by ffff:0000 */
    0x2e, 0x0f, 0x01, 0x1e, 0xe8, 0xff, /* lidt cs:[ffe8] */
    0xcc,                               /* int3 */
    0xf4,                               /* hlt */
};
#define RESET_VECTOR_BASE 0xfffe8u
G_STATIC_ASSERT(MICROVM_ACPI_BASE + MICROVM_ACPI_SIZE <= RESET_VECTOR_BASE);

/* Guest memory as a boot finds it. */
static gboolean load_guest(BootState *boot, GError **errp)
{
    if (!guest_write(dma_space_memory(), MICROVM_ACPI_BASE, board.tables->data,
                     board.tables->len) ||
        !guest_write(dma_space_memory(), RESET_VECTOR_BASE, reset_vector,
                     sizeof(reset_vector))) {
        return error_set(errp, "cannot write the ACPI tables to guest memory");
    }
    return board_kernel_load(&board.kernel, boot, errp);
}

static void powerdown(void *opaque)
{
    ged_press_power_button(board.ged);
}

static gboolean microvm_ready(gboolean incoming, GError **errp)
{
    board.tables = microvm_build_tables(board.ged, board.isa, board.rtc);
    vm_set_powerdown_handler(powerdown, NULL);
    return board_ready(load_guest, incoming, errp);
}

/*
 * One new view of each address space for all of them. The event device comes after
 * the slots: its reset asks what they hold then.
 */
static gboolean create_devices(const Options *o, ConfigNode *config, GError **errp)
{
    gboolean ok;

    address_map_begin();
    board.ioapic = board_create_ioapic(MICROVM_IOAPIC_BASE, errp);
    ok = board.ioapic && board_create_vcpus(errp) && create_slots(errp) &&
         create_ged(errp) && create_isa(o, config, errp);
    return address_map_commit(ok ? errp : NULL) && ok;
}

static gboolean microvm_create(const MachineClass *klass, const void *options,
                               ConfigNode *config, GError **errp)
{
    const Options *o = options;

    return check_options(o, errp) && check_boot(config, errp) &&
           check_memory(o, config, errp) && check_kernel(o, config, errp) &&
           board_memory_create(&board.memory, errp) && create_devices(o, config, errp);
}

static void microvm_cleanup(void)
{
    virtio_mmio_set_presence_hook(NULL, NULL);
    device_unref(board.ged);
    device_unref(board.ioapic);
    isa_bus_free(board.isa);
    board_kernel_free(&board.kernel);
    board_memory_free(&board.memory);
    g_clear_pointer(&board.tables, g_byte_array_unref);
    memset(&board, 0, sizeof(board));
}

static const Property microvm_properties[] = {
    BOARD_OPTIONS("ACPI tables; cannot be switched off"),
    BOARD_OPTION("auto-kernel-cmdline", PROP_BOOL, auto_cmdline, "on",
                 "tell a Linux without kvmclock the rate of the TSC (tsc_early_khz=)"),
    BOARD_OPTION("isa-serial", PROP_BOOL, isa_serial, "on", "serial ports for -serial"),
    BOARD_OPTION("rtc", PROP_AUTO, rtc, "auto", "real-time clock; auto: there is one"),
    BOARD_OPTION("pit", PROP_AUTO, pit, "auto", "there is none"),
    BOARD_OPTION("pic", PROP_AUTO, pic, "auto", "there is none"),
    BOARD_OPTION("pcie", PROP_AUTO, pcie, "auto", "there is none"),
    { NULL },
};

const MachineClass machine_microvm = {
    .name = "microvm-vireo-1.0",
    .alias = "microvm",
    .desc = "microvm: virtio-mmio, hardware-reduced ACPI, no PCI",
    .max_cpus = MICROVM_MAX_CPUS,
    .properties = microvm_properties,
    .options_size = sizeof(Options),
    .create = microvm_create,
    .ready = microvm_ready,
    .cleanup = microvm_cleanup,
};
