/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "machine/q35-boot.h"

#include <string.h>

#include "device/boot.h"
#include "hw/fw-cfg.h"
#include "pci/rom.h"
#include "util/error.h"

#define ORDER_FILE    "bootorder"
#define DEFAULT_ORDER "cad" /* disk, floppy, CD */
#define ORDER_MAX     3     /* CMOS memory has room for no more */

/* Floppies, disks, CDs, the network. */
static gboolean check_order(const char *key, const char *order, GError **errp)
{
    for (const char *p = order; p && *p; p++) {
        if (!strchr("abcdn", *p)) {
            return error_set(errp, "-boot %s=%s: Invalid boot device for PC: '%c'", key,
                             order, *p);
        }
    }
    return !order || strlen(order) <= ORDER_MAX ||
           error_set(errp, "-boot %s=%s: Too many boot devices for PC (%d at most)", key,
                     order, ORDER_MAX);
}

gboolean q35_boot_check(Q35Boot *boot, ConfigNode *config, GError **errp)
{
    return config_get_boot(config, &boot->options, errp) &&
           check_order("order", boot->options.order, errp) &&
           check_order("once", boot->options.once, errp);
}

static gboolean add_number(Device *fw_cfg, const char *name, guint32 value, gsize bytes,
                           GError **errp)
{
    value = GUINT32_TO_LE(value);
    return fw_cfg_add_file(fw_cfg, name, &value, bytes, errp);
}

/* A card's code that it does not show itself. */
static gboolean add_rom(const char *name, GBytes *image, void *opaque, GError **errp)
{
    g_autofree char *file = g_strconcat(FW_CFG_CARD_ROMS, name, NULL);
    gsize size;
    const void *data = g_bytes_get_data(image, &size);

    return fw_cfg_add_file(opaque, file, data, size, errp);
}

gboolean q35_boot_fill(Q35Boot *boot, Q35Devices *q, gboolean incoming, GError **errp)
{
    const BootOptions *o = &boot->options;
    g_autoptr(GByteArray) order = boot_order(o->strict);

    boot->again = incoming;
    fw_cfg_set_number(q->fw_cfg, FW_CFG_BOOT_MENU, o->menu, 2);
    return fw_cfg_add_file(q->fw_cfg, ORDER_FILE, order->data, order->len, errp) &&
           (o->splash_time < 0 || add_number(q->fw_cfg, "etc/boot-menu-wait",
                                             (guint32)o->splash_time, 2, errp)) &&
           add_number(q->fw_cfg, "etc/boot-fail-wait", (guint32)o->reboot_timeout, 4,
                      errp) &&
           pci_rom_foreach_without_bar(add_rom, q->fw_cfg, errp);
}

void q35_boot_start(Q35Boot *boot, Q35Devices *q)
{
    const BootOptions *o = &boot->options;
    g_autoptr(GByteArray) order = boot_order(o->strict);

    fw_cfg_set_file(q->fw_cfg, ORDER_FILE, order->data, order->len);
    q->boot_order = o->order ? o->order : DEFAULT_ORDER;
    if (!boot->again && o->once) {
        q->boot_order = o->once;
    }
    boot->again = TRUE;
}
