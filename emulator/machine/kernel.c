/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board's kernel: what the command line says of it, and its load at each boot. */
#include "config.h"

#include <string.h>

#include "accel/accel.h"
#include "accel/cpu-feature.h"
#include "accel/vcpu.h"
#include "config/data-file.h"
#include "device/boot.h"
#include "hw/fw-cfg.h"
#include "machine/board.h"
#include "util/error.h"

#define ROM_NAME "linuxboot_dma.bin"
#define ROM_MAX  0x10000
#define ROM_FILE "genroms/" ROM_NAME
#define ROM_PATH "/rom@" ROM_FILE /* as firmware knows it: the first to be booted */

/* A BIOS does not know of kernels: QEMU's option ROM, which it runs, takes the items. */
static gboolean check_items(BoardKernel *kernel, const char *path, const char *initrd,
                            const char *append, guint64 low_ram, GError **errp)
{
    kernel->items = kernel_items_new(path, initrd, append, low_ram, errp);
    if (!kernel->items) {
        return FALSE;
    }
    kernel->rom = kernel->bios ? data_file_read(ROM_NAME, ROM_MAX, errp) : NULL;
    if (kernel->bios && !kernel->rom) {
        g_prefix_error(errp, "-kernel: a BIOS starts it by an option ROM: ");
        return FALSE;
    }
    return !kernel->rom || boot_add_path(0, ROM_PATH, errp);
}

gboolean board_kernel_check(BoardKernel *kernel, const char *machine,
                            const BootMemory *memory, gboolean auto_cmdline,
                            ConfigNode *config, GError **errp)
{
    const char *path, *initrd, *append;

    if (!config_get_string(config, "kernel", NULL, &path, errp) ||
        !config_get_string(config, "initrd", NULL, &initrd, errp) ||
        !config_get_string(config, "append", NULL, &append, errp)) {
        return FALSE;
    }
    if (path && kernel->firmware) {
        return check_items(kernel, path, initrd, append, memory->low_ram, errp);
    }
    if (path) {
        kernel->kernel = kernel_open(path, initrd, append, memory, errp);
        kernel->tell_tsc = kernel->kernel && auto_cmdline &&
                           kernel_lacks_kvmclock(kernel->kernel, cpu_kvm_hidden());
        return kernel->kernel != NULL;
    }
    if (initrd || append) {
        return error_set(errp, "%s only allowed with -kernel option",
                         initrd ? "-initrd" : "-append");
    }
    return kernel->firmware || strcmp(accel_get()->name, "qtest") == 0 ||
           error_set(errp,
                     "-kernel is missing: machine '%s' has no firmware that could start "
                     "anything else",
                     machine);
}

/* At each boot anew: a vCPU that came from another host keeps that one's rate. */
static gboolean tell_tsc(const BoardKernel *kernel, GError **errp)
{
    Vcpu *cpu = vcpu_get(0);

    if (cpu && !accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    kernel_tell_tsc(kernel->kernel, cpu ? vcpu_tsc_khz(cpu) : 0);
    return TRUE;
}

gboolean board_kernel_load(const BoardKernel *kernel, BootState *boot, GError **errp)
{
    return (!kernel->tell_tsc || tell_tsc(kernel, errp)) &&
           (!kernel->kernel || kernel_load(kernel->kernel, boot, errp));
}

gboolean board_kernel_add_items(const BoardKernel *kernel, Device *fw_cfg, GError **errp)
{
    if (!kernel->items) {
        return TRUE;
    }
    kernel_items_set(kernel->items, fw_cfg);
    if (!kernel->rom) {
        return TRUE;
    }
    if (!fw_cfg_has_dma(fw_cfg)) {
        return error_set(errp, "-kernel: a BIOS starts it by " ROM_NAME
                               ", which needs fw_cfg_io.dma_enabled=on");
    }
    gsize len;
    const void *rom = g_bytes_get_data(kernel->rom, &len);
    return fw_cfg_add_file(fw_cfg, ROM_FILE, rom, len, errp);
}

void board_kernel_free(BoardKernel *kernel)
{
    g_clear_pointer(&kernel->items, kernel_items_free);
    g_clear_pointer(&kernel->rom, g_bytes_unref);
    boot_remove_path(ROM_PATH);
    g_clear_pointer(&kernel->kernel, kernel_free);
}
