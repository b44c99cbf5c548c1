/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a q35 without firmware gives its ports where not all that is asked for has room:
 * one port's wish leaves the others their windows, and what PCI has above all RAM grows
 * with what is asked for, in the ACPI tables as well. And where interrupts go.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define Q35 "-M q35 -m 64 "
#define PORTS                                                                            \
    "-device pcie-root-port,id=rp0,bus=pcie.0,chassis=1,addr=2.0,multifunction=on "      \
    "-device pcie-root-port,id=rp1,bus=pcie.0,chassis=2,addr=2.1"
#define RP0 0x10 /* devfn */
#define RP1 0x11
#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define ACPI_BASE 0xe0000
#define ACPI_SIZE 0x10000

typedef struct Windows {
    guint64 io, mem, pref; /* bytes; 0: none */
} Windows;

static guint32 config_read(QTest *q, unsigned bus, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | bus << 16 | devfn << 8 | offset);
    return qtest_inl(q, 0xcfc);
}

static guint64 size_of(guint64 base, guint64 limit)
{
    return base <= limit ? limit - base + 1 : 0;
}

/* PCI-to-PCI Bridge 1.2, 3.2.5.6 to 3.2.5.9; both registers of ports zero: none. */
static Windows windows_of(QTest *q, unsigned devfn)
{
    guint32 io = config_read(q, 0, devfn, 0x1c), mem = config_read(q, 0, devfn, 0x20),
            pref = config_read(q, 0, devfn, 0x24);
    guint64 base = (guint64)config_read(q, 0, devfn, 0x28) << 32,
            limit = (guint64)config_read(q, 0, devfn, 0x2c) << 32;
    return (Windows){
        io & 0xffff ? size_of((io & 0xf0) << 8, (io & 0xf000) | 0xfff) : 0,
        size_of((mem & 0xfff0) << 16, (mem & 0xfff00000u) | 0xfffff),
        size_of(base | (pref & 0xfff0) << 16, limit | (pref & 0xfff00000u) | 0xfffff),
    };
}

static void check_windows(const char *more, Windows rp0, Windows rp1)
{
    QTest *q = qtest_start(Q35 PORTS "%s", more);
    Windows w0 = windows_of(q, RP0), w1 = windows_of(q, RP1);
    g_assert_cmphex(w0.io, ==, rp0.io);
    g_assert_cmphex(w0.mem, ==, rp0.mem);
    g_assert_cmphex(w0.pref, ==, rp0.pref);
    g_assert_cmphex(w1.io, ==, rp1.io);
    g_assert_cmphex(w1.mem, ==, rp1.mem);
    g_assert_cmphex(w1.pref, ==, rp1.pref);
    qtest_stop(q);
}

/* Of what one port asks for another never has less. */
static void test_reserve(void)
{
    const Windows slot = { 4 * KIB, 2 * MIB, 32 * MIB };
    check_windows("", slot, slot);
    check_windows(",pref64-reserve=64G", slot, (Windows){ slot.io, slot.mem, 64 * GIB });
    check_windows(",mem-reserve=2G", slot, (Windows){ slot.io, 512 * MIB, slot.pref });
    check_windows(",pref32-reserve=512M", slot,
                  (Windows){ slot.io, 512 * MIB, slot.pref });
    check_windows(",pref32-reserve=64K", slot, slot);
    check_windows(",io-reserve=64K", slot, (Windows){ 16 * KIB, slot.mem, slot.pref });
    check_windows(",io-reserve=0", slot, (Windows){ 0, slot.mem, slot.pref });
    check_windows(",pref64-reserve=1P", slot,
                  (Windows){ slot.io, slot.mem, 256 * GIB }); /* of the guest's 1 TiB */
    check_windows(",bus-reserve=255", slot, slot);
    check_windows(" -device pci-testdev,membar=64G,bus=rp1", slot,
                  (Windows){ slot.io, slot.mem, 64 * GIB });
}

/* What is behind a bridge takes nothing from the slots beside it. */
static void test_beside_bridges(void)
{
    const Windows slot = { 4 * KIB, 2 * MIB, 32 * MIB };
#define BRIDGES                                                                          \
    " -device pcie-pci-bridge,id=pci,bus=rp0"                                            \
    " -device pci-bridge,id=one,bus=pci,addr=1,chassis_nr=3"
    check_windows(BRIDGES, (Windows){ 8 * KIB, 4 * MIB, 64 * MIB }, slot);
    check_windows(BRIDGES " -device pci-bridge,id=two,bus=pci,addr=2,chassis_nr=4",
                  (Windows){ 12 * KIB, 6 * MIB, 96 * MIB }, slot);
    check_windows(BRIDGES ",pref64-reserve=64M", (Windows){ 8 * KIB, 4 * MIB, 96 * MIB },
                  slot);
    check_windows(BRIDGES " -device pci-testdev,membar=16M,bus=pci,addr=3",
                  (Windows){ 8 * KIB, 4 * MIB, 64 * MIB }, slot);
    check_windows(" -device x3130-upstream,id=up,bus=rp0"
                  " -device xio3130-downstream,id=down0,bus=up,addr=0,chassis=3"
                  " -device xio3130-downstream,id=down1,bus=up,addr=1,chassis=4",
                  (Windows){ 8 * KIB, 4 * MIB, 64 * MIB }, slot);
}

/* What has no room at all stays off, and is the only one. */
static void test_too_large(void)
{
    QTest *q = qtest_start(Q35 PORTS " -device pci-testdev,bus=rp1,membar=2T");
    unsigned bus = config_read(q, 0, RP1, 0x18) >> 8 & 0xff;
    g_assert_cmphex(config_read(q, bus, 0, 0x18) & ~0xfu, ==, 0);
    g_assert_cmphex(config_read(q, bus, 0, 0x1c), ==, 0);
    g_assert_cmphex(qtest_readl(q, config_read(q, bus, 0, 0x10)), ==, 0);
    g_assert_cmphex(windows_of(q, RP0).pref, ==, 32 * MIB);
    g_assert_cmphex(windows_of(q, RP1).pref, ==, 32 * MIB);
    qtest_stop(q);
}

/* There are 14 windows of 4 KiB, and the board's own ports: who needs or asks for one
 * first, then by number. */
static void test_many_ports(void)
{
    g_autoptr(GString) options = g_string_new(Q35);
    for (unsigned i = 0; i < 20; i++) {
        g_string_append_printf(options,
                               "-device pcie-root-port,id=rp%u,chassis=%u,addr=%u.%u,"
                               "multifunction=on%s ",
                               i, i, 2 + i / 8, i % 8, i == 18 ? ",io-reserve=4K" : "");
    }
    g_string_append(options, "-device pci-testdev,bus=rp19");
    QTest *q = qtest_start("%s", options->str);
    for (unsigned i = 0; i < 20; i++) {
        Windows w = windows_of(q, 0x10 + i);
        g_assert_cmphex(w.io, ==, i < 12 || i >= 18 ? 4 * KIB : 0);
        g_assert_cmphex(w.mem, ==, 2 * MIB);
        g_assert_cmphex(w.pref, ==, 32 * MIB);
    }
    qtest_stop(q);
}

/* The tables say where PCI's memory ends. */
static void check_hole64(const char *options, guint64 last)
{
    QTest *q = qtest_start(Q35 "%s", options);
    g_autofree guint8 *tables = g_malloc(ACPI_SIZE);
    guint64 bytes = GUINT64_TO_LE(last);
    qtest_memread(q, ACPI_BASE, tables, ACPI_SIZE);
    g_assert_nonnull(memmem(tables, ACPI_SIZE, &bytes, sizeof(bytes)));
    qtest_stop(q);
}

static void test_hole64(void)
{
    check_hole64(PORTS, 36 * GIB - 1);
    check_hole64("-global q35-pcihost.pci-hole64-size=512G", 516 * GIB - 1);
    check_hole64("-global q35-pcihost.pci-hole64-size=2T", 1024 * GIB - 1);
    check_hole64("-device pci-testdev,membar=64G", 128 * GIB - 1);
    check_hole64(PORTS ",pref64-reserve=64G", 129 * GIB - 1); /* and what rp0 has */
}

/* Interrupt lines, as SeaBIOS sets them for QEMU's q35 (query-pci, after its boot). */
static const struct Wire {
    unsigned bus, devfn;
    unsigned pirq; /* 0: A */
    guint8 line;
} wires[] = {
    { 0, 0x10, 6, 11 }, { 0, 0x18, 7, 11 }, { 0, 0x20, 4, 10 }, { 0, 0x28, 5, 10 },
    { 0, 0x30, 6, 11 }, { 1, 0x00, 6, 11 }, /* a port, and what is behind it */
    { 0, 0x48, 5, 10 }, { 3, 0x08, 6, 11 }, { 3, 0x10, 7, 11 }, /* behind two bridges */
    { 0, 0xd8, 0, 10 }, { 0, 0xf0, 4, 10 }, { 0, 0xfa, 0, 10 }, /* the chipset's slots */
};

static guint8 line_of(QTest *q, unsigned bus, unsigned devfn)
{
    return config_read(q, bus, devfn, 0x3c) & 0xff;
}

static void check_lines(QTest *q)
{
    guint32 low = config_read(q, 0, 0xf8, 0x60), high = config_read(q, 0, 0xf8, 0x68);

    g_assert_cmphex(low, ==, 0x0b0b0a0a);
    g_assert_cmphex(high, ==, 0x0b0b0a0a);
    for (unsigned i = 0; i < G_N_ELEMENTS(wires); i++) {
        const struct Wire *w = &wires[i];
        guint8 route = (w->pirq < 4 ? low : high) >> 8 * (w->pirq % 4);
        g_assert_cmpuint(config_read(q, w->bus, w->devfn, 0x3c) >> 8 & 0xff, ==, 1);
        g_assert_cmpuint(line_of(q, w->bus, w->devfn), ==, w->line);
        g_assert_cmpuint(route, ==, w->line);
    }
    g_assert_cmphex(qtest_inb(q, 0x4d0), ==, 0);
    g_assert_cmphex(qtest_inb(q, 0x4d1), ==, 1 << (10 - 8) | 1 << (11 - 8));
    g_assert_cmpuint(line_of(q, 0, 0), ==, 0); /* it has no pin */
}

/* A guest without ACPI has them from there; after each reset as well. */
static void test_lines(void)
{
    QTest *q = qtest_start(
        Q35 "-device pcie-root-port,id=rp,chassis=1,addr=6 "
            "-device pcie-root-port,id=rq,chassis=2,addr=9 "
            "-device pcie-pci-bridge,id=pb,bus=rq -device virtio-rng-pci,addr=2 "
            "-device virtio-rng-pci,addr=3 -device virtio-rng-pci,addr=4 "
            "-device virtio-rng-pci,addr=5 -device virtio-rng-pci,bus=rp "
            "-device virtio-rng-pci,bus=pb,addr=1 -device virtio-rng-pci,bus=pb,addr=2 "
            "-device virtio-rng-pci,addr=1b -device virtio-rng-pci,addr=1e");

    for (unsigned round = 0; round < 2; round++) {
        check_lines(q);
        for (unsigned i = 0; i < G_N_ELEMENTS(wires); i++) {
            config_read(q, wires[i].bus, wires[i].devfn, 0x3c);
            qtest_outb(q, 0xcfc, 0xfe);
            g_assert_cmphex(line_of(q, wires[i].bus, wires[i].devfn), ==, 0xfe);
        }
        qtest_outb(q, 0x4d1, 0);
        config_read(q, 0, 0xf8, 0x60);
        qtest_outl(q, 0xcfc, 0x80808080);
        g_assert_cmphex(config_read(q, 0, 0xf8, 0x60), ==, 0x80808080);
        board_reset(q);
    }
    check_lines(q);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-layout/reserve", test_reserve);
    g_test_add_func("/pci-layout/beside-bridges", test_beside_bridges);
    g_test_add_func("/pci-layout/too-large", test_too_large);
    g_test_add_func("/pci-layout/many-ports", test_many_ports);
    g_test_add_func("/pci-layout/hole64", test_hole64);
    g_test_add_func("/pci-layout/lines", test_lines);
    return g_test_run();
}
