/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small ones: ports 92h and 80h, and what a PC's CMOS memory says. */
#include "config.h"

#include <string.h>

#include "chardev/chardev.h"
#include "hw-board.h"
#include "hw/debugcon.h"
#include "hw/port80.h"
#include "hw/port92.h"
#include "hw/rtc.h"

static void test_port92(void)
{
    Device *dev = hw_plug(&port92_class, hw_isa, NULL);

    g_assert_cmphex(hw_in8(PORT92_IOBASE), ==, 0);
    hw_out8(PORT92_IOBASE, 0xfe);
    g_assert_cmphex(hw_in8(PORT92_IOBASE), ==, 0x02);
    g_assert_cmpuint(hw_resets_heard(), ==, 0);
    dev = hw_move(dev, hw_isa, NULL);
    hw_out8(PORT92_IOBASE, 0x03);
    g_assert_cmphex(hw_in8(PORT92_IOBASE), ==, 0x03);
    g_assert_cmpuint(hw_resets_heard(), ==, 1);
    hw_out8(PORT92_IOBASE, 0x01); /* is set already */
    g_assert_cmpuint(hw_resets_heard(), ==, 0);
    hw_out8(PORT92_IOBASE, 0x00);
    hw_out8(PORT92_IOBASE, 0x01);
    g_assert_cmpuint(hw_resets_heard(), ==, 1);
    hw_reset(dev);
    g_assert_cmphex(hw_in8(PORT92_IOBASE), ==, 0);
    hw_unplug(hw_walk(dev, hw_isa, NULL, FALSE, PORT92_IOBASE - 2, 4));
    hw_resets_heard();
}

static void test_port80(void)
{
    g_autoptr(Device) other = device_new(&port80_class);
    Device *dev = hw_plug(&port80_class, hw_isa, NULL);

    hw_out8(PORT80_IOBASE, 0x12);
    hw_out16(PORT80_IOBASE, 0x1234);
    hw_out32(PORT80_IOBASE, 0x12345678);
    g_assert_cmphex(hw_in8(PORT80_IOBASE), ==, 0xff);
    g_assert_cmphex(hw_in32(PORT80_IOBASE), ==, 0xffffffff);
    g_assert_false(device_realize(other, hw_isa, NULL));
    hw_unplug(dev);
}

static void make_chardev(const char *id)
{
    g_autoptr(ConfigNode) node = config_map_new();
    g_autoptr(GError) error = NULL;

    config_map_set(node, "backend", config_string_new("null"));
    config_map_set(node, "id", config_string_new(id));
    chardev_new(node, &error);
    g_assert_no_error(error);
}

static void set(Device *dev, const char *name, const char *value)
{
    g_autoptr(ConfigNode) node = config_string_new(value);
    g_autoptr(GError) error = NULL;

    device_set_property(dev, name, node, &error);
    g_assert_no_error(error);
}

static void wire_debugcon(Device *dev)
{
    set(dev, "chardev", "a");
    set(dev, "iobase", "0x402");
    set(dev, "readback", "0x12");
}

/* A second one, and what the refusal speaks of. */
static void refuse_debugcon(const char *chardev, const char *iobase, const char *word)
{
    g_autoptr(Device) dev = device_new(&debugcon_class);
    g_autoptr(GError) error = NULL;

    set(dev, "chardev", chardev);
    set(dev, "iobase", iobase);
    g_assert_false(device_realize(dev, hw_isa, &error));
    g_assert_nonnull(strstr(error->message, word));
}

static void test_debugcon(void)
{
    make_chardev("a");
    make_chardev("b");
    Device *dev = hw_plug(&debugcon_class, hw_isa, wire_debugcon);

    g_assert_cmphex(hw_in8(0x402), ==, 0x12);
    g_assert_cmphex(hw_in8(0xe9), ==, 0xff);
    hw_out8(0x402, 'x');
    refuse_debugcon("c", "0x403", "'c'");
    refuse_debugcon("a", "0x403", "'a'");
    refuse_debugcon("b", "0x402", "iobase");
    g_assert_true(chardev_delete("b", NULL)); /* nobody has it */
    dev = hw_walk(dev, hw_isa, wire_debugcon, FALSE, 0x400, 4);
    g_assert_false(chardev_delete("a", NULL));
    hw_unplug(dev);
    g_assert_true(chardev_delete("a", NULL));
}

static guint64 cmos(unsigned offset, unsigned bytes)
{
    guint64 value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        hw_out8(RTC_IOBASE, (guint8)(offset + i));
        value |= (guint64)hw_in8(RTC_IOBASE + 1) << (8 * i);
    }
    return value;
}

static void test_cmos(void)
{
    RtcPc pc = { .low_ram = 128 << 20, .cpus = 4, .boot_order = "cdn" };
    Device *dev = hw_plug(&rtc_class, hw_isa, NULL);

    rtc_set_pc(dev, &pc);
    g_assert_cmphex(cmos(0x14, 1), ==, 6);
    g_assert_cmpuint(cmos(0x15, 2), ==, 640);
    g_assert_cmphex(cmos(0x17, 2), ==, 65535); /* 127 MiB are more */
    g_assert_cmphex(cmos(0x30, 2), ==, 65535);
    g_assert_cmpuint(cmos(0x34, 2), ==, 112 * 16);
    g_assert_cmpuint(cmos(0x5b, 3), ==, 0);
    g_assert_cmpuint(cmos(0x5f, 1), ==, 3);
    g_assert_cmphex(cmos(0x3d, 1), ==, 0x32);
    g_assert_cmphex(cmos(0x38, 1), ==, 0x40);
    pc = (RtcPc){ .low_ram = 0x80000000,
                  .high_ram = 6ull << 30,
                  .cpus = 300,
                  .boot_order = "bx",
                  .no_fd_check = TRUE };
    rtc_set_pc(dev, &pc);
    g_assert_cmpuint(cmos(0x34, 2), ==, 0x7f00);
    g_assert_cmpuint(cmos(0x5b, 3), ==, 6 << 14);
    g_assert_cmpuint(cmos(0x5f, 1), ==, 255);
    g_assert_cmphex(cmos(0x3d, 1), ==, 0x01);
    g_assert_cmphex(cmos(0x38, 1), ==, 0x01);
    pc = (RtcPc){ .low_ram = 12 << 20, .cpus = 1, .boot_order = "" };
    rtc_set_pc(dev, &pc);
    g_assert_cmpuint(cmos(0x17, 2), ==, 11 << 10);
    g_assert_cmpuint(cmos(0x34, 2), ==, 0);
    g_assert_cmphex(cmos(0x3d, 1), ==, 0);
    hw_reset(dev); /* the battery keeps it */
    g_assert_cmpuint(cmos(0x17, 2), ==, 11 << 10);
    hw_unplug(dev);
}

static void test_rtc_irq(void)
{
    Device *dev = hw_plug(&rtc_class, hw_isa, NULL);

    rtc_set_irq_enabled(dev, FALSE);
    hw_out8(RTC_IOBASE, 0x0b);
    hw_out8(RTC_IOBASE + 1, 0x42); /* periodic, 1024 Hz */
    hw_edges(RTC_IRQ);
    hw_step(1000000000);
    g_assert_cmpuint(hw_edges(RTC_IRQ), ==, 0);
    g_autoptr(GByteArray) state = hw_save(dev);
    hw_unplug(dev);
    dev = hw_plug(&rtc_class, hw_isa, NULL);
    g_assert_true(hw_load(dev, state));
    g_assert_cmpuint(hw_edges(RTC_IRQ), ==, 0);
    rtc_set_irq_enabled(dev, TRUE);
    g_assert_cmpuint(hw_edges(RTC_IRQ), ==, 1);
    hw_unplug(dev);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    hw_count_resets();
    g_test_add_func("/hw/ports/port92", test_port92);
    g_test_add_func("/hw/ports/port80", test_port80);
    g_test_add_func("/hw/ports/debugcon", test_debugcon);
    g_test_add_func("/hw/ports/cmos", test_cmos);
    g_test_add_func("/hw/ports/rtc-irq", test_rtc_irq);
    return g_test_run();
}
