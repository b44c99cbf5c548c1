/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where firmware is, and what sizes it may have, is QEMU's; so are the words of errors.
 */
#include "config.h"

#include "machine/firmware.h"

#include <string.h>

#include "accel/accel.h"
#include "config/data-file.h"
#include "hw/pflash.h"
#include "memory/address-map.h"
#include "pci/mch.h"
#include "util/error.h"
#include "util/log.h"

#define DEFAULT_BIOS "bios-256k.bin"

#define TOP       0x100000000ull /* 4 GiB */
#define LOW_SIZE  0x20000u       /* of what is seen below 1 MiB */
#define BIOS_UNIT 0x10000u

static const char *const flash_names[] = { "system.flash0", "system.flash1" };

/* --- checks --- */

/* What -drive if=pflash says of it; both NULL: nothing. */
static gboolean drive_name(ConfigNode *config, unsigned unit, ConfigNode **drive,
                           const char **name, GError **errp)
{
    g_autofree char *key = g_strdup_printf("%u", unit);
    ConfigNode *drives;

    *drive = NULL;
    *name = NULL;
    if (!config_get_node(config, "pflash", CONFIG_MAP, &drives, errp)) {
        return FALSE;
    }
    *drive = drives ? config_map_get(drives, key) : NULL;
    return !*drive || config_require_string(*drive, "node", name, errp);
}

static gboolean find_flash(BoardFirmware *f, unsigned unit, const char *option,
                           ConfigNode *config, GError **errp)
{
    ConfigNode *drive;
    const char *name;

    if (!drive_name(config, unit, &drive, &name, errp)) {
        return FALSE;
    }
    if (drive && option) {
        error_set(errp, "clashes with -machine pflash%u=%s", unit, option);
        config_prefix_origin(drive, "-drive", errp);
        return FALSE;
    }
    name = name ? name : option;
    f->nodes[unit] = name ? block_node_find(name) : NULL;
    return !name || f->nodes[unit] ||
           error_set(errp,
                     "-machine pflash%u=%s: Property 'cfi.pflash01.drive' can't find "
                     "value '%s'",
                     unit, name, name);
}

static gboolean check_sizes(const BoardFirmware *f, GError **errp)
{
    guint64 total = 0;

    for (unsigned i = 0; i < FIRMWARE_FLASHES && f->nodes[i]; i++) {
        guint64 size = block_node_size(f->nodes[i]);

        if (size == 0 || size % PFLASH_BLOCK_SIZE) {
            return error_set(errp,
                             "system firmware block device %s has invalid size "
                             "%" G_GUINT64_FORMAT
                             ": its size must be a non-zero multiple of 0x%x: '%s'",
                             block_node_name(f->nodes[i]), size, PFLASH_BLOCK_SIZE,
                             block_node_filename(f->nodes[i]));
        }
        total = size > f->max_flash - total ? G_MAXUINT64 : total + size;
        if (total > f->max_flash) {
            return error_set(errp,
                             "combined size of system firmware exceeds "
                             "%" G_GUINT64_FORMAT " bytes",
                             f->max_flash);
        }
    }
    return TRUE;
}

static gboolean check_flashes(BoardFirmware *f, char *const *pflash, ConfigNode *config,
                              GError **errp)
{
    for (unsigned i = 0; i < FIRMWARE_FLASHES; i++) {
        if (!find_flash(f, i, pflash[i], config, errp)) {
            return FALSE;
        }
    }
    if (f->nodes[1] && !f->nodes[0]) {
        return error_set(errp, "pflash1 requires pflash0");
    }
    return check_sizes(f, errp);
}

static gboolean read_bios(BoardFirmware *f, GError **errp)
{
    f->image = data_file_read(f->bios, FIRMWARE_MAX, errp);
    if (!f->image) {
        g_prefix_error(errp, "could not load PC BIOS '%s': ", f->bios);
        return FALSE;
    }
    return g_bytes_get_size(f->image) % BIOS_UNIT == 0 ||
           error_set(errp,
                     "could not load PC BIOS '%s': its size of %" G_GSIZE_FORMAT
                     " is not a multiple of 0x%x",
                     f->bios, g_bytes_get_size(f->image), BIOS_UNIT);
}

gboolean board_firmware_check(BoardFirmware *f, char *const *pflash, ConfigNode *config,
                              GError **errp)
{
    const char *bios, *kernel;

    if (!config_get_string(config, "bios", NULL, &bios, errp) ||
        !config_get_string(config, "kernel", NULL, &kernel, errp) ||
        !check_flashes(f, pflash, config, errp)) {
        return FALSE;
    }
    if (f->nodes[0]) {
        if (bios) {
            log_warn("-bios %s: not used, the firmware is in flash", bios);
        }
        return TRUE;
    }
    f->direct = !bios && (kernel || g_str_equal(accel_get()->name, "qtest"));
    if (f->direct) {
        return TRUE;
    }
    f->bios = g_strdup(bios ? bios : DEFAULT_BIOS);
    return read_bios(f, errp);
}

/* --- creation --- */

static gboolean make_rom(BoardFirmware *f, const char *name, const void *content,
                         gsize size, GError **errp)
{
    f->rom = ram_block_new(name, size, errp);
    if (!f->rom) {
        return FALSE;
    }
    memcpy(f->rom->host, content, size);
    return ram_block_register(f->rom, errp);
}

/* The end of the ROM. */
static void show_below_1m(BoardFirmware *f, Device *pci_host)
{
    guint64 size = MIN(f->rom->size, LOW_SIZE);
    pci_host_set_low_rom(pci_host, f->rom, f->rom->size - size, size);
}

static gboolean create_bios(BoardFirmware *f, Device *pci_host, GError **errp)
{
    gsize size;
    const void *content = g_bytes_get_data(f->image, &size);

    if (!make_rom(f, "pc.bios", content, size, errp)) {
        return FALSE;
    }
    g_clear_pointer(&f->image, g_bytes_unref);
    f->below_4g = region_new_ram("pc.bios", f->rom, 0, size, TRUE);
    if (!address_map_put(address_map_memory(), &f->below_4g, TOP - size, errp)) {
        return FALSE;
    }
    show_below_1m(f, pci_host);
    return TRUE;
}

static gboolean create_flash(BoardFirmware *f, unsigned i, guint64 address, GError **errp)
{
    g_autoptr(ConfigNode) drive = config_string_new(block_node_name(f->nodes[i]));

    f->flashes[i] = device_new(&pflash_class);
    device_set_name(f->flashes[i], flash_names[i]);
    pflash_set_address(f->flashes[i], address);
    return device_set_property(f->flashes[i], "drive", drive, errp) &&
           device_realize(f->flashes[i], NULL, errp);
}

/* One below the other. */
static gboolean create_flashes(BoardFirmware *f, Device *pci_host, GError **errp)
{
    guint64 address = TOP;

    for (unsigned i = 0; i < FIRMWARE_FLASHES && f->nodes[i]; i++) {
        address -= block_node_size(f->nodes[i]);
        if (!create_flash(f, i, address, errp)) {
            return FALSE;
        }
    }
    const RamBlock *code = pflash_ram(f->flashes[0]);
    guint64 size = MIN(code->size, LOW_SIZE);
    if (!make_rom(f, "isa-bios", code->host + code->size - size, size, errp)) {
        return FALSE;
    }
    show_below_1m(f, pci_host);
    return TRUE;
}

gboolean board_firmware_create(BoardFirmware *f, Device *pci_host, GError **errp)
{
    if (f->nodes[0]) {
        return create_flashes(f, pci_host, errp);
    }
    return f->direct || create_bios(f, pci_host, errp);
}

static void free_rom(BoardFirmware *f)
{
    address_map_take(&f->below_4g);
    if (f->rom && ram_block_find(f->rom->name) == f->rom) {
        ram_block_unregister(f->rom);
    }
    g_clear_pointer(&f->rom, ram_block_unref);
}

void board_firmware_free(BoardFirmware *f)
{
    free_rom(f);
    for (unsigned i = 0; i < FIRMWARE_FLASHES; i++) {
        device_unref(f->flashes[i]);
        f->flashes[i] = NULL;
    }
    g_clear_pointer(&f->image, g_bytes_unref);
    g_clear_pointer(&f->bios, g_free);
}
