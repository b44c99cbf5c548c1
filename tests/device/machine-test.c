/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The microvm over qtest: its memory, its kernel, what it refuses. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/pvh-kernel.h"

#define MIB 0x100000u
#define GIB 0x40000000ull

static void test_memory(void)
{
    QTest *q = qtest_start("-M microvm -m 3100");
    guint64 high = (3100ull << 20) - 3 * GIB;

    qtest_writeq(q, 0, 0x1111111111111111);
    qtest_writeq(q, 3 * GIB - 8, 0x2222222222222222);
    qtest_writeq(q, 3 * GIB, 0x3333333333333333); /* the hole */
    qtest_writeq(q, 4 * GIB, 0x4444444444444444);
    qtest_writeq(q, 4 * GIB + high - 8, 0x5555555555555555);
    qtest_writeq(q, 4 * GIB + high, 0x6666666666666666);
    g_assert_cmphex(qtest_readq(q, 0), ==, 0x1111111111111111);
    g_assert_cmphex(qtest_readq(q, 3 * GIB - 8), ==, 0x2222222222222222);
    g_assert_cmphex(qtest_readq(q, 3 * GIB), ==, G_MAXUINT64);
    g_assert_cmphex(qtest_readq(q, 4 * GIB), ==, 0x4444444444444444);
    g_assert_cmphex(qtest_readq(q, 4 * GIB + high - 8), ==, 0x5555555555555555);
    g_assert_cmphex(qtest_readq(q, 4 * GIB + high), ==, G_MAXUINT64);
    qtest_stop(q);
}

static void test_backend(void)
{
    QTest *q = qtest_start("-object memory-backend-memfd,id=ram0,size=16M,share=on "
                           "-M microvm,memory-backend=ram0 -m 16");

    qtest_writel(q, 0x1000, 0xdeadbeef);
    g_assert_cmphex(qtest_readl(q, 0x1000), ==, 0xdeadbeef);
    g_assert_cmphex(qtest_readl(q, 16 * MIB), ==, G_MAXUINT32);
    qtest_stop(q);
}

static void test_share(void)
{
    QTest *q = qtest_start("-M microvm,mem-share=on -m 16");

    qtest_writel(q, 0x1000, 0xdeadbeef);
    g_assert_cmphex(qtest_readl(q, 0x1000), ==, 0xdeadbeef);
    qtest_stop(q);
}

/* What nobody answers: a keyboard controller, PCI, an empty slot's device. */
static void test_absent(void)
{
    QTest *q = qtest_start("-M microvm -m 16");

    g_assert_cmphex(qtest_inb(q, 0x64), ==, 0xff);
    g_assert_cmphex(qtest_inl(q, 0xcfc), ==, 0xffffffff);
    for (unsigned i = 0; i < 24; i++) {
        g_assert_cmphex(qtest_readl(q, 0xfeb00000 + i * 0x1000), ==, 0x74726976);
        g_assert_cmphex(qtest_readl(q, 0xfeb00008 + i * 0x1000), ==, 0);
    }
    g_assert_cmphex(qtest_readl(q, 0xfeb18000), ==, G_MAXUINT32);
    qtest_stop(q);
}

static void test_kernel(void)
{
    g_autofree char *path = pvh_kernel();
    QTest *q = qtest_start("-M microvm -m 16 -kernel %s -append 'quiet foo=bar'", path);
    guint64 xsdt;
    char text[16];

    for (int i = 0; i < 2; i++) {
        g_assert_cmphex(qtest_readq(q, MIB + 8), ==, 0xf4f4f4f4f4f4f4f4);
        g_assert_cmphex(qtest_readq(q, MIB + 16), ==, 0);
        qtest_memread(q, qtest_readq(q, 0x6000 + 24), text, 14);
        g_assert_cmpstr(text, ==, "quiet foo=bar");
        g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0x2052545020445352); /* RSD PTR */
        xsdt = qtest_readq(q, 0xe0018);
        g_assert_cmphex(qtest_readl(q, xsdt), ==, 0x54445358);

        /* a reset puts back what the guest has overwritten */
        qtest_writeq(q, MIB + 8, 0);
        qtest_writeq(q, MIB + 16, 1);
        qtest_writeq(q, xsdt, 0);
        qtest_writeq(q, 0x6000 + 24, 0);
        board_reset(q);
    }
    qtest_stop(q);
    g_unlink(path);
}

/* A stream will fill the memory: nothing may be in it before. */
static void test_incoming(void)
{
    g_autofree char *path = pvh_kernel();
    QTest *q = qtest_start("-M microvm -m 16 -kernel %s -incoming defer", path);

    g_assert_cmphex(qtest_readq(q, MIB), ==, 0);
    g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0);
    qtest_stop(q);
    g_unlink(path);
}

/* A class's value from -global, a device's own, and the last of two. */
static void test_global(void)
{
    QTest *q = qtest_start("-M microvm -m 16 -global isa-serial.index=3 "
                           "-global driver=isa-serial,property=index,value=2 "
                           "-device isa-serial -device isa-serial,index=1");
    g_assert_cmphex(qtest_inb(q, 0x3f8 + 5), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, 0x2f8 + 5), ==, 0x60); /* COM2: sends nothing */
    g_assert_cmphex(qtest_inb(q, 0x3e8 + 5), ==, 0x60);
    g_assert_cmphex(qtest_inb(q, 0x2e8 + 5), ==, 0xff);
    qtest_stop(q);
}

static void test_refused(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "-M nix", "-machine nix: unsupported machine type" },
        { "-M microvm,foo=1", "Property 'microvm-machine.foo' not found" },
        { "-M microvm,acpi=off", "acpi=off" },
        { "-M microvm,acpi=maybe",
          "Parameter 'acpi' expects 'on' or 'off', not 'maybe'" },
        { "-M microvm,pcie=on", "pcie=on" },
        { "-M microvm -boot menu=on",
          "-boot menu=on: machine 'microvm' starts no firmware" },
        { "-M microvm -m 512k", "-m 512k: machine 'microvm' takes" },
        { "-M microvm -m 1G,maxmem=512M",
          "-m 1G,maxmem=512M: maxmem=536870912 is below size=1073741824" },
        { "-M microvm -m 16,slots=2,maxmem=1G", "has no memory hot-plug" },
        { "-M microvm -smp 255", "The max CPUs supported by machine" },
        { "-M microvm -smp 1,maxcpus=2", "has no CPU hot-plug" },
        { "-M microvm,memory-backend=x", "Memory backend 'x' not found" },
        { "-object memory-backend-ram,id=m,size=32M -M microvm,memory-backend=m -m 16",
          "does not match -m 16777216" },
        { "-M microvm -kernel /nix", "-kernel '/nix': cannot open" },
        { "-M microvm -global nix.a=b -kernel /nix",
          "warning: global nix.a has invalid class name\n" },
        { "-M microvm -global isa-serial.nix=b",
          "-global isa-serial.nix=b: Property 'isa-serial.nix' not found" },
        { "-M microvm -global isa-serial.index=b",
          "-global isa-serial.index=b: Parameter 'index' expects" },
        { "-M microvm -global driver=isa-serial,value=b",
          "-global driver=isa-serial,value=b: Parameter 'property' is missing" },
        { "-M microvm -append x", "-append only allowed with -kernel option" },
        { "-M microvm -initrd x", "-initrd only allowed with -kernel option" },
        { "-M microvm -serial chardev:nix",
          "Property 'isa-serial.chardev' can't find value 'nix'" },
        { "-M microvm -device isa-serial,index=4",
          "Max. supported number of ISA serial ports is 4." },
        { "-M microvm -device isa-serial,index=0 -device isa-serial,index=0",
          "serial port 0 is already there" },
        { "-M microvm -device isa-serial,irq=9", "has no interrupt 9" },
        { "-M microvm -device isa-serial,iobase=0xfffc", "iobase" },
        { "-M microvm -device isa-serial,iobase=0x70", "iobase" },
        { "-M microvm -device acpi-ged", "expects a pluggable device type" },
        { "-M microvm -device virtio-rng-device,rng=r,bus=virtio-mmio-bus.24",
          "Bus 'virtio-mmio-bus.24' not found" },
        { "-M microvm -device virtio-rng-device,rng=r,bus=isa.0",
          "can't go on isa-bus bus" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        board_refuses(cases[i].options, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/memory", test_memory);
    g_test_add_func("/machine/backend", test_backend);
    g_test_add_func("/machine/share", test_share);
    g_test_add_func("/machine/absent", test_absent);
    g_test_add_func("/machine/kernel", test_kernel);
    g_test_add_func("/machine/incoming", test_incoming);
    g_test_add_func("/machine/global", test_global);
    g_test_add_func("/machine/refused", test_refused);
    return g_test_run();
}
