/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The q35 over qtest: its memory, its PCI functions, its resets, what it refuses. */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define GIB       0x40000000ull
#define ECAM      0xb0000000ull
#define MCH       0x00
#define LPC       0xf8
#define MCH_ID    0x29c08086u
#define LPC_ID    0x29188086u
#define SATA      0xfa
#define SATA_ID   0x29228086u
#define PM_BASE   0x600
#define RESET_CTL 0xcf9

static guint32 config_read(QTest *q, unsigned devfn, unsigned offset)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | offset);
    return qtest_inl(q, 0xcfc);
}

static void config_write(QTest *q, unsigned devfn, unsigned offset, guint32 value)
{
    qtest_outl(q, 0xcf8, 0x80000000u | devfn << 8 | offset);
    qtest_outl(q, 0xcfc, value);
}

static guint32 ecam_read(QTest *q, unsigned devfn, unsigned offset)
{
    return qtest_readl(q, ECAM | devfn << 12 | offset);
}

/* One QEMU's q35 has, too: below 2.75 GiB all is low, of more 2 GiB. */
static void test_memory(void)
{
    static const struct {
        const char *size;
        guint64 low, high;
    } rows[] = {
        { "1G", GIB, 0 },
        { "2G", 2 * GIB, 0 },
        { "2815M", 2815ull << 20, 0 },
        { "2816M", 2 * GIB, (2816ull << 20) - 2 * GIB },
        { "3G", 2 * GIB, GIB },
        { "4G", 2 * GIB, 2 * GIB },
        { "6G", 2 * GIB, 4 * GIB },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        QTest *q = qtest_start("-M q35 -m %s", rows[i].size);
        guint64 low = rows[i].low, end = 4 * GIB + rows[i].high;
        qtest_writeq(q, low - 8, 0x1111111111111111);
        qtest_writeq(q, end - 8, 0x2222222222222222);
        g_assert_cmphex(qtest_readq(q, low - 8), ==, 0x1111111111111111);
        g_assert_cmphex(qtest_readq(q, end - 8), ==,
                        rows[i].high ? 0x2222222222222222 : G_MAXUINT64);
        g_assert_cmphex(qtest_readq(q, low), ==, G_MAXUINT64);
        g_assert_cmphex(qtest_readq(q, end), ==, G_MAXUINT64);
        g_assert_cmphex(qtest_readl(q, ECAM), ==, MCH_ID);
        qtest_stop(q);
    }
}

/* The board's own functions, by ports and in memory; where nothing is, ones. */
static void test_config(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    g_assert_cmphex(config_read(q, MCH, 0), ==, MCH_ID);
    g_assert_cmphex(config_read(q, MCH, 8) >> 8, ==, 0x060000);
    g_assert_cmphex(config_read(q, LPC, 0), ==, LPC_ID);
    g_assert_cmphex(config_read(q, LPC, 8) >> 8, ==, 0x060100);
    g_assert_cmphex(config_read(q, SATA, 0), ==, SATA_ID);
    g_assert_cmphex(config_read(q, SATA, 8) >> 8, ==, 0x010601);
    for (unsigned offset = 0; offset < 256; offset += 4) {
        g_assert_cmphex(ecam_read(q, SATA, offset), ==, config_read(q, SATA, offset));
        g_assert_cmphex(ecam_read(q, MCH, offset), ==, config_read(q, MCH, offset));
        g_assert_cmphex(ecam_read(q, LPC, offset), ==, config_read(q, LPC, offset));
    }
    for (unsigned devfn = 1; devfn < 256; devfn++) {
        if (devfn != LPC && devfn != SATA) {
            g_assert_cmphex(config_read(q, devfn, 0), ==, G_MAXUINT32);
            g_assert_cmphex(ecam_read(q, devfn, 0), ==, G_MAXUINT32);
        }
    }
    g_assert_cmphex(qtest_readl(q, ECAM + 0x100000), ==, G_MAXUINT32); /* bus 1 */
    qtest_stop(q);
}

static guint32 pm_timer(QTest *q)
{
    return qtest_inl(q, PM_BASE + 8);
}

/* Firmware's work at each boot; what the guest changes, a reset takes back. */
static void check_set_up(QTest *q)
{
    g_assert_cmphex(config_read(q, MCH, 0x60), ==, ECAM | 1);
    g_assert_cmphex(config_read(q, LPC, 0x40), ==, PM_BASE | 1);
    g_assert_cmphex(config_read(q, LPC, 0x60), ==, 0x0b0b0a0a);
    g_assert_cmphex(ecam_read(q, LPC, 0), ==, LPC_ID);
    guint32 before = pm_timer(q);
    qtest_clock_step(q, 1000000);
    g_assert_cmpuint(pm_timer(q) - before, >=, 3579);
    g_assert_cmpuint(pm_timer(q) - before, <=, 3580);
}

static void spoil(QTest *q)
{
    config_write(q, MCH, 0x60, 0);
    g_assert_cmphex(ecam_read(q, LPC, 0), ==, G_MAXUINT32);
    config_write(q, LPC, 0x40, 0xb001);
    g_assert_cmphex(qtest_inl(q, PM_BASE + 8), ==, G_MAXUINT32);
}

static void by_qmp(QTest *q)
{
    board_qmp(q, "system_reset");
}

static void by_cf9(QTest *q)
{
    qtest_outb(q, RESET_CTL, 0x02);
    g_assert_cmphex(qtest_inb(q, RESET_CTL), ==, 0x02);
    qtest_outb(q, RESET_CTL, 0x06);
}

static void by_port92(QTest *q)
{
    qtest_outb(q, 0x92, 0x01);
}

static void test_reset(void)
{
    static void (*const ways[])(QTest *) = { by_qmp, by_cf9, by_port92 };
    QTest *q = qtest_start("-M q35 -m 64");
    check_set_up(q);
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        spoil(q);
        ways[i](q);
        board_wait(q, "RESET");
        check_set_up(q);
    }
    qtest_stop(q);
}

/* The timer is pin 2 of the I/O APIC, all else of ISA its own; INTA# of a slot PIRQE#. */
static void test_interrupts(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    qtest_irq_intercept_in(q, "ioapic");
    qtest_outb(q, 0x43, 0x34); /* channel 0: rate generator */
    qtest_outb(q, 0x40, 0x00);
    qtest_outb(q, 0x40, 0x10);
    qtest_clock_step(q, 10000000);
    qtest_wait_irq(q, 2, 1);
    g_assert_cmpuint(qtest_irq_raised(q, 0), ==, 0);
    qtest_stop(q);
}

/* S5 of the fixed hardware; the SMI command port switches to ACPI. */
static void test_power_off(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -action shutdown=pause");
    qtest_outb(q, 0xb2, 2);
    g_assert_cmphex(qtest_inw(q, PM_BASE + 4) & 1, ==, 1);
    board_qmp(q, "system_powerdown");
    board_wait(q, "POWERDOWN");
    board_sync(q);
    g_assert_cmphex(qtest_inw(q, PM_BASE) & 0x100, ==, 0x100);
    qtest_outw(q, PM_BASE + 4, 0x2001);
    board_wait(q, "SHUTDOWN");
    qtest_stop(q);
}

static void test_ports(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -serial null -serial none -serial null");
    g_assert_cmphex(qtest_inb(q, 0x3f8 + 5), ==, 0x60);
    g_assert_cmphex(qtest_inb(q, 0x2f8 + 5), ==, 0xff);
    g_assert_cmphex(qtest_inb(q, 0x3e8 + 5), ==, 0x60);
    qtest_outb(q, 0x21, 0xfb); /* 8259: masks */
    g_assert_cmphex(qtest_inb(q, 0x21), ==, 0xfb);
    qtest_outb(q, 0x70, 0x35); /* CMOS: 48 MiB above 16 MiB */
    g_assert_cmphex(qtest_inb(q, 0x71), ==, (48 << 20 >> 16) >> 8);
    qtest_stop(q);
}

/* Without tables nothing is where a guest looks for them. */
static void test_acpi(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0x2052545020445352); /* RSD PTR */
    qtest_stop(q);
    q = qtest_start("-M q35,acpi=off -m 64");
    g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0);
    qtest_stop(q);
}

static void test_refused(void)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "-M q35,foo=1", "Property 'q35-machine.foo' not found" },
        { "-M q35,usb=on", "usb=on is not supported (only off)" },
        { "-M q35,smm=on", "-M q35,smm=on: smm=on is not supported (only off|auto)" },
        { "-M q35,nvdimm=on", "nvdimm=on is not supported (only off)" },
        { "-M q35,sata=on", "sata=on is not supported (only off)" },
        { "-M q35,pflash0=x", "-machine pflash0=x: Property 'cfi.pflash01.drive' can't" },
        { "-M q35 -m 512k", "-m 512k: machine 'q35' takes" },
        { "-M q35 -m 1G,maxmem=512M",
          "-m 1G,maxmem=512M: maxmem=536870912 is below size=1073741824" },
        { "-M q35 -m 16,slots=2,maxmem=1G", "machine 'q35' has no memory hot-plug" },
        { "-M q35 -smp 255", "by machine 'pc-q35-vireo-1.0' is 254" },
        { "-M q35 -smp 1,maxcpus=2", "has no CPU hot-plug" },
        { "-M q35,memory-backend=x", "Memory backend 'x' not found" },
        { "-M q35 -device isa-serial,irq=2", "has no interrupt 2" },
        { "-M q35 -global ICH9-LPC.addr=5",
          "-global ICH9-LPC.addr: it is function 1f.0" },
        { "-M q35 -global mch.addr=5", "-global mch.addr: it is function 00.0" },
        { "-M q35 -global q35-pcihost.addr=5", "-global mch.addr: it is" },
        { "-M q35 -device ICH9-LPC", "expects a pluggable device type" },
        { "-M pc-q35-7", "-machine pc-q35-7: unsupported machine type" },
        { "-M pc-q35-7.2x", "-machine pc-q35-7.2x: unsupported machine type" },
        { "-M pc-q35-.2", "-machine pc-q35-.2: unsupported machine type" },
        { "-M pc-q35-vireo-1.1", "-machine pc-q35-vireo-1.1: unsupported machine type" },
        { "-M pc-i440fx-7.2", "-machine pc-i440fx-7.2: unsupported machine type" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        board_refuses(cases[i].options, cases[i].message);
    }
}

/* A configuration of QEMU's may name its version; what is told is our own name. */
static void test_peer_version(void)
{
    QTest *q = qtest_start("-M pc-q35-10.0 -m 64");
    g_autoptr(JsonNode) type =
        qtest_qmp_ok(q, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine\","
                        "\"property\":\"type\"}}");
    g_assert_cmpstr(json_node_get_string(type), ==, "pc-q35-vireo-1.0-machine");
    g_autoptr(JsonNode) machines = qtest_qmp_ok(q, "{\"execute\":\"query-machines\"}");
    g_autofree char *text = json_to_string(machines, FALSE);
    g_assert_null(strstr(text, "10.0"));
    qtest_stop(q);
}

/* As many ports as there are functions in the slots that are free; and one more. */
static void test_ports_limit(void)
{
    g_autoptr(GString) args = g_string_new("-M q35 -m 64");
    for (unsigned i = 0; i < 240; i++) {
        g_string_append_printf(args,
                               " -device pcie-root-port,chassis=%u,addr=%x.%u,"
                               "multifunction=on",
                               i + 1, 1 + i / 8, i % 8);
    }
    QTest *q = qtest_start("%s", args->str);
    g_assert_cmphex(qtest_readq(q, 0xe0000), ==, 0x2052545020445352);
    g_assert_cmphex(config_read(q, 0x1e << 3 | 7, 0x18), ==, 0x00f0f000);
    qtest_stop(q);
    g_string_append(args, " -device pcie-root-port,chassis=241");
    board_refuses(args->str, "-device pcie-root-port,chassis=241: ");
}

/* What libvirt says of it. */
static void test_options(void)
{
    QTest *q = qtest_start(
        "-object memory-backend-ram,id=pc.ram,size=64M "
        "-M pc-q35-vireo-1.0,usb=off,dump-guest-core=off,memory-backend=pc.ram,"
        "vmport=off,graphics=off,mem-merge=off,smm=off,nvdimm=off,kernel_irqchip=on "
        "-m 64 -global kvm-pit.lost_tick_policy=delay -global ICH9-LPC.disable_s3=1 "
        "-global ICH9-LPC.disable_s4=1 -global ICH9-LPC.noreboot=off");
    check_set_up(q);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/q35/memory", test_memory);
    g_test_add_func("/q35/peer-version", test_peer_version);
    g_test_add_func("/q35/config", test_config);
    g_test_add_func("/q35/reset", test_reset);
    g_test_add_func("/q35/interrupts", test_interrupts);
    g_test_add_func("/q35/power-off", test_power_off);
    g_test_add_func("/q35/ports", test_ports);
    g_test_add_func("/q35/acpi", test_acpi);
    g_test_add_func("/q35/ports-limit", test_ports_limit);
    g_test_add_func("/q35/options", test_options);
    g_test_add_func("/q35/refused", test_refused);
    return g_test_run();
}
