/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports that the user places: what they may share, and what is refused. */
#include "config.h"

#include "tests/device/board.h"

#define COM1    0x3f8
#define COM2    0x2f8
#define IER     1
#define LCR     3
#define MCR     4
#define LSR     5
#define SCR     7
#define IRQ     4
#define IRQ_OF2 3

static gboolean is_there(QTest *q, guint16 base)
{
    return qtest_inb(q, base + LSR) == 0x60;
}

/* Whether its line is up: what it sends has gone. */
static void want_interrupt(QTest *q, guint16 base, gboolean on)
{
    qtest_outb(q, base + MCR, 8);
    qtest_outb(q, base + IER, on ? 2 : 0);
}

/* Both on one interrupt: it is up while one of them wants it, and ends with the last. */
static void test_shared_irq(void)
{
    QTest *q = qtest_start("-M q35 -m 16 -device isa-serial,irq=4 "
                           "-device isa-serial,iobase=0x500,irq=4");
    qtest_irq_intercept_in(q, "ioapic");
    g_assert_true(is_there(q, COM1));
    g_assert_true(is_there(q, 0x500));
    g_assert_false(is_there(q, COM2));
    want_interrupt(q, COM1, TRUE);
    g_assert_true(board_irq(q, IRQ));
    want_interrupt(q, 0x500, TRUE);
    want_interrupt(q, COM1, FALSE);
    g_assert_true(board_irq(q, IRQ));
    want_interrupt(q, 0x500, FALSE);
    g_assert_false(board_irq(q, IRQ));
    g_assert_false(board_irq(q, IRQ_OF2));
    qtest_stop(q);
}

/* The number gives what was left out: the ports, the interrupt, or the number itself. */
static void test_defaults(void)
{
    static const guint16 bases[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
    static const unsigned irqs[] = { 4, 3, 4, 3 };
    for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
        QTest *q = qtest_start("-M q35 -m 16 -device isa-serial,index=%u,iobase=0x500 "
                               "-device isa-serial",
                               i);
        qtest_irq_intercept_in(q, "ioapic");
        for (unsigned k = 0; k < G_N_ELEMENTS(bases); k++) {
            g_assert_cmpint(is_there(q, bases[k]), ==, k == (i == 0 ? 1 : 0));
        }
        want_interrupt(q, 0x500, TRUE);
        g_assert_true(board_irq(q, irqs[i]));
        qtest_stop(q);
    }
}

/* The first free number, between those that are taken: all four. */
static void test_all(void)
{
    QTest *q = qtest_start("-M q35 -m 16 -device isa-serial,index=2 -device isa-serial "
                           "-device isa-serial,index=3 -device isa-serial");
    static const guint16 bases[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
    for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
        qtest_outb(q, bases[i] + SCR, (guint8)(0x10 + i));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
        g_assert_true(is_there(q, bases[i]));
        g_assert_cmphex(qtest_inb(q, bases[i] + SCR), ==, 0x10 + i);
    }
    qtest_stop(q);
}

/* All accesses of a guest to ports that touch, or cross into, the next one. */
static void test_neighbours(void)
{
    QTest *q = qtest_start("-M q35 -m 16 -device isa-serial,iobase=0x540 "
                           "-device isa-serial,iobase=0x548");
    qtest_outb(q, 0x540 + SCR, 0x5a);
    qtest_outb(q, 0x548 + LCR, 0x80);
    qtest_outb(q, 0x548, 0x34); /* its divisor */
    g_assert_cmphex(qtest_inw(q, 0x547), ==, 0x345a);
    qtest_outl(q, 0x547, 0xffffffff);
    g_assert_cmphex(qtest_inb(q, 0x547), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, 0x548), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, 0x54f), ==, 0);
    g_assert_cmphex(qtest_inl(q, 0x550), ==, G_MAXUINT32);
    qtest_stop(q);
}

static void test_refused(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "-device isa-serial,iobase=0x3f8 -device isa-serial,iobase=0x3f8",
          "-device isa-serial,iobase=0x3f8: Parameter 'iobase' of device 'isa-serial'" },
        { "-device isa-serial,index=1,iobase=0x3fa -device isa-serial,index=0",
          "overlaps" },
        { "-device isa-serial,iobase=0x2f8 -device isa-serial",
          "-device isa-serial: Parameter 'iobase' of device 'isa-serial'" },
        { "-serial null -device isa-serial,index=0", "serial port 0 is already there" },
        { "-device isa-serial,index=1 -device isa-serial,index=1",
          "Parameter 'index': serial port 1 is already there" },
        { "-device isa-serial,index=4", "Max. supported number of ISA serial ports" },
        { "-device isa-serial,index=4294967296", "Parameter 'index' expects" },
        { "-device isa-serial,index=-1", "Parameter 'index' expects" },
        { "-device isa-serial -device isa-serial -device isa-serial -device isa-serial "
          "-device isa-serial",
          "Max. supported number of ISA serial ports is 4." },
        { "-serial null -serial null -serial null -serial null -serial null",
          "-serial: Max. supported number of ISA serial ports is 4." },
        { "-device isa-serial,irq=16", "bus 'isa.0' has no interrupt 16" },
        { "-device isa-serial,irq=2", "bus 'isa.0' has no interrupt 2" },
        { "-device isa-serial,iobase=0x10000", "does not fit into the address space" },
        { "-device isa-serial,iobase=0xfffc", "does not fit into the address space" },
        { "-device isa-serial,iobase=0x60", "overlaps" },  /* the keyboard controller's */
        { "-device isa-serial,iobase=0xcf8", "overlaps" }, /* configuration space's */
        { "-chardev null,id=c -device isa-serial,chardev=c -device isa-serial,chardev=c",
          "-device isa-serial,chardev=c: Property 'isa-serial.chardev' can't take value "
          "'c', it's in use" },
        { "-chardev null,id=c -serial chardev:c -serial chardev:c",
          "-serial: Property 'isa-serial.chardev' can't take value 'c', it's in use" },
        { "-chardev null,id=c -serial chardev:c -device isa-debugcon,chardev=c",
          "Property 'isa-debugcon.chardev' can't take value 'c', it's in use" },
        { "-device isa-serial,chardev=nix", "can't find value 'nix'" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *options =
            g_strdup_printf("-nodefaults -M q35 %s", cases[i].options);
        board_refuses(options, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/q35-serial/shared-irq", test_shared_irq);
    g_test_add_func("/q35-serial/defaults", test_defaults);
    g_test_add_func("/q35-serial/all", test_all);
    g_test_add_func("/q35-serial/neighbours", test_neighbours);
    g_test_add_func("/q35-serial/refused", test_refused);
    return g_test_run();
}
