/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35: PCI Express with an ICH9, as PCs have it (q35.h says where things are,
 * q35-devices.c how they are wired). A guest begins with firmware (firmware.h), or with a
 * kernel: then the board does at each boot what firmware would have done.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "hw/ich9-pm.h"
#include "hw/vmgenid.h"
#include "machine/boards.h"
#include "machine/firmware.h"
#include "machine/q35-acpi.h"
#include "machine/q35-boot.h"
#include "machine/q35-fw-cfg.h"
#include "machine/q35-smbios.h"
#include "machine/q35.h"
#include "memory/guest.h"
#include "pci/rom.h"
#include "util/error.h"

typedef struct Options {
    BoardOptions board;
    Q35Choice choice;
    gboolean graphics;
    char *pflash[FIRMWARE_FLASHES];
    guint64 max_fw_size;
} Options;

static struct {
    BoardMemory memory;
    BoardFirmware firmware;
    BoardKernel kernel;
    Q35Devices devices;
    Q35Choice choice;
    Q35FwCfg fw_cfg;
    Q35Boot boot;
    gboolean acpi;
    GByteArray *tables; /* NULL: none */
    guint64 vmgenid;    /* address of its page, if there is one */
    Q35Smbios smbios;
} board;

/* --- checks: nothing is created here --- */

static gboolean check_options(const Options *o, ConfigNode *config, GError **errp)
{
    board.acpi = o->board.acpi;
    board.choice = o->choice;
    board.firmware.max_flash = o->max_fw_size;
    if (!board_firmware_check(&board.firmware, o->pflash, config, errp)) {
        return FALSE;
    }
    board.devices.direct = board.firmware.direct;
    board.kernel.firmware = !board.firmware.direct;
    board.kernel.bios = board.firmware.bios != NULL;
    return TRUE;
}

static gboolean check_memory(const Options *o, ConfigNode *config, GError **errp)
{
    board.memory = (BoardMemory){ .machine = "q35",
                                  .block = "pc.ram",
                                  .options = &o->board,
                                  .split_from = Q35_SPLIT_FROM,
                                  .split = Q35_SPLIT,
                                  .hole = Q35_VGA_BASE,
                                  .hole_end = Q35_VGA_END };
    return board_memory_check(&board.memory, config, errp);
}

static gboolean check_kernel(ConfigNode *config, GError **errp)
{
    BootMemory memory = { .low_ram = board.memory.low,
                          .high_ram = board.memory.high,
                          .reserved_base = Q35_ECAM_BASE,
                          .reserved_size = Q35_ECAM_SIZE,
                          .rsdp = board.acpi ? Q35_ACPI_BASE : 0 };
    return board_kernel_check(&board.kernel, "q35", &memory, FALSE, config, errp);
}

static gboolean check_fw_cfg(const Options *o, ConfigNode *config, GError **errp)
{
    board.fw_cfg =
        (Q35FwCfg){ .devices = &board.devices,
                    .choice = &board.choice,
                    .memory = &board.memory,
                    .uuid = board.smbios.said.uuid,
                    .acpi = board.acpi,
                    .graphics = o->graphics && !config_map_has(config, "nographic"),
                    .direct = board.firmware.direct };
    return q35_fw_cfg_check(&board.fw_cfg, config, errp);
}

/* --- boot, reset --- */

static gboolean load_guest(BootState *boot, GError **errp)
{
    q35_boot_start(&board.boot, &board.devices);
    q35_devices_set_up(&board.devices, board.memory.low, board.memory.high);
    if (!board.firmware.direct) {
        boot->reset_vector = TRUE;
        return TRUE;
    }
    if (board.tables && !guest_write(dma_space_memory(), Q35_ACPI_BASE,
                                     board.tables->data, board.tables->len)) {
        return error_set(errp, "cannot write the ACPI tables to guest memory");
    }
    if (board.tables && vmgenid_find()) {
        vmgenid_set_address(vmgenid_find(), board.vmgenid);
    }
    return board_kernel_load(&board.kernel, boot, errp) &&
           q35_smbios_load(&board.smbios, errp); /* waits for the vCPUs */
}

static void powerdown(void *opaque)
{
    ich9_pm_press_power_button(board.devices.pm);
}

static void vm_generation_changed(void *opaque)
{
    ich9_pm_raise_gpe(board.devices.pm, VMGENID_GPE);
}

static gboolean q35_ready(gboolean incoming, GError **errp)
{
    q35_devices_ready(&board.devices, board.memory.high);
    if (board.acpi && board.firmware.direct) {
        board.tables = q35_build_tables(&board.devices, &board.choice, &board.memory,
                                        &board.vmgenid, errp);
        if (!board.tables) {
            return FALSE;
        }
    }
    if (vmgenid_find()) {
        vmgenid_set_event(vmgenid_find(), vm_generation_changed, NULL);
    }
    vm_set_powerdown_handler(powerdown, NULL);
    return q35_smbios_ready(&board.smbios, &board.memory, board.firmware.direct, errp) &&
           q35_fw_cfg_fill(&board.fw_cfg, errp) &&
           board_kernel_add_items(&board.kernel, board.devices.fw_cfg, errp) &&
           q35_boot_fill(&board.boot, &board.devices, incoming, errp) &&
           q35_smbios_add_files(&board.smbios, board.devices.fw_cfg, errp) &&
           board_ready(load_guest, incoming, errp);
}

/* One new view of each address space for all of them. */
static gboolean create_devices(ConfigNode *config, GError **errp)
{
    pci_rom_open_defaults();
    address_map_begin();
    gboolean ok = q35_devices_create(&board.devices, &board.choice, board.memory.ram,
                                     config, errp) &&
                  board_firmware_create(&board.firmware, board.devices.host, errp);
    return address_map_commit(ok ? errp : NULL) && ok;
}

static gboolean q35_create(const MachineClass *klass, const void *options,
                           ConfigNode *config, GError **errp)
{
    const Options *o = options;
    return check_options(o, config, errp) && check_memory(o, config, errp) &&
           q35_smbios_check(&board.smbios, config, errp) &&
           q35_boot_check(&board.boot, config, errp) && check_kernel(config, errp) &&
           check_fw_cfg(o, config, errp) && board_memory_create(&board.memory, errp) &&
           create_devices(config, errp);
}

static void q35_cleanup(void)
{
    board_firmware_free(&board.firmware);
    q35_devices_free(&board.devices);
    q35_fw_cfg_free(&board.fw_cfg);
    pci_rom_close_defaults();
    board_kernel_free(&board.kernel);
    board_memory_free(&board.memory);
    g_clear_pointer(&board.tables, g_byte_array_unref);
    q35_smbios_free(&board.smbios);
    memset(&board, 0, sizeof(board));
}

static const Property q35_properties[] = {
    BOARD_OPTIONS("ACPI tables"),
    BOARD_OPTION("hpet", PROP_BOOL, choice.hpet, "on", "high precision event timer"),
    BOARD_OPTION("i8042", PROP_BOOL, choice.i8042, "on", "keyboard controller"),
    BOARD_OPTION("graphics", PROP_BOOL, graphics, "on",
                 "firmware is not told to use the serial port"),
    BOARD_OPTION("pflash0", PROP_STRING, pflash[0], NULL,
                 "node name of the firmware's flash"),
    BOARD_OPTION("pflash1", PROP_STRING, pflash[1], NULL,
                 "node name of the flash of its variables"),
    { .name = "max-fw-size",
      .type = PROP_SIZE,
      .offset = offsetof(Options, max_fw_size),
      .def = "8388608",
      .max = FIRMWARE_MAX,
      .help = "bytes of both flashes at most" },
    { NULL },
};

const MachineClass machine_q35 = {
    .name = "pc-q35-vireo-1.0",
    .alias = "q35",
    .peers = "pc-q35-",
    .base = "generic-pc-machine",
    .desc = "PC with PCI Express (Q35 and ICH9)",
    .max_cpus = Q35_MAX_CPUS,
    .firmware = TRUE,
    .properties = q35_properties,
    .options_size = sizeof(Options),
    .create = q35_create,
    .ready = q35_ready,
    .cleanup = q35_cleanup,
};
