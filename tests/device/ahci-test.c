/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SATA controller and what its disk says of itself: registers, resets, IDENTIFY,
 * options, interrupts. Commands: ahci-command-test.c; lists that a guest should not make:
 * ahci-hostile-test.c; the VM's life around commands in flight: ahci-flight-test.c.
 */
#include <string.h>

#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define MIB     (1u << 20)
#define SECTORS (MIB / 512)
#define LISTS   0x200000ull
#define GSI     16 /* as the board routes function 1f.2 */

static char *dir;

static QTest *start_with(Ahci *a, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start("-machine q35 -m 16M "
                           "-blockdev driver=file,node-name=f,filename=%s,discard=unmap "
                           "-blockdev driver=x-test,node-name=n,file=f,discard=unmap "
                           "-device ide-hd,id=d,drive=n,bus=ide.0%s",
                           path, more);

    qtest_irq_intercept_in(q, "ioapic");
    ahci_open(a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(a, 0);
    return q;
}

static QTest *start(Ahci *a)
{
    return start_with(a, "");
}

/* --- registers --- */

static void test_registers(void)
{
    Ahci a;
    QTest *q = qtest_start("-machine q35 -m 16M");

    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    g_assert_cmphex(qtest_readl(q, a.config), ==, 0x29228086);
    g_assert_cmphex(qtest_readl(q, a.config + 8), ==, 0x01060102);
    g_assert_cmphex(qtest_readb(q, a.config + 0x34), ==, 0x80);
    g_assert_cmphex(qtest_readl(q, a.config + 0x80), ==, 0x0080a805);
    g_assert_cmphex(qtest_readl(q, a.config + 0xa8), ==, 0x00100012);
    g_assert_cmphex(qtest_readl(q, a.config + 0xac), ==, 0x48);
    g_assert_cmphex(qtest_readb(q, a.config + 0x90), ==, 0x40);
    g_assert_cmphex(ahci_read(&a, 0x00), ==, 0xc0141f05);
    g_assert_cmphex(ahci_read(&a, 0x04), ==, 0x80000000);
    g_assert_cmphex(ahci_read(&a, 0x0c), ==, 0x3f);
    g_assert_cmphex(ahci_read(&a, 0x10), ==, 0x10000);
    for (unsigned port = 0; port < 6; port++) {
        g_assert_cmphex(ahci_get(&a, port, A_CMD), ==, 6);
        g_assert_cmphex(ahci_get(&a, port, A_TFD), ==, 0x7f);
        g_assert_cmphex(ahci_get(&a, port, A_SIG), ==, G_MAXUINT32);
        g_assert_cmphex(ahci_get(&a, port, A_SSTS), ==, 0);
        ahci_set(&a, port, A_IE, G_MAXUINT32);
        g_assert_cmphex(ahci_get(&a, port, A_IE), ==, 0xfdc000ff);
        ahci_set(&a, port, A_CLB, G_MAXUINT32);
        g_assert_cmphex(ahci_get(&a, port, A_CLB), ==, 0xfffffc00);
        ahci_set(&a, port, A_FB, G_MAXUINT32);
        g_assert_cmphex(ahci_get(&a, port, A_FB), ==, 0xffffff00);
        ahci_set(&a, port, A_CI, G_MAXUINT32); /* not while it is stopped */
        g_assert_cmphex(ahci_get(&a, port, A_CI), ==, 0);
    }
    g_assert_cmphex(ahci_get(&a, 6, A_CMD), ==, 0);
    ahci_write(&a, 0, 0);
    g_assert_cmphex(ahci_read(&a, 0), ==, 0xc0141f05);
    qtest_stop(q);
}

/* Parts of registers are read; of writes there are none. By the ports as in memory. */
static void test_access(void)
{
    Ahci a;
    QTest *q = qtest_start("-machine q35 -m 16M");

    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    guint16 pair = (qtest_readw(q, a.config + 0x20) & ~3u) + 0x10;
    g_assert_cmphex(qtest_readb(q, a.bar + 1), ==, 0x1f);
    g_assert_cmphex(qtest_readw(q, a.bar + 2), ==, 0xc014);
    g_assert_cmphex(qtest_readq(q, a.bar), ==, 0x80000000c0141f05ull);
    g_assert_cmphex(qtest_readb(q, a.bar + 7), ==, 0x80);
    g_assert_cmphex(qtest_readw(q, a.bar + 3), ==, 0xc0); /* in two accesses */
    g_assert_cmphex(qtest_readl(q, a.bar + 1), ==, 0xc0141f);
    g_assert_cmphex(qtest_readl(q, a.bar + 2), ==, 0xc014);
    qtest_writeb(q, a.bar + 0x114, 0xff);
    qtest_writew(q, a.bar + 0x114, 0xff);
    g_assert_cmphex(ahci_get(&a, 0, A_IE), ==, 0);
    qtest_writeq(q, a.bar + 0x110, 0x40000000ull << 32);
    g_assert_cmphex(ahci_get(&a, 0, A_IE), ==, 0x40000000);
    qtest_outl(q, pair, 0xfffff117);
    g_assert_cmphex(qtest_inl(q, pair), ==, 0x114);
    g_assert_cmphex(qtest_inl(q, pair + 4), ==, 0x40000000);
    qtest_outl(q, pair + 4, 3);
    g_assert_cmphex(ahci_get(&a, 0, A_IE), ==, 3);
    g_assert_cmphex(qtest_inb(q, pair + 4), ==, 0);
    qtest_outl(q, pair, 0xffc); /* the last there is */
    g_assert_cmphex(qtest_inl(q, pair + 4), ==, 0);
    qtest_stop(q);
}

/* The drive says what it is when the guest takes frames, and after each reset. */
static void assert_signed_on(const Ahci *a, unsigned port)
{
    guint8 fis[20];

    g_assert_cmphex(ahci_get(a, port, A_SSTS), ==, 0x113);
    g_assert_cmphex(ahci_get(a, port, A_SIG), ==, 0x101);
    g_assert_cmphex(ahci_get(a, port, A_TFD), ==, 0x150);
    qtest_memread(a->q, ahci_fis(a, port) + 0x40, fis, sizeof(fis));
    g_assert_cmphex(fis[0], ==, 0x34);
    g_assert_cmphex(fis[1], ==, 0);
    g_assert_cmphex(fis[2], ==, 0x50);
    g_assert_cmphex(fis[3], ==, 1);
    g_assert_cmphex(fis[4], ==, 1);
    g_assert_cmphex(fis[12], ==, 1);
    qtest_memset(a->q, ahci_fis(a, port) + 0x40, 0, sizeof(fis));
}

static void test_resets(void)
{
    Ahci a;
    QTest *q = start(&a);

    assert_signed_on(&a, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
    ahci_soft_reset(&a, 0);
    assert_signed_on(&a, 0);
    g_assert_cmphex(ahci_get(&a, 0, A_IS), ==, A_DHRS); /* of the read */
    ahci_set(&a, 0, A_SCTL, 0x301);
    g_assert_cmphex(ahci_get(&a, 0, A_SSTS), ==, 1);
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x7f);
    ahci_set(&a, 0, A_SCTL, 0x300);
    assert_signed_on(&a, 0);
    ahci_set(&a, 0, A_SCTL, 4);
    g_assert_cmphex(ahci_get(&a, 0, A_SSTS), ==, 4);
    ahci_set(&a, 0, A_SCTL, 0);
    assert_signed_on(&a, 0);
    ahci_write(&a, 4, 0x80000003);
    g_assert_cmphex(ahci_read(&a, 4), ==, 0x80000000);
    g_assert_cmphex(ahci_get(&a, 0, A_CMD), ==, 6);
    g_assert_cmphex(ahci_get(&a, 0, A_IE), ==, 0);
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x7f);
    g_assert_cmphex(ahci_get(&a, 0, A_CLB), ==, ahci_list(&a, 0));
    ahci_start(&a, 0);
    assert_signed_on(&a, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
    qtest_stop(q);
}

/* --- IDENTIFY --- */

static void assert_text(const guint16 *words, unsigned first, unsigned n,
                        const char *expected)
{
    g_autofree char *text = g_malloc0(2 * n + 1);

    for (unsigned i = 0; i < n; i++) {
        text[2 * i] = (char)(words[first + i] >> 8);
        text[2 * i + 1] = (char)words[first + i];
    }
    g_assert_cmpstr(g_strchomp(text), ==, expected);
}

/* Words of QEMU 7.2's disk, but for the logs (bit 5 of 84 and 87), which it has not. */
static const guint16 qemus[][2] = {
    { 0, 0x0040 },  { 1, 2 },        { 3, 16 },      { 4, 0x7e00 },    { 5, 512 },
    { 6, 63 },      { 20, 3 },       { 21, 512 },    { 22, 4 },        { 47, 0x8010 },
    { 48, 1 },      { 49, 0x0b00 },  { 51, 0x200 },  { 52, 0x200 },    { 53, 7 },
    { 54, 2 },      { 55, 16 },      { 56, 63 },     { 57, 0x7e0 },    { 58, 0 },
    { 59, 0x110 },  { 60, SECTORS }, { 61, 0 },      { 62, 7 },        { 63, 7 },
    { 64, 3 },      { 65, 120 },     { 66, 120 },    { 67, 120 },      { 68, 120 },
    { 69, 0x4000 }, { 75, 31 },      { 76, 0x100 },  { 80, 0xf0 },     { 81, 0x16 },
    { 82, 0x4021 }, { 83, 0x7400 },  { 84, 0x4020 }, { 85, 0x4021 },   { 86, 0x3400 },
    { 87, 0x4020 }, { 88, 0x203f },  { 93, 0x6001 }, { 100, SECTORS }, { 106, 0x6000 },
    { 169, 1 },
};

static void test_identify(void)
{
    guint16 expected[256] = { 0 }, words[256];
    Ahci a;
    QTest *q = start(&a);

    ahci_identify(&a, 0, words);
    assert_text(words, 10, 10, "QM00001");
    assert_text(words, 23, 4, "2.5+");
    assert_text(words, 27, 20, "QEMU HARDDISK");
    for (unsigned i = 0; i < G_N_ELEMENTS(qemus); i++) {
        expected[qemus[i][0]] = qemus[i][1];
    }
    for (unsigned i = 0; i < 256; i++) {
        if ((i < 10 || i >= 20) && (i < 23 || i >= 47) && words[i] != expected[i]) {
            g_error("word %u is 0x%x, not 0x%x", i, words[i], expected[i]);
        }
    }
    qtest_stop(q);
}

static void test_options(void)
{
    guint16 words[256];
    Ahci a;
    QTest *q = start_with(&a, ",serial=S1234,model=Model,ver=9,wwn=0x5000c50015ea71ac,"
                              "physical_block_size=4096,write-cache=off,rotation_rate=1,"
                              "discard_granularity=0,unit=0");

    ahci_identify(&a, 0, words);
    assert_text(words, 10, 10, "S1234");
    assert_text(words, 23, 4, "9");
    assert_text(words, 27, 20, "Model");
    g_assert_cmphex(words[69], ==, 0);
    g_assert_cmphex(words[84] & 0x100, ==, 0x100);
    g_assert_cmphex(words[85], ==, 0x4001);
    g_assert_cmphex(words[106], ==, 0x6003);
    g_assert_cmphex(words[108], ==, 0x5000);
    g_assert_cmphex(words[111], ==, 0x71ac);
    g_assert_cmphex(words[169], ==, 0);
    g_assert_cmphex(words[217], ==, 1);
    qtest_stop(q);
}

static void refuses(const char *options, const char *message)
{
    g_autofree char *path = make_image(dir, "refused", MIB, 0);
    g_autofree char *args = g_strdup_printf(
        "-accel qtest -machine q35 -m 16M -blockdev driver=file,node-name=n,filename=%s "
        "-blockdev driver=file,node-name=r,read-only=on,locking=off,filename=%s %s",
        path, path, options);
    g_autofree char *said = NULL;

    g_assert_cmpint(qtest_run(args, &said), ==, 1);
    if (!strstr(said, message)) {
        g_error("%s: '%s' does not say '%s'", options, said, message);
    }
}

static void test_refusals(void)
{
    refuses("-device ide-hd", "-device ide-hd: No drive specified");
    refuses("-device ide-hd,drive=x", "Property 'ide-hd.drive' can't find value 'x'");
    refuses("-device ide-hd,drive=r", "Block node is read-only");
    refuses("-device ide-hd,drive=n,unit=1",
            "Can't create IDE unit 1, bus supports only 1 units");
    refuses("-device ide-hd,drive=n,logical_block_size=4096",
            "logical_block_size must be 512 for IDE");
    refuses("-device ide-hd,drive=n,discard_granularity=4096",
            "discard_granularity must be 512 for ide");
    refuses("-device ide-hd,drive=n,physical_block_size=3",
            "Property 'ide-hd.physical_block_size' doesn't take value 3");
    refuses("-device ide-hd,drive=n,bus=ide.6", "Bus 'ide.6' not found");
    refuses("-device ide-hd,drive=n,bus=ide.0 -device ide-hd,drive=r,bus=ide.0", "ide.0");
}

/* --- interrupts, other controllers --- */

static gboolean pin(QTest *q)
{
    g_free(qtest_command_line(q, "endianness"));
    return qtest_get_irq(q, GSI);
}

static void test_interrupt(void)
{
    Ahci a;
    QTest *q = start(&a);

    g_assert_false(pin(q));
    g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
    g_assert_true(pin(q));
    g_assert_cmphex(ahci_read(&a, 8), ==, 1);
    ahci_write(&a, 8, 1); /* as long as the port's bit is set */
    g_assert_cmphex(ahci_read(&a, 8), ==, 1);
    ahci_write(&a, 4, 0x80000000);
    g_assert_false(pin(q));
    ahci_write(&a, 4, 0x80000002);
    g_assert_true(pin(q));
    ahci_set(&a, 0, A_IE, ~A_DHRS);
    g_assert_false(pin(q));
    ahci_set(&a, 0, A_IE, G_MAXUINT32);
    g_assert_true(pin(q));
    ahci_set(&a, 0, A_IS, A_DHRS);
    g_assert_false(pin(q));
    g_assert_cmphex(ahci_read(&a, 8), ==, 0);
    qtest_stop(q);
}

#define MESSAGE_AT 0x3f0000u /* of qtest's, a message is a word of guest memory */
#define MESSAGE    0x4041u

static void assert_message(const Ahci *a, gboolean comes)
{
    g_assert_cmphex(qtest_readl(a->q, MESSAGE_AT), ==, comes ? MESSAGE : 0);
    qtest_writel(a->q, MESSAGE_AT, 0);
}

/* One for what is new, and for what is left when the guest has looked. */
static void test_message(void)
{
    Ahci a;
    QTest *q = start(&a);

    qtest_writel(q, a.config + 0x84, MESSAGE_AT);
    qtest_writew(q, a.config + 0x8c, MESSAGE);
    qtest_writew(q, a.config + 0x82, 1);
    for (unsigned i = 0; i < 2; i++) { /* also while the last one is not cleared */
        g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
        assert_message(&a, TRUE);
        g_assert_false(pin(q)); /* 6.8.1.3: the pin is quiet */
    }
    ahci_write(&a, 8, 1); /* there is still something */
    assert_message(&a, TRUE);
    ahci_set(&a, 0, A_IS, G_MAXUINT32);
    ahci_write(&a, 8, 1);
    assert_message(&a, FALSE);
    ahci_set(&a, 0, A_IE, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 0, 1, FALSE));
    assert_message(&a, FALSE);
    ahci_set(&a, 0, A_IE, G_MAXUINT32);
    assert_message(&a, TRUE);
    qtest_writew(q, a.config + 0x82, 0);
    g_assert_true(pin(q));
    qtest_writew(q, a.config + 0x82, 1);
    assert_message(&a, TRUE);
    qtest_stop(q);
}

/* More of them: by name, by id, behind a port where it can be unplugged. */
static void test_more(void)
{
    g_autofree char *one = make_image(dir, "one", MIB, 0x31),
                    *two = make_image(dir, "two", MIB, 0x32);
    guint16 words[256];
    Ahci a;
    QTest *q = qtest_start(
        "-machine q35 -m 16M -device pcie-root-port,id=rp,chassis=1,addr=3 "
        "-blockdev driver=file,node-name=n,filename=%s "
        "-blockdev driver=file,node-name=m,filename=%s "
        "-device ich9-ahci,addr=4 -device ich9-ahci,id=sata,bus=rp "
        "-device ide-hd,drive=n,bus=ide.8 -device ide-hd,id=hd,drive=m,bus=sata.5",
        one, two);

    ahci_open(&a, q, 0xb0020000, LISTS);
    ahci_start(&a, 2);
    ahci_identify(&a, 2, words);
    assert_text(words, 10, 10, "QM00017"); /* as QEMU counts */
    g_assert_true(ahci_move(&a, 2, FALSE, 0, 1, FALSE));
    g_assert_cmphex(qtest_readb(q, AHCI_DATA), ==, 0x31);
    ahci_open(&a, q, 0xb0100000, LISTS);
    ahci_start(&a, 5);
    g_assert_true(ahci_move(&a, 5, FALSE, 0, 1, TRUE));
    g_assert_cmphex(qtest_readb(q, AHCI_DATA), ==, 0x32);
    g_autofree char *hot = qtest_qmp_fails(
        q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"hd\"}}");
    g_assert_nonnull(strstr(hot, "Bus 'sata.5' does not support hotplugging"));
    qmp(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"sata\"}}");
    qtest_outl(q, 0xcc0 + 0x10, 0); /* the guest lets go */
    qtest_outl(q, 0xcc0 + 0x08, 1);
    wait_event(q, "DEVICE_DELETED");
    qmp(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"m\"}}");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-ahci-XXXXXX", NULL);
    g_test_add_func("/ahci/registers", test_registers);
    g_test_add_func("/ahci/access", test_access);
    g_test_add_func("/ahci/resets", test_resets);
    g_test_add_func("/ahci/identify", test_identify);
    g_test_add_func("/ahci/options", test_options);
    g_test_add_func("/ahci/refusals", test_refusals);
    g_test_add_func("/ahci/interrupt", test_interrupt);
    g_test_add_func("/ahci/message", test_message);
    g_test_add_func("/ahci/more", test_more);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
