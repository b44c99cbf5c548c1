/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The i8042 with keyboard and mouse, as drivers use them. */
#include "config.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "device/aml.h"
#include "hw-board.h"
#include "hw/i8042.h"
#include "hw/ps2.h"
#include "input/input.h"

#define KBD   I8042_KBD_IRQ
#define MOUSE I8042_MOUSE_IRQ

#define FULL 0x01
#define AUX  0x20

/* As a client of the monitor says it; of the mouse together. */
static gboolean input_key(unsigned code, gboolean down)
{
    const InputEvent event = { INPUT_KEY, code, down };

    return input_event_send(&event);
}

static void input_button(unsigned code, gboolean down)
{
    const InputEvent event = { INPUT_BUTTON, code, down };

    input_event_send(&event);
}

/* wheel: towards the user. */
static void input_move(int dx, int dy, int wheel)
{
    const int steps[] = {
        [INPUT_X] = dx, [INPUT_Y] = dy, [INPUT_WHEEL] = -MAX(wheel, -G_MAXINT)
    };

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        const InputEvent event = { INPUT_REL, i, steps[i] };
        input_event_send(&event);
    }
}

static Device *plug(void)
{
    hw_edges(KBD);
    hw_edges(MOUSE);
    return hw_plug(&i8042_class, hw_isa, NULL);
}

static guint8 status(void)
{
    return hw_in8(I8042_COMMAND);
}

static void command(guint8 byte)
{
    hw_out8(I8042_COMMAND, byte);
}

static void data(guint8 byte)
{
    hw_out8(I8042_DATA, byte);
}

static void to_mouse(guint8 byte)
{
    command(0xd4);
    data(byte);
}

/* What is there to be read comes from `from` (0 or AUX), and is the bytes (in hex). */
static void expect_from(guint8 from, const char *bytes)
{
    g_autoptr(GString) got = g_string_new("");

    while (status() & FULL) {
        g_assert_cmphex(status() & AUX, ==, from);
        g_assert_cmpint(hw_irq[KBD].level, ==, !from);
        g_assert_cmpint(hw_irq[MOUSE].level, ==, from != 0);
        g_string_append_printf(got, "%s%02x", got->len ? " " : "", hw_in8(I8042_DATA));
    }
    g_assert_cmpstr(got->str, ==, bytes);
    g_assert_false(hw_irq[KBD].level || hw_irq[MOUSE].level);
}

static void expect(const char *bytes)
{
    expect_from(0, bytes);
}

static void expect_aux(const char *bytes)
{
    expect_from(AUX, bytes);
}

/* --- the controller --- */

static void test_controller(void)
{
    Device *dev = plug();

    g_assert_cmphex(status(), ==, 0x18);
    command(0xaa);
    expect("55");
    g_assert_cmphex(status(), ==, 0x1c);
    command(0xa9);
    expect("00");
    command(0xab);
    expect("00");
    command(0x20);
    expect("43");
    command(0xa7);
    command(0xad);
    command(0x20);
    g_assert_cmphex(status() & 0x08, ==, 0x08);
    expect("73");
    command(0xa8);
    command(0xae);
    command(0x7f); /* the last byte of RAM */
    data(0x5a);
    g_assert_cmphex(status() & 0x08, ==, 0);
    command(0x3f);
    expect("5a");
    command(0x20);
    expect("43");
    command(0xc0);
    expect("80");
    command(0x55); /* unknown */
    expect("");
    hw_reset(dev);
    g_assert_cmphex(status(), ==, 0x18);
    hw_unplug(dev);
}

/* Loops back as if a device had sent it; with and without interrupts. */
static void test_loop(void)
{
    Device *dev = plug();

    command(0xd3);
    data(0x5a);
    g_assert_cmphex(status(), ==, 0x18 - 0x08 + FULL + AUX);
    g_assert_cmpuint(hw_edges(MOUSE), ==, 1);
    expect_aux("5a");
    command(0xd2);
    data(0xa5);
    g_assert_cmpuint(hw_edges(KBD), ==, 1);
    expect("a5");
    command(0x60);
    data(0x40); /* no interrupts */
    command(0xd2);
    data(0x01);
    command(0xd3);
    data(0x02);
    g_assert_cmpuint(hw_edges(KBD) + hw_edges(MOUSE), ==, 0);
    dev = hw_move(dev, hw_isa, NULL);
    command(0x60);
    data(0x43); /* now, for the byte that waits */
    g_assert_cmpuint(hw_edges(KBD), ==, 1);
    g_assert_cmphex(hw_in8(I8042_DATA), ==, 0x01);
    expect_aux("02");
    g_assert_cmphex(hw_in8(I8042_DATA), ==, 0x02); /* it stands there */
    hw_unplug(dev);
}

static gboolean has(const Aml *aml, const void *bytes, gsize n)
{
    return memmem(aml->data, aml->len, bytes, n) != NULL;
}

/* What ACPI tells: both devices, and the ports. */
static void test_aml(void)
{
    static const guint8 data_port[] = { 0x47, 1, 0x60, 0, 0x60, 0 };
    static const guint8 command_port[] = { 0x47, 1, 0x64, 0, 0x64, 0 };
    Device *dev = plug();
    g_autoptr(GByteArray) aml = g_byte_array_new();

    device_add_aml(dev, aml);
    g_assert_true(has(aml, "KBD_", 4));
    g_assert_true(has(aml, "MOU_", 4));
    g_assert_true(has(aml, data_port, sizeof(data_port)));
    g_assert_true(has(aml, command_port, sizeof(command_port)));
    hw_unplug(dev);
}

static void test_output_port(void)
{
    Device *dev = plug();

    command(0xd0);
    expect("cf");
    command(0xdd);
    command(0xd0);
    expect("cd");
    command(0xdf);
    command(0xd0);
    expect("cf");
    command(0xd1);
    data(0xdd);
    command(0xd0);
    expect("cd");
    command(0xf1); /* pulses what is not wired, or nothing */
    command(0xff);
    g_assert_cmpuint(hw_resets_heard(), ==, 0);
    command(0xfe);
    g_assert_cmpuint(hw_resets_heard(), ==, 1);
    command(0xf0);
    g_assert_cmpuint(hw_resets_heard(), ==, 1);
    command(0xd1);
    data(0xfe);
    g_assert_cmpuint(hw_resets_heard(), ==, 1);
    hw_unplug(dev);
}

/* --- the keyboard --- */

static void test_keyboard_commands(void)
{
    Device *dev = plug();

    data(0xff);
    g_assert_cmpuint(hw_edges(KBD), ==, 1);
    expect("fa aa");
    g_assert_cmpuint(hw_edges(KBD), ==, 1);
    data(0xf2);
    expect("fa ab 41"); /* translated, as on any PC */
    command(0x60);
    data(0x03);
    data(0xf2);
    expect("fa ab 83");
    data(0xfe);
    expect("83");
    data(0xee);
    expect("ee");
    data(0xed);
    expect("fa");
    data(0x07);
    expect("fa");
    data(0xf3);
    expect("fa");
    data(0xed); /* a command in place of the parameter */
    expect("fa");
    data(0x02);
    expect("fa");
    for (guint8 set = 1; set <= 3; set++) {
        static const char *const answers[] = { "fa 01", "fa 02", "fa 03" };

        data(0xf0);
        expect("fa");
        data(set);
        expect("fa");
        data(0xf0);
        expect("fa");
        data(0);
        expect(answers[set - 1]);
    }
    data(0xf0);
    expect("fa");
    data(4);
    expect("fe");
    data(0x00);
    expect("fe");
    data(0xfb); /* types of keys: a list */
    expect("fa");
    data(0x1c);
    expect("fa");
    data(0x1b);
    expect("fa");
    data(0xf6);
    expect("fa");
    data(0xf0);
    expect("fa");
    data(0);
    expect("fa 02");
    hw_unplug(dev);
}

static void press(unsigned code)
{
    g_assert_true(input_key(code, TRUE));
    g_assert_true(input_key(code, FALSE));
}

static void choose_set(guint8 set)
{
    data(0xf0);
    expect("fa");
    data(set);
    expect("fa");
}

static void test_sets(void)
{
    static const struct {
        unsigned code;
        const char *translated, *set1, *set2, *set3;
    } keys[] = {
        { KEY_A, "1e 9e", "1e 9e", "1c f0 1c", "1c f0 1c" },
        { KEY_F7, "41 c1", "41 c1", "83 f0 83", "37 f0 37" },
        { KEY_LEFT, "e0 4b e0 cb", "e0 4b e0 cb", "e0 6b e0 f0 6b", "61 f0 61" },
        { KEY_KPENTER, "e0 1c e0 9c", "e0 1c e0 9c", "e0 5a e0 f0 5a", "79 f0 79" },
        { KEY_SYSRQ, "e0 2a e0 37 e0 b7 e0 aa", "e0 2a e0 37 e0 b7 e0 aa",
          "e0 12 e0 7c e0 f0 7c e0 f0 12", "57 f0 57" },
        { KEY_PAUSE, "e1 1d 45 e1 9d c5", "e1 1d 45 e1 9d c5", "e1 14 77 e1 f0 14 f0 77",
          "62 f0 62" },
        { KEY_POWER, "e0 5e e0 de", "e0 5e e0 de", "e0 37 e0 f0 37", "" },
        { KEY_MAX, "", "", "", "" },
    };
    Device *dev = plug();

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        press(keys[i].code);
        expect(keys[i].translated);
        command(0x60);
        data(0x03);
        press(keys[i].code);
        expect(keys[i].set2);
        choose_set(3);
        press(keys[i].code);
        expect(keys[i].set3);
        choose_set(1);
        press(keys[i].code);
        expect(keys[i].set1);
        choose_set(2);
        command(0x60);
        data(0x43);
    }
    hw_unplug(dev);
}

/* Set 1 has a plain key's code of Linux: it is where those come from. */
static void test_all_keys(void)
{
    unsigned n = 0;

    for (unsigned code = 0; code <= KEY_MAX; code++) {
        const Ps2Key *key = ps2_key_find(code);

        n += key != NULL;
        if (key && !key->extended && code <= KEY_F12) {
            g_assert_cmphex(ps2_translate(key->set2), ==, code);
        }
        for (unsigned other = 0; key && other < code; other++) {
            const Ps2Key *it = ps2_key_find(other);

            g_assert_true(!it || it->set2 != key->set2 || it->extended != key->extended);
            g_assert_true(!it || !it->set3 || it->set3 != key->set3);
        }
    }
    g_assert_cmpuint(n, >, 104);
    for (unsigned byte = 0x85; byte <= 0xff; byte++) {
        g_assert_cmphex(ps2_translate((guint8)byte), ==, byte);
    }
}

static void test_modifiers(void)
{
    Device *dev = plug();

    input_key(KEY_LEFTALT, TRUE);
    press(KEY_SYSRQ);
    expect("38 54 d4");
    input_key(KEY_LEFTALT, FALSE);
    expect("b8");
    input_key(KEY_RIGHTCTRL, TRUE);
    press(KEY_PAUSE);
    expect("e0 1d e0 46 e0 c6");
    press(KEY_SYSRQ);
    expect("e0 37 e0 b7");
    input_key(KEY_RIGHTCTRL, FALSE);
    expect("e0 9d");
    hw_unplug(dev);
}

static void test_keyboard_off(void)
{
    Device *dev = plug();

    data(0xf5); /* does not scan */
    expect("fa");
    press(KEY_A);
    expect("");
    data(0xf4);
    expect("fa");
    command(0xad); /* the controller does not listen */
    press(KEY_A);
    expect("");
    dev = hw_move(dev, hw_isa, NULL);
    command(0xae);
    expect("1e 9e");
    /* Too many: whole keys are lost, and answers are not. */
    for (unsigned i = 0; i < 100; i++) {
        press(KEY_LEFT);
    }
    data(0xee);
    g_assert_cmphex(hw_in8(I8042_DATA), ==, 0xe0); /* was in the buffer */
    g_assert_cmphex(hw_in8(I8042_DATA), ==, 0xee);
    for (unsigned i = 0; status() & FULL; i++) {
        g_assert_cmphex(hw_in8(I8042_DATA), ==, i % 2 ? 0xe0 : i % 4 ? 0xcb : 0x4b);
    }
    hw_unplug(dev);
    g_assert_false(input_key(KEY_A, TRUE));
}

/* --- the mouse --- */

static void set_rates(guint8 a, guint8 b, guint8 c)
{
    const guint8 rates[] = { a, b, c };

    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        to_mouse(0xf3);
        expect_aux("fa");
        to_mouse(rates[i]);
        expect_aux("fa");
    }
}

static void test_mouse_commands(void)
{
    Device *dev = plug();

    to_mouse(0xff);
    g_assert_cmpuint(hw_edges(MOUSE), ==, 1);
    expect_aux("fa aa 00");
    to_mouse(0xf2);
    expect_aux("fa 00");
    to_mouse(0xe9);
    expect_aux("fa 00 02 64");
    to_mouse(0xe8);
    expect_aux("fa");
    to_mouse(3);
    expect_aux("fa");
    to_mouse(0xe8);
    expect_aux("fa");
    to_mouse(4);
    expect_aux("fc");
    to_mouse(0xe7);
    expect_aux("fa");
    input_button(BTN_LEFT, TRUE);
    to_mouse(0xf4);
    expect_aux("fa");
    to_mouse(0xe9);
    expect_aux("fa 34 03 64");
    to_mouse(0xf6);
    expect_aux("fa");
    to_mouse(0xe9);
    expect_aux("fa 04 02 64");
    to_mouse(0xee); /* wraps */
    expect_aux("fa");
    to_mouse(0xf2);
    expect_aux("f2");
    to_mouse(0xec);
    expect_aux("fa");
    to_mouse(0x12);
    expect_aux("fe");
    set_rates(200, 100, 80);
    to_mouse(0xf2);
    expect_aux("fa 03");
    set_rates(200, 200, 80);
    to_mouse(0xf2);
    expect_aux("fa 04");
    to_mouse(0xff);
    expect_aux("fa aa 00");
    to_mouse(0xf2);
    expect_aux("fa 00");
    hw_unplug(dev);
}

static void test_mouse_stream(void)
{
    Device *dev = plug();

    input_move(5, 5, 1);
    input_event_sync();
    expect_aux(""); /* not enabled */
    to_mouse(0xf4);
    expect_aux("fa");
    input_move(5, 3, 0); /* to the right and down: y is negative */
    input_event_sync();
    g_assert_cmpuint(hw_edges(MOUSE), >, 0);
    expect_aux("28 05 fd");
    input_button(BTN_LEFT, TRUE);
    input_event_sync();
    input_button(BTN_LEFT, FALSE); /* a click is not lost */
    input_button(BTN_RIGHT, TRUE);
    input_event_sync();
    input_event_sync(); /* nothing new */
    expect_aux("09 00 00 0a 00 00");
    input_move(-300, -300, 0);
    input_event_sync();
    dev = hw_move(dev, hw_isa, NULL);
    expect_aux("1a 01 ff 1a d3 2d");
    input_button(BTN_RIGHT, FALSE);
    input_event_sync();
    expect_aux("08 00 00");
    set_rates(200, 100, 80);
    input_move(0, 0, -1);
    input_event_sync();
    expect_aux("08 00 00 ff");
    set_rates(200, 200, 80);
    input_button(BTN_SIDE, TRUE);
    input_move(0, 0, 2);
    input_event_sync();
    expect_aux("08 00 00 12");
    hw_unplug(dev);
}

static void test_mouse_remote(void)
{
    Device *dev = plug();

    to_mouse(0xf0);
    expect_aux("fa");
    to_mouse(0xf4);
    expect_aux("fa");
    input_move(1, -2, 0);
    input_event_sync();
    expect_aux("");
    to_mouse(0xeb);
    expect_aux("fa 08 01 02");
    to_mouse(0xeb);
    expect_aux("fa 08 00 00");
    to_mouse(0xea);
    expect_aux("fa");
    input_move(1, 0, 0);
    input_event_sync();
    expect_aux("08 01 00");
    hw_unplug(dev);
}

/* Sums of what is not read are limited; the last packets say what there is room for. */
static void test_mouse_flood(void)
{
    Device *dev = plug();
    unsigned packets = 0;
    int x = 0;

    to_mouse(0xf4);
    expect_aux("fa");
    for (unsigned i = 0; i < 1000; i++) {
        input_move(G_MAXINT, G_MININT, G_MAXINT);
        input_event_sync();
    }
    while (status() & FULL) {
        guint8 first = hw_in8(I8042_DATA);

        g_assert_cmphex(first, ==, 0x08);
        x += hw_in8(I8042_DATA);
        hw_in8(I8042_DATA);
        packets++;
    }
    g_assert_cmpuint(packets, <, 64);
    g_assert_cmpint(x, >=, 4096);
    hw_unplug(dev);
}

/* Key and mouse come by themselves meanwhile. */
static void test_walk(void)
{
    Device *dev = plug();

    for (unsigned i = 0; i < 20; i++) {
        for (unsigned k = 0; k < 64; k++) {
            input_key((unsigned)g_test_rand_int_range(0, KEY_MAX), g_test_rand_bit());
            input_move(g_test_rand_int(), g_test_rand_int(), g_test_rand_int());
            input_button(BTN_LEFT + (unsigned)g_test_rand_int_range(0, 8),
                         g_test_rand_bit());
            input_event_sync();
        }
        dev = hw_walk(dev, hw_isa, NULL, FALSE, I8042_DATA, 5);
    }
    hw_unplug(dev);
    hw_resets_heard();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    hw_board_make();
    hw_count_resets();
    g_test_add_func("/hw/i8042/controller", test_controller);
    g_test_add_func("/hw/i8042/loop", test_loop);
    g_test_add_func("/hw/i8042/aml", test_aml);
    g_test_add_func("/hw/i8042/output-port", test_output_port);
    g_test_add_func("/hw/i8042/keyboard-commands", test_keyboard_commands);
    g_test_add_func("/hw/i8042/sets", test_sets);
    g_test_add_func("/hw/i8042/all-keys", test_all_keys);
    g_test_add_func("/hw/i8042/modifiers", test_modifiers);
    g_test_add_func("/hw/i8042/keyboard-off", test_keyboard_off);
    g_test_add_func("/hw/i8042/mouse-commands", test_mouse_commands);
    g_test_add_func("/hw/i8042/mouse-stream", test_mouse_stream);
    g_test_add_func("/hw/i8042/mouse-remote", test_mouse_remote);
    g_test_add_func("/hw/i8042/mouse-flood", test_mouse_flood);
    g_test_add_func("/hw/i8042/walk", test_walk);
    return g_test_run();
}
