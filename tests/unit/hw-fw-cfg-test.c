/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg: when a stopped VM stands still; how often files are made; whose state it takes.
 */
#include "config.h"

#include <string.h>

#include "accel/run-state.h"
#include "event/loop.h"
#include "hw-board.h"
#include "hw/fw-cfg.h"
#include "hw/hpet.h"
#include "memory/address-map.h"

#define RAM_SIZE 0x2000000u
#define REQUEST  0x1000u
#define BUFFER   0x100000u
#define READ     0x02
#define SELECT   0x08

static RamBlock *ram;

static void make_ram(void)
{
    Region *region;

    ram = ram_block_new("ram", RAM_SIZE, NULL);
    g_assert_true(ram && ram_block_register(ram, NULL));
    region = region_new_ram("ram", ram, 0, RAM_SIZE, FALSE);
    g_assert_true(address_map_put(address_map_memory(), &region, 0, NULL));
}

static void begin_dma(guint32 control, guint32 length, guint64 address)
{
    struct {
        guint32 control, length;
        guint64 address;
    } r = { GUINT32_TO_BE(control), GUINT32_TO_BE(length), GUINT64_TO_BE(address) };

    memcpy(ram->host + REQUEST, &r, sizeof(r));
    hw_out32(FW_CFG_PORT + 8, GUINT32_SWAP_LE_BE(REQUEST));
}

static void stands_still(void *opaque, gboolean stands, const GError *error)
{
    g_assert_true(stands && !error);
    *(gboolean *)opaque = TRUE;
    g_assert_cmphex(hw_read(REQUEST, 4), ==, 0);
    g_assert_cmphex(ram->host[RAM_SIZE - 1], ==, 0);
}

/* All is written then that there is to write to memory. */
static void test_stop(void)
{
    Device *dev = hw_plug(&fw_cfg_class, NULL, NULL);
    gboolean still = FALSE;

    ram->host[RAM_SIZE - 1] = 0xff;
    begin_dma(SELECT | READ, RAM_SIZE - BUFFER, BUFFER);
    g_assert_cmphex(ram->host[RAM_SIZE - 1], ==, 0xff); /* is under way */
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(stands_still, &still);
    while (!still) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_true(vm_stands_still());
    g_assert_cmpmem(ram->host + BUFFER, 5, "QEMU", 5);
    begin_dma(SELECT | READ, 4, BUFFER); /* at once: nothing is held for it */
    g_assert_true(vm_stands_still());
    vm_start();
    hw_unplug(dev);
}

/* --- files that are made --- */

static unsigned made;

static GByteArray *make(void *opaque)
{
    g_autofree char *text = g_strnfill(++made, 'm');

    return g_byte_array_append(g_byte_array_new(), (guint8 *)text, made);
}

static void add_made_file(Device *dev)
{
    g_assert_true(fw_cfg_add_made_file(dev, "made", make, NULL, NULL));
}

/* The size of the first file. */
static guint8 read_directory(void)
{
    guint8 bytes[8];

    hw_out16(FW_CFG_PORT, FW_CFG_FILE_DIR);
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = hw_in8(FW_CFG_PORT + 1);
    }
    return bytes[7];
}

static void test_made(void)
{
    Device *dev = hw_plug(&fw_cfg_class, NULL, add_made_file), *other;

    made = 0;
    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmpuint(read_directory(), ==, 1);
    }
    other = hw_plug(&hpet_class, NULL, NULL); /* which could be in a table */
    g_assert_cmpuint(read_directory(), ==, 2);
    g_assert_cmpuint(read_directory(), ==, 2);
    hw_unplug(other);
    g_assert_cmpuint(read_directory(), ==, 3);
    hw_reset(dev);
    g_assert_cmpuint(read_directory(), ==, 4);
    hw_out16(FW_CFG_PORT, FW_CFG_FILE_FIRST);
    g_assert_cmphex(hw_in8(FW_CFG_PORT + 1), ==, 'm');
    g_assert_cmpuint(read_directory(), ==, 5); /* what there is from now on */
    hw_unplug(hw_plug(&hpet_class, NULL, NULL));
    g_assert_cmpuint(read_directory(), ==, 5);
    g_assert_cmpuint(made, ==, 5);
    hw_unplug(dev);
}

/* --- migration --- */

static Device *plug_with(const char *first, const char *second)
{
    Device *dev = hw_plug(&fw_cfg_class, NULL, NULL);

    g_assert_true(fw_cfg_add_file(dev, first, "1", 1, NULL) &&
                  (!second || fw_cfg_add_file(dev, second, "2", 1, NULL)));
    return dev;
}

/* One card has been unplugged on the other side. */
static void test_cards(void)
{
    Device *dev = plug_with("etc/a", "genroms/card");
    g_autoptr(GByteArray) with = hw_save(dev), without = NULL, other = NULL;

    g_assert_true(hw_load(dev, with));
    hw_unplug(dev);
    dev = plug_with("etc/a", NULL);
    without = hw_save(dev);
    g_assert_true(hw_load(dev, with));
    hw_unplug(dev);
    dev = plug_with("etc/a", "genroms/other");
    g_assert_true(hw_load(dev, with));
    g_assert_true(hw_load(dev, without));
    hw_unplug(dev);
    dev = plug_with("etc/a", "opt/b");
    other = hw_save(dev);
    g_assert_false(hw_load(dev, with));
    g_assert_false(hw_load(dev, without));
    g_assert_true(hw_load(dev, other));
    hw_unplug(dev);
}

/* Names that end nowhere, or are none. */
static void test_bad_names(void)
{
    Device *dev = plug_with("etc/a", "etc/b");
    g_autoptr(GByteArray) state = hw_save(dev);
    guint8 *names = memmem(state->data, state->len, "etc/a\0etc/b", 12);

    g_assert_nonnull(names);
    names[11] = 'x';
    g_assert_false(hw_load(dev, state));
    names[11] = '\0';
    g_assert_true(hw_load(dev, state));
    names[0] = '\0';
    g_assert_false(hw_load(dev, state));
    memset(names, 0xff, 11);
    g_assert_false(hw_load(dev, state));
    hw_unplug(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    make_ram();
    g_test_add_func("/hw/fw-cfg/stop", test_stop);
    g_test_add_func("/hw/fw-cfg/made", test_made);
    g_test_add_func("/hw/fw-cfg/cards", test_cards);
    g_test_add_func("/hw/fw-cfg/bad-names", test_bad_names);
    return g_test_run();
}
