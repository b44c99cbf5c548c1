/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pair of 8259A: each mode as the data sheet describes it, saved and loaded, and a
 * random walk against a model that is written down otherwise.
 */
#include "config.h"

#include "hw/i8259.h"

#include "memory/address-map.h"
#include "tests/unit/hw-i8259-model.h"
#include "tests/unit/hw-i8259-pair.h"
#include "tests/unit/stub-accel.h"

/* Before any initialization nothing comes. */
static void test_power_on(void)
{
    begin();
    device_reset_all(NULL, NULL);
    g_assert_cmphex(in(MASTER + 1), ==, 0xff);
    g_assert_cmphex(in(SLAVE + 1), ==, 0xff);
    pulse(4);
    pulse(12);
    g_assert_false(stub_pic);
    g_assert_cmphex(requested(MASTER), ==, 0x10);
    end();
}

static void test_init_words(void)
{
    begin();
    out(MASTER + 1, 0xaa);
    out(MASTER, OCW3_ISR);
    out(MASTER, OCW2_LOWEST(3));
    set(4, 1);
    take(4);
    set(0, 1);
    out(MASTER, 0x11);
    g_assert_cmphex(in(MASTER + 1), ==, 0); /* IMR */
    g_assert_cmphex(in(MASTER), ==, 0);     /* IRR: edges must come again */
    g_assert_cmphex(in_service(MASTER), ==, 0);
    pulse(3);
    g_assert_false(stub_pic); /* not before it is complete */
    out(MASTER + 1, 0x47);    /* the low bits are the input's */
    g_assert_false(stub_pic);
    out(MASTER + 1, 0x04);
    g_assert_false(stub_pic);
    out(MASTER + 1, 0x01);
    g_assert_true(stub_pic);
    g_assert_cmpint(accel_pic_acknowledge(), ==, 0x43);
    out(MASTER + 1, 0xaa); /* OCW1 again */
    g_assert_cmphex(in(MASTER + 1), ==, 0xaa);

    out(MASTER, 0x13); /* single: no ICW3 */
    out(MASTER + 1, 0x50);
    out(MASTER + 1, 0x03);
    pulse(5);
    g_assert_cmpint(accel_pic_acknowledge(), ==, 0x55);
    g_assert_cmphex(in_service(MASTER), ==, 0); /* ICW4: automatic EOI */
    out(MASTER, 0x12); /* no ICW4 either: all of its functions off */
    out(MASTER + 1, 0x60);
    pulse(5);
    g_assert_cmpint(accel_pic_acknowledge(), ==, 0x65);
    g_assert_cmphex(in_service(MASTER), ==, 0x20);
    end();
}

static void test_priorities(void)
{
    begin();
    pulse(7);
    pulse(3);
    pulse(5);
    take(3);
    g_assert_false(stub_pic); /* 5 and 7 wait */
    pulse(1);
    take(1); /* nested */
    pulse(1);
    g_assert_false(stub_pic);
    g_assert_cmphex(in_service(MASTER), ==, 0x0a);
    g_assert_cmphex(requested(MASTER), ==, 0xa2);
    out(MASTER, OCW2_EOI);
    take(1);
    out(MASTER, OCW2_EOI);
    g_assert_cmphex(in_service(MASTER), ==, 0x08);
    g_assert_false(stub_pic);
    out(MASTER, OCW2_EOI);
    take(5);
    out(MASTER, OCW2_EOI_OF(5));
    take(7);
    out(MASTER, OCW2_EOI_OF(6)); /* another's */
    g_assert_cmphex(in_service(MASTER), ==, 0x80);
    out(MASTER, OCW2_EOI_OF(7));
    out(MASTER, OCW2_EOI); /* nothing in service */
    g_assert_cmphex(in_service(MASTER), ==, 0);
    end();
}

static void test_mask(void)
{
    begin();
    out(MASTER + 1, 0x10);
    pulse(4);
    g_assert_false(stub_pic);
    g_assert_cmphex(requested(MASTER), ==, 0x10);
    out(MASTER + 1, 0);
    g_assert_true(stub_pic);
    out(MASTER + 1, 0x10);
    g_assert_false(stub_pic);
    out(MASTER + 1, 0);
    take(4);
    end();
}

static void test_edge_and_level(void)
{
    begin();
    set(5, 1);
    take(5);
    out(MASTER, OCW2_EOI);
    g_assert_false(stub_pic); /* an edge comes once */
    set(5, 0);
    set(5, 1);
    take(5);
    out(MASTER, OCW2_EOI);
    set(5, 0);

    out(MASTER_ELCR, 0xff);
    out(SLAVE_ELCR, 0xff);
    g_assert_cmphex(in(MASTER_ELCR), ==, 0xf8);
    g_assert_cmphex(in(SLAVE_ELCR), ==, 0xde);
    set(5, 1);
    take(5);
    g_assert_false(stub_pic);
    out(MASTER, OCW2_EOI);
    take(5); /* a level again and again */
    set(5, 0);
    out(MASTER, OCW2_EOI);
    g_assert_false(stub_pic);
    set(5, 1);
    set(5, 0); /* gone before it was acknowledged */
    g_assert_false(stub_pic);
    g_assert_cmphex(requested(MASTER), ==, 0);
    set(5, 1);
    out(MASTER, 0x11); /* levels outlive ICW1 */
    g_assert_cmphex(in(MASTER), ==, 0x20);
    end();
}

/* Data sheet, "automatic rotation": who was served is the last. */
static void test_rotation(void)
{
    begin();
    pulse(4);
    pulse(6);
    take(4);
    out(MASTER, OCW2_ROTATE_EOI);
    pulse(4);
    take(6); /* 4 is the lowest now */
    out(MASTER, OCW2_ROTATE_EOI);
    pulse(5);
    pulse(7);
    take(7);
    out(MASTER, OCW2_EOI);
    take(4);
    out(MASTER, OCW2_EOI);
    take(5);
    out(MASTER, OCW2_ROTATE_EOI_(2)); /* of another, which ends nothing here */
    g_assert_cmphex(in_service(MASTER), ==, 0x20);
    out(MASTER, OCW2_EOI);
    pulse(1);
    pulse(3);
    take(3);
    out(MASTER, OCW2_LOWEST(3));
    g_assert_cmphex(in_service(MASTER), ==, 0x08);
    take(1); /* 3 in service is the lowest */
    out(MASTER, OCW2_EOI);
    g_assert_cmphex(in_service(MASTER), ==, 0x08);
    out(MASTER, OCW2_EOI);
    end();
}

static void test_auto_eoi(void)
{
    begin_with(ICW4_AEOI);
    pulse(2 + 1);
    pulse(1);
    take(1);
    g_assert_cmphex(in_service(MASTER), ==, 0);
    take(3); /* nothing nests */
    out(MASTER, OCW2_ROTATE_AUTO);
    pulse(0);
    take(0);
    pulse(0);
    pulse(1);
    take(1);
    take(0);
    out(MASTER, OCW2_NO_ROTATE_AUTO);
    pulse(1);
    take(1); /* no rotation any more: 0 stays the last */
    pulse(1);
    pulse(0);
    take(1);
    take(0);
    end();
}

static void test_special_mask(void)
{
    begin();
    pulse(3);
    take(3);
    pulse(5);
    g_assert_false(stub_pic);
    out(MASTER, OCW3_SPECIAL_MASK);
    g_assert_false(stub_pic); /* 3 is not masked, so it is in the way */
    out(MASTER + 1, 0x08);
    take(5);
    pulse(3);
    g_assert_false(stub_pic);
    out(MASTER, OCW2_EOI); /* not that of the masked one */
    g_assert_cmphex(in_service(MASTER), ==, 0x08);
    out(MASTER, OCW2_EOI);
    g_assert_cmphex(in_service(MASTER), ==, 0x08);
    pulse(6);
    g_assert_true(stub_pic);
    out(MASTER, 0x28); /* SMM without ESMM says nothing */
    g_assert_true(stub_pic);
    out(MASTER, OCW3_NORMAL_MASK);
    g_assert_false(stub_pic);
    out(MASTER, OCW2_EOI_OF(3));
    take(6);
    end();
}

static void test_poll(void)
{
    begin();
    out(MASTER, OCW3_POLL);
    g_assert_cmphex(in(MASTER), ==, 0);
    g_assert_cmphex(in(MASTER), ==, 0); /* IRR again */
    pulse(6);
    pulse(9);
    out(MASTER, OCW3_POLL | 3); /* goes before the status that is asked for as well */
    g_assert_cmphex(in(MASTER + 1), ==, 0x82);
    g_assert_cmphex(in(MASTER), ==, 0x04); /* ISR */
    g_assert_cmphex(in(MASTER + 1), ==, 0);
    out(SLAVE, OCW3_POLL);
    g_assert_cmphex(in(SLAVE), ==, 0x81);
    g_assert_false(stub_pic);
    out(SLAVE, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    out(MASTER, OCW3_POLL);
    out(MASTER, OCW3_IRR); /* another OCW3: no poll after all */
    g_assert_cmphex(in(MASTER), ==, 0x40);
    take(6);
    end();
}

static void test_cascade(void)
{
    begin();
    pulse(14);
    pulse(3);
    take(14);
    g_assert_cmphex(in_service(MASTER), ==, 0x04);
    g_assert_cmphex(in_service(SLAVE), ==, 0x40);
    g_assert_false(stub_pic);
    pulse(9); /* higher in the slave: the master does not let it through */
    g_assert_false(stub_pic);
    out(SLAVE, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    take(9);
    out(SLAVE, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    take(3);
    end();
}

/* Data sheet, "special fully nested mode". */
static void test_special_fully_nested(void)
{
    begin_with(ICW4_SFNM);
    pulse(14);
    take(14);
    pulse(15);
    pulse(3);
    g_assert_false(stub_pic);
    pulse(9);
    take(9);
    g_assert_cmphex(in_service(SLAVE), ==, 0x42);
    out(SLAVE, OCW2_EOI);
    out(SLAVE, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    take(15);
    out(SLAVE, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    take(3);
    end();
}

/* Two requests of the slave that do not stand in each other's way. */
static void test_slave_keeps_asking(void)
{
    begin_with(ICW4_AEOI);
    pulse(10);
    pulse(11);
    take(10);
    take(11);
    g_assert_false(stub_pic);
    end();
}

static void test_spurious(void)
{
    begin();
    g_assert_cmpint(accel_pic_acknowledge(), ==, BASE + 7);
    g_assert_cmphex(in_service(MASTER), ==, 0);

    out(SLAVE_ELCR, 0x02);
    set(9, 1);
    set(9, 0); /* the master has seen the slave's INT, which is down again */
    g_assert_true(stub_pic);
    g_assert_cmpint(accel_pic_acknowledge(), ==, BASE + 15);
    g_assert_cmphex(in_service(MASTER), ==, 0x04); /* to be ended there */
    g_assert_cmphex(in_service(SLAVE), ==, 0);
    g_assert_false(stub_pic);
    end();
}

/* With one in service, one pending, one masked, and in the middle of an initialization.
 */
static void test_save(void)
{
    begin();
    out(MASTER_ELCR, 0x20);
    out(MASTER + 1, 0x08);
    pulse(1);
    pulse(3);
    take(1);
    pulse(4);
    pulse(0);
    out(SLAVE, 0x11);
    out(SLAVE + 1, 0x70);
    g_autoptr(GByteArray) bytes = save();
    end();

    begin();
    load(bytes);
    g_assert_true(stub_pic);
    g_assert_cmphex(in(MASTER_ELCR), ==, 0x20);
    g_assert_cmphex(in(MASTER + 1), ==, 0x08);
    take(0);
    g_assert_cmphex(in_service(MASTER), ==, 0x03);
    out(MASTER, OCW2_EOI);
    out(MASTER, OCW2_EOI);
    take(4);
    out(MASTER, OCW2_EOI);
    out(MASTER + 1, 0);
    take(3);
    out(MASTER, OCW2_EOI);
    out(SLAVE + 1, 0x02); /* ICW3 */
    out(SLAVE + 1, 0x01);
    pulse(12);
    g_assert_cmpint(accel_pic_acknowledge(), ==, 0x74);
    end();
}

/* What drivers write more often than chance would. */
static guint8 random_value(int port)
{
    static const guint8 usual[] = { OCW2_EOI,
                                    OCW2_EOI,
                                    OCW2_ROTATE_EOI,
                                    OCW3_IRR,
                                    OCW3_ISR,
                                    OCW3_POLL,
                                    OCW3_SPECIAL_MASK,
                                    OCW3_NORMAL_MASK,
                                    OCW2_ROTATE_AUTO,
                                    0x60,
                                    0xe0,
                                    0xc0 };
    guint8 any = (guint8)g_test_rand_int_range(0, 256);
    if (port) {
        return g_test_rand_bit() ? any : any & (guint8)g_test_rand_int_range(0, 256);
    }
    if (any & 0x10 && any & 0xe0) {
        any &= ~0x10; /* ICW1 is rarer */
    }
    guint8 value = usual[g_test_rand_int_range(0, G_N_ELEMENTS(usual))];
    return any & 1                          ? any
           : value >= 0x60 && value != 0x68 ? value | (any >> 1 & 7)
                                            : value;
}

static void random_step(void)
{
    int chip = g_test_rand_bit(), port = g_test_rand_bit();
    guint16 at = (guint16)((chip ? SLAVE : MASTER) + port);
    int pin = g_test_rand_int_range(0, I8259_PINS), level = g_test_rand_bit();
    guint8 value = random_value(port);
    switch (g_test_rand_int_range(0, 16)) {
    case 0 ... 6:
        if (pin != I8259_CASCADE) {
            set((unsigned)pin, level);
            i8259_model_pin(&i8259_models[pin / 8], pin % 8, level);
        }
        break;
    case 7 ... 9:
        out(at, value);
        i8259_model_write(&i8259_models[chip], port, value);
        break;
    case 10 ... 11:
        g_assert_cmphex(in(at), ==, i8259_model_read(&i8259_models[chip], port));
        break;
    case 12:
        if (level) {
            out((guint16)(MASTER_ELCR + chip), value);
            for (int n = 0; n < 8; n++) {
                i8259_models[chip].level[n] = (value & (chip ? 0xde : 0xf8)) >> n & 1;
                i8259_model_pin(&i8259_models[chip], n, i8259_models[chip].pin[n]);
            }
        } else {
            g_autoptr(GByteArray) bytes = save();
            load(bytes);
        }
        break;
    default:
        if (stub_pic || pin == 0) {
            g_assert_cmphex(accel_pic_acknowledge(), ==, i8259_model_acknowledge());
        }
        break;
    }
}

static void test_random(void)
{
    guint acknowledged = 0;
    begin();
    i8259_model_begin(BASE);
    for (guint step = 0; step < 300000; step++) {
        random_step();
        g_assert_cmpint(stub_pic, ==, i8259_model_settle());
        acknowledged += (guint)stub_pic;
    }
    g_assert_cmpuint(acknowledged, >, 3000);
    i8259_model_end();
    init_chip(MASTER, BASE, 0x04, 0);
    end();
}

/* A hostile source and guest: whatever is loaded is refused or works. */
static void test_hostile(void)
{
    guint loaded = 0;
    begin();
    for (guint step = 0; step < 20000; step++) {
        g_autoptr(GByteArray) bytes = save();
        g_autoptr(GError) error = NULL;
        bytes->data[g_test_rand_int_range(0, (gint32)bytes->len)] =
            (guint8)g_test_rand_int();
        if (state_load(bytes->data, bytes->len, i8259_class.state, pic, &error)) {
            loaded++;
        } else {
            g_assert_nonnull(error);
            i8259_class.reset(pic);
        }
        guint16 port =
            (guint16)((g_test_rand_bit() ? SLAVE : MASTER) + g_test_rand_bit());
        out(port, (guint8)g_test_rand_int());
        in(port);
        set((unsigned)g_test_rand_int_range(3, I8259_PINS), g_test_rand_bit());
        int vector = accel_pic_acknowledge();
        g_assert_cmpint(vector, >=, 0);
        g_assert_cmpint(vector, <=, 255);
    }
    g_assert_cmpuint(loaded, >, 100);
    g_assert_cmpuint(loaded, <, 20000);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stub_accel_init();
    g_test_add_func("/i8259/power-on", test_power_on);
    g_test_add_func("/i8259/init-words", test_init_words);
    g_test_add_func("/i8259/priorities", test_priorities);
    g_test_add_func("/i8259/mask", test_mask);
    g_test_add_func("/i8259/edge-and-level", test_edge_and_level);
    g_test_add_func("/i8259/rotation", test_rotation);
    g_test_add_func("/i8259/auto-eoi", test_auto_eoi);
    g_test_add_func("/i8259/special-mask", test_special_mask);
    g_test_add_func("/i8259/poll", test_poll);
    g_test_add_func("/i8259/cascade", test_cascade);
    g_test_add_func("/i8259/special-fully-nested", test_special_fully_nested);
    g_test_add_func("/i8259/slave-keeps-asking", test_slave_keeps_asking);
    g_test_add_func("/i8259/spurious", test_spurious);
    g_test_add_func("/i8259/save", test_save);
    g_test_add_func("/i8259/random", test_random);
    g_test_add_func("/i8259/hostile", test_hostile);
    return g_test_run();
}
