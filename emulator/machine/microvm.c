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
#include "accel/cpu-feature.h"
#include "accel/run-state.h"
#include "accel/vcpu.h"
#include "firmware/acpi.h"
#include "firmware/kernel.h"
#include "hw/ged.h"
#include "hw/ioapic.h"
#include "hw/isa.h"
#include "hw/pvpanic-isa.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "machine/boards.h"
#include "machine/microvm.h"
#include "memory/address-map.h"
#include "memory/guest.h"
#include "util/error.h"
#include "virtio/mmio.h"

typedef struct Options {
    gboolean acpi, auto_cmdline, mem_share, isa_serial;
    OnOffAuto pit, pic, pcie, rtc;
    char *memory_backend;
} Options;

static struct {
    guint64 ram_size;
    RamBlock *ram;
    Region *low, *high;
    Device *ioapic, *ged; /* references: slots use them to their end */
    Bus *isa;
    gboolean rtc;
    Kernel *kernel;    /* NULL: none */
    gboolean tell_tsc; /* to the kernel, which will not ask for its rate */
    GByteArray *tables;
} board;

static guint64 low_ram(void)
{
    return MIN(board.ram_size, MICROVM_LOW_RAM_MAX);
}

/* --- checks: nothing is created here --- */

static gboolean check_options(const Options *o, GError **errp)
{
    static const char unsupported[] = "-machine %s: machine 'microvm' has no such device";

    if (!o->acpi) {
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

static gboolean check_memory(ConfigNode *config, GError **errp)
{
    ConfigNode *memory;
    guint64 max, slots;

    if (!config_get_node(config, "memory", CONFIG_MAP, &memory, errp)) {
        return FALSE;
    }
    if (!memory) {
        return error_set(errp, "-m: the size of memory is missing");
    }
    if (!config_get_size(memory, "size", 0, &board.ram_size, errp) ||
        !config_get_size(memory, "maxmem", board.ram_size, &max, errp) ||
        !config_get_uint(memory, "slots", 0, 0, G_MAXUINT, &slots, errp)) {
        config_prefix_origin(memory, "-m", errp);
        return FALSE;
    }
    if (board.ram_size < MICROVM_MIN_RAM || board.ram_size > MICROVM_MAX_RAM ||
        board.ram_size % RAM_PAGE_SIZE) {
        error_set(errp, "machine 'microvm' takes whole pages from 1 MiB to 4 TiB");
        config_prefix_origin(memory, "-m", errp);
        return FALSE;
    }
    if (max != board.ram_size || slots) {
        error_set(errp, "machine 'microvm' has no memory hot-plug");
        config_prefix_origin(memory, "-m", errp);
        return FALSE;
    }
    return TRUE;
}

/* The `-object` that memory-backend= names; NULL with errp unset: none is asked for. */
static gboolean find_backend(const Options *o, ConfigNode *config, ConfigNode **backend,
                             GError **errp)
{
    ConfigNode *objects;
    const char *id, *type;
    guint64 size;

    *backend = NULL;
    if (!o->memory_backend) {
        return TRUE;
    }
    if (!config_get_node(config, "object", CONFIG_LIST, &objects, errp)) {
        return FALSE;
    }
    for (guint i = 0; objects && i < config_list_size(objects); i++) {
        ConfigNode *object = config_list_at(objects, i);

        if (!config_get_string(object, "id", NULL, &id, errp) ||
            !config_get_string(object, "qom-type", "", &type, errp)) {
            return FALSE;
        }
        if (g_strcmp0(id, o->memory_backend) != 0 ||
            !g_str_has_prefix(type, "memory-backend-")) {
            continue;
        }
        if (!config_get_size(object, "size", 0, &size, errp)) {
            g_prefix_error(errp, "-object id=%s: ", id);
            return FALSE;
        }
        if (size != board.ram_size) {
            return error_set(errp,
                             "-machine memory-backend=%s: its size of %" G_GUINT64_FORMAT
                             " does not match -m %" G_GUINT64_FORMAT,
                             id, size, board.ram_size);
        }
        if (o->mem_share) {
            return error_set(errp,
                             "-machine mem-share=on: not together with "
                             "memory-backend=%s (share=on belongs there)",
                             id);
        }
        *backend = object;
        return TRUE;
    }
    return error_set(errp, "-machine memory-backend=%s: Memory backend '%s' not found",
                     o->memory_backend, o->memory_backend);
}

static gboolean check_kernel(const Options *o, ConfigNode *config, GError **errp)
{
    BootMemory memory = { .low_ram = low_ram(),
                          .high_ram = board.ram_size - low_ram(),
                          .rsdp = MICROVM_ACPI_BASE };
    const char *kernel, *initrd, *append;

    if (!config_get_string(config, "kernel", NULL, &kernel, errp) ||
        !config_get_string(config, "initrd", NULL, &initrd, errp) ||
        !config_get_string(config, "append", NULL, &append, errp)) {
        return FALSE;
    }
    if (kernel) {
        board.kernel = kernel_open(kernel, initrd, append, &memory, errp);
        board.tell_tsc = board.kernel && o->auto_cmdline &&
                         kernel_lacks_kvmclock(board.kernel, cpu_kvm_hidden());
        return board.kernel != NULL;
    }
    if (initrd || append) {
        return error_set(errp, "%s only allowed with -kernel option",
                         initrd ? "-initrd" : "-append");
    }
    if (strcmp(accel_get()->name, "qtest") != 0) {
        return error_set(errp,
                         "-kernel is missing: machine 'microvm' has no firmware that "
                         "could start anything else");
    }
    return TRUE;
}

/* --- creation --- */

static gboolean create_ram(const Options *o, ConfigNode *backend, GError **errp)
{
    g_autoptr(ConfigNode) shared = NULL;

    if (o->mem_share) {
        shared = backend = config_map_new();
        config_map_set(shared, "qom-type", config_string_new("memory-backend-memfd"));
        config_map_set(shared, "id", config_string_new("microvm.ram"));
        config_map_set(shared, "size", config_int_new(board.ram_size));
        config_map_set(shared, "share", config_bool_new(TRUE));
    }
    board.ram = backend ? ram_backend_new(backend, errp)
                        : ram_block_new("microvm.ram", board.ram_size, errp);
    if (!board.ram && backend && config_node_origin(backend)) {
        config_prefix_origin(backend, "-object", errp);
    }
    return board.ram && ram_block_register(board.ram, errp);
}

/* A part of the RAM block at a guest address; NULL: failed. */
static Region *map_ram_at(const char *name, guint64 offset, guint64 size, guint64 addr,
                          GError **errp)
{
    Region *region = region_new_ram(name, board.ram, offset, size, FALSE);

    address_map_put(address_map_memory(), &region, addr, errp);
    return region;
}

static gboolean map_ram(GError **errp)
{
    guint64 low = low_ram(), high = board.ram_size - low;
    gboolean ok;

    address_map_begin();
    board.low = map_ram_at("ram-below-4g", 0, low, 0, errp);
    if (board.low && high) {
        board.high = map_ram_at("ram-above-4g", low, high, MICROVM_HIGH_RAM, errp);
    }
    ok = board.low && (!high || board.high);
    return address_map_commit(ok ? errp : NULL) && ok;
}

static gboolean create_ioapic(GError **errp)
{
    g_autoptr(Device) dev = device_new(&ioapic_class);

    device_set_name(dev, "ioapic");
    ioapic_set_address(dev, MICROVM_IOAPIC_BASE);
    if (!device_realize(dev, NULL, errp)) {
        return FALSE;
    }
    board.ioapic = g_steal_pointer(&dev);
    return TRUE;
}

static gboolean create_vcpus(GError **errp)
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
    ged_set_wiring(dev, MICROVM_GED_BASE, ioapic_pin(board.ioapic, MICROVM_GED_PIN));
    if (!device_realize(dev, NULL, errp)) {
        return FALSE;
    }
    board.ged = g_steal_pointer(&dev);
    virtio_mmio_set_presence_hook(presence_changed, NULL);
    return TRUE;
}

static gboolean create_rtc(ConfigNode *config, GError **errp)
{
    g_autoptr(Device) rtc = device_new(&rtc_class);
    const char *offset = "0";
    ConfigNode *options;

    if (!config_get_node(config, "rtc", CONFIG_MAP, &options, errp) ||
        (options && !config_get_string(options, "offset", "0", &offset, errp))) {
        return FALSE;
    }
    device_set_name(rtc, "rtc");
    rtc_set_offset(rtc, g_ascii_strtoll(offset, NULL, 10));
    return device_realize(rtc, board.isa, errp);
}

static gboolean create_isa(const Options *o, ConfigNode *config, GError **errp)
{
    IrqLine *irqs[ISA_IRQS];

    for (unsigned i = 0; i < ISA_IRQS; i++) {
        irqs[i] = i == MICROVM_GED_PIN ? NULL : ioapic_pin(board.ioapic, i);
    }
    board.isa = isa_bus_new("isa.0", irqs);
    board.rtc = o->rtc != ON_OFF_AUTO_OFF;
    return !board.rtc || create_rtc(config, errp);
}

/* `-serial`: an entry without chardev is a port that is not there. */
static gboolean create_serials(const Options *o, ConfigNode *config, GError **errp)
{
    ConfigNode *list;
    const char *chardev;

    if (!config_get_node(config, "serial", CONFIG_LIST, &list, errp)) {
        return FALSE;
    }
    for (guint i = 0; o->isa_serial && list && i < config_list_size(list); i++) {
        g_autoptr(Device) dev = device_new(&serial_class);
        g_autoptr(ConfigNode) node = config_map_new();
        g_autofree char *name = g_strdup_printf("serial%u", i);

        if (!config_get_string(config_list_at(list, i), "chardev", NULL, &chardev,
                               errp)) {
            return FALSE;
        }
        if (!chardev) {
            continue;
        }
        config_map_set(node, "chardev", config_string_new(chardev));
        config_map_set(node, "index", config_int_new(i));
        device_set_name(dev, name);
        if (!device_set_properties(dev, node, errp) ||
            !device_realize(dev, board.isa, errp)) {
            g_prefix_error(errp, "-serial: ");
            return FALSE;
        }
    }
    return TRUE;
}

/* --- tables, boot, reset --- */

static void add_isa(Device *dev, void *opaque)
{
    AcpiBoard *acpi = opaque;

    if (dev->klass == &pvpanic_isa_class) {
        acpi->pvpanic_port = (guint16)pvpanic_isa_port(dev);
    }

    if (dev->klass == &serial_class && acpi->serials < ACPI_MAX_SERIALS) {
        unsigned iobase, irq;

        serial_get_resources(dev, &iobase, &irq);
        acpi->serial[acpi->serials].iobase = iobase;
        acpi->serial[acpi->serials++].irq = irq;
    }
}

static void build_tables(void)
{
    AcpiBoard acpi = {
        .cpus = machine_cpus(),
        .lapic_base = MICROVM_LAPIC_BASE,
        .ioapic_base = MICROVM_IOAPIC_BASE,
        .ged_base = MICROVM_GED_BASE,
        .ged_gsi = MICROVM_GED_PIN,
        .slots = MICROVM_VIRTIO_SLOTS,
        .slot_base = MICROVM_VIRTIO_BASE,
        .slot_stride = MICROVM_VIRTIO_STRIDE,
        .slot_size = MICROVM_VIRTIO_SIZE,
        .slot_first_gsi = MICROVM_VIRTIO_PIN,
        .rtc = board.rtc,
    };

    device_foreach(add_isa, &acpi);
    board.tables = acpi_build(&acpi, MICROVM_ACPI_BASE);
    g_assert(board.tables->len <= MICROVM_ACPI_SIZE);
}

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

/* At each boot anew: a vCPU that came from another host keeps that one's rate. */
static gboolean tell_tsc(GError **errp)
{
    Vcpu *cpu = vcpu_get(0);

    if (cpu && !accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    kernel_tell_tsc(board.kernel, cpu ? vcpu_tsc_khz(cpu) : 0);
    return TRUE;
}

/* Guest memory as a boot finds it. */
static gboolean load_guest(BootState *boot, GError **errp)
{
    if (!guest_write(dma_space_memory(), MICROVM_ACPI_BASE, board.tables->data,
                     board.tables->len) ||
        !guest_write(dma_space_memory(), RESET_VECTOR_BASE, reset_vector,
                     sizeof(reset_vector))) {
        return error_set(errp, "cannot write the ACPI tables to guest memory");
    }
    if (board.tell_tsc && !tell_tsc(errp)) {
        return FALSE;
    }
    return !board.kernel || kernel_load(board.kernel, boot, errp);
}

static void vcpus_rest(void *opaque)
{
    g_autoptr(GError) err = NULL;
    BootState boot = { 0 };

    if (load_guest(&boot, &err)) {
        accel_get()->reset_vcpus(&boot);
    } else {
        vm_request_internal_error(err->message);
    }
    vm_reset_done();
}

/* The accesses that have waited for their devices come to their ends now. */
static void devices_reset(void *opaque)
{
    accel_when_vcpus_rest(vcpus_rest, NULL);
}

static void reset(void *opaque)
{
    device_reset_all(devices_reset, NULL);
}

static void powerdown(void *opaque)
{
    ged_press_power_button(board.ged);
}

static gboolean microvm_ready(gboolean incoming, GError **errp)
{
    BootState boot = { 0 };

    build_tables();
    vm_set_reset_handler(reset, NULL);
    vm_set_powerdown_handler(powerdown, NULL);
    if ((!incoming && !load_guest(&boot, errp)) || !accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    if (!incoming) {
        accel_get()->reset_vcpus(&boot);
    }
    return TRUE;
}

/*
 * One new view of each address space for all of them. The event device comes after
 * the slots: its reset asks what they hold then.
 */
static gboolean create_devices(const Options *o, ConfigNode *config, GError **errp)
{
    gboolean ok;

    address_map_begin();
    ok = create_ioapic(errp) && create_vcpus(errp) && create_slots(errp) &&
         create_ged(errp) && create_isa(o, config, errp) &&
         create_serials(o, config, errp);
    return address_map_commit(ok ? errp : NULL) && ok;
}

static gboolean microvm_create(const MachineClass *klass, const void *options,
                               ConfigNode *config, GError **errp)
{
    const Options *o = options;
    ConfigNode *backend;

    return check_options(o, errp) && check_memory(config, errp) &&
           find_backend(o, config, &backend, errp) && check_kernel(o, config, errp) &&
           create_ram(o, backend, errp) && map_ram(errp) &&
           create_devices(o, config, errp);
}

static void microvm_cleanup(void)
{
    address_map_take(&board.low);
    address_map_take(&board.high);
    if (board.ram) {
        ram_block_unregister(board.ram);
        ram_block_unref(board.ram);
    }
    virtio_mmio_set_presence_hook(NULL, NULL);
    device_unref(board.ged);
    device_unref(board.ioapic);
    isa_bus_free(board.isa);
    g_clear_pointer(&board.kernel, kernel_free);
    g_clear_pointer(&board.tables, g_byte_array_unref);
    memset(&board, 0, sizeof(board));
}

#define OPTION(name_, type_, member, def_, help_)                                        \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(Options, member), .def = def_,  \
        .help = help_                                                                    \
    }

static const Property microvm_properties[] = {
    OPTION("acpi", PROP_BOOL, acpi, "on", "ACPI tables; cannot be switched off"),
    OPTION("auto-kernel-cmdline", PROP_BOOL, auto_cmdline, "on",
           "tell a Linux without kvmclock the rate of the TSC (tsc_early_khz=)"),
    OPTION("memory-backend", PROP_STRING, memory_backend, NULL,
           "ID of the memory backend that is the RAM"),
    OPTION("mem-share", PROP_BOOL, mem_share, "off", "RAM is shared memory"),
    OPTION("isa-serial", PROP_BOOL, isa_serial, "on", "serial ports for -serial"),
    OPTION("rtc", PROP_AUTO, rtc, "auto", "real-time clock; auto: there is one"),
    OPTION("pit", PROP_AUTO, pit, "auto", "there is none"),
    OPTION("pic", PROP_AUTO, pic, "auto", "there is none"),
    OPTION("pcie", PROP_AUTO, pcie, "auto", "there is none"),
    { .name = "dump-guest-core",
      .type = PROP_BOOL,
      .ignored = TRUE,
      .help = "guest memory in core dumps; never" },
    { NULL },
};

const MachineClass machine_microvm = {
    .name = "microvm-vireo-1.0",
    .alias = "microvm",
    .desc = "microvm: virtio-mmio, hardware-reduced ACPI, no PCI",
    .max_cpus = MICROVM_MAX_CPUS,
    .is_default = TRUE,
    .properties = microvm_properties,
    .options_size = sizeof(Options),
    .create = microvm_create,
    .ready = microvm_ready,
    .cleanup = microvm_cleanup,
};
