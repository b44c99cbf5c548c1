/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices whose fw_cfg files the guest writes, over qtest: vmgenid (also as a guest finds
 * it that moves to a VM with another ID) and vmcoreinfo.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define PORT      0x510
#define DATA      0x511
#define DMA_LOW   0x518
#define DIRECTORY 0x19

#define ERROR  0x01
#define READ   0x02
#define SELECT 0x08
#define WRITE  0x10

#define REQUEST 0x1000
#define BUFFER  0x2000
#define PAGE    0x400000 /* where a firmware might put it */

#define GPE0_STS    0x620
#define GPE_VMGENID 0x20

#define ID      "8c1fbf0a-3a5d-4b6e-9e0f-102030405060"
#define OTHER   "01234567-89AB-cdef-0123-456789abcdef"
#define Q35     "-M q35 -m 64 -device vmgenid,guid="
#define BIOS    "-M q35 -m 64 -bios bios-256k.bin -device vmgenid,guid="
#define SEABIOS "/usr/share/seabios/bios-256k.bin"

static const guint8 id_bytes[16] = { 0x0a, 0xbf, 0x1f, 0x8c, 0x5d, 0x3a, 0x6e, 0x4b,
                                     0x9e, 0x0f, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60 };
static const guint8 other_bytes[16] = { 0x67, 0x45, 0x23, 0x01, 0xab, 0x89, 0xef, 0xcd,
                                        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };

static void read_bytes(QTest *q, void *buf, gsize len)
{
    for (gsize i = 0; i < len; i++) {
        ((guint8 *)buf)[i] = qtest_inb(q, DATA);
    }
}

static guint32 read_be32(QTest *q)
{
    guint32 value;
    read_bytes(q, &value, sizeof(value));
    return GUINT32_FROM_BE(value);
}

/* The file's key, 0: there is none. */
static guint16 find(QTest *q, const char *name, guint32 *size)
{
    qtest_outw(q, PORT, DIRECTORY);
    for (guint n = read_be32(q); n--;) {
        char there[57] = { 0 };
        *size = read_be32(q);
        guint16 key = (guint16)(read_be32(q) >> 16);
        read_bytes(q, there, 56);
        if (strcmp(there, name) == 0) {
            return key;
        }
    }
    return 0;
}

static guint16 must_find(QTest *q, const char *name, guint32 wanted)
{
    guint32 size;
    guint16 key = find(q, name, &size);
    g_assert_cmphex(key, !=, 0);
    g_assert_cmpuint(size, ==, wanted);
    return key;
}

static void read_file(QTest *q, const char *name, void *buf, guint32 size)
{
    qtest_outw(q, PORT, must_find(q, name, size));
    read_bytes(q, buf, size);
}

static guint32 dma(QTest *q, guint32 control, guint32 length, guint64 address)
{
    struct {
        guint32 control, length;
        guint64 address;
    } r = { GUINT32_TO_BE(control), GUINT32_TO_BE(length), GUINT64_TO_BE(address) };
    qtest_memwrite(q, REQUEST, &r, sizeof(r));
    qtest_outl(q, DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
    return GUINT32_FROM_BE(qtest_readl(q, REQUEST));
}

static guint32 write_file(QTest *q, guint16 key, const void *data, guint32 len)
{
    qtest_memwrite(q, BUFFER, data, len);
    return dma(q, (guint32)key << 16 | SELECT | WRITE, len, BUFFER);
}

static guint64 page_address(QTest *q)
{
    guint64 address;
    read_file(q, "etc/vmgenid_addr", &address, sizeof(address));
    return GUINT64_FROM_LE(address);
}

static void check_id(QTest *q, guint64 page, const guint8 *id)
{
    guint8 got[16];
    qtest_memread(q, page + 40, got, sizeof(got));
    g_assert_cmpmem(got, sizeof(got), id, sizeof(got));
}

static void check_query(QTest *q, const char *wanted)
{
    g_autoptr(JsonNode) info =
        qtest_qmp_ok(q, "{\"execute\": \"query-vm-generation-id\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(info), "guid"), ==,
                    wanted);
}

/* --- vmgenid --- */

/* A kernel without firmware finds the page where the board has put it. */
static void test_direct(void)
{
    QTest *q = qtest_start(Q35 ID);
    guint64 page = page_address(q);
    g_assert_cmphex(page & 0xfff, ==, 0);
    g_assert_cmphex(page, >, 0xe0000);
    g_assert_cmphex(page, <, 0xf0000);
    check_id(q, page, id_bytes);
    check_query(q, ID);
    qtest_memset(q, page, 0xff, 0x1000);
    board_reset(q);
    g_assert_cmphex(page_address(q), ==, page);
    check_id(q, page, id_bytes);
    g_assert_cmphex(qtest_inb(q, GPE0_STS) & GPE_VMGENID, ==, 0);
    qtest_stop(q);
}

/* Firmware takes it from a file, and says where it is by another. */
static void test_firmware(void)
{
    const guint64 at = GUINT64_TO_LE(PAGE);
    guint8 page[4096];
    if (!g_file_test(SEABIOS, G_FILE_TEST_EXISTS)) {
        g_test_skip("seabios is not installed");
        return;
    }
    QTest *q = qtest_start(BIOS OTHER);
    check_query(q, "01234567-89ab-cdef-0123-456789abcdef");
    read_file(q, "etc/vmgenid_guid", page, sizeof(page));
    for (unsigned i = 0; i < sizeof(page); i++) {
        g_assert_cmphex(page[i], ==, i >= 40 && i < 56 ? other_bytes[i - 40] : 0);
    }
    g_assert_cmphex(page_address(q), ==, 0);
    guint16 key = must_find(q, "etc/vmgenid_addr", 8);
    g_assert_cmphex(write_file(q, key, &at, 8), ==, 0);
    g_assert_cmphex(page_address(q), ==, PAGE);
    key = must_find(q, "etc/vmgenid_guid", 4096);
    g_assert_cmphex(write_file(q, key, &at, 8), ==, ERROR); /* it is not to be written */
    board_reset(q);
    g_assert_cmphex(page_address(q), ==, 0);
    qtest_stop(q);
}

static void test_auto(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device vmgenid");
    QTest *again = qtest_start("-M q35 -m 64 -device vmgenid,guid=auto");
    guint8 one[16], two[16];
    qtest_memread(q, page_address(q) + 40, one, sizeof(one));
    qtest_memread(again, page_address(again) + 40, two, sizeof(two));
    g_assert_cmpint(memcmp(one, two, sizeof(one)), !=, 0);
    qtest_stop(q);
    qtest_stop(again);
}

/* Of a guest that goes on as another VM, which is told; of one that is moved, not. */
static void check_moved(const char *options, const guint8 *id, gboolean told)
{
    QTest *from = qtest_start(Q35 ID);
    guint64 page = page_address(from);
    QTest *to = board_migrate(from, options);
    g_assert_cmphex(page_address(to), ==, page);
    check_id(to, page, id);
    g_assert_cmphex(qtest_inb(to, GPE0_STS) & GPE_VMGENID, ==, told ? GPE_VMGENID : 0);
    qtest_stop(from);
    qtest_stop(to);
}

static void test_migrate(void)
{
    check_moved(Q35 ID, id_bytes, FALSE);
    check_moved(Q35 OTHER, other_bytes, TRUE);
}

/* The address is the guest's word: nowhere, or at the end of all. */
static void test_wild_address(void)
{
    static const guint64 places[] = { G_MAXUINT64,           G_MAXUINT64 - 39, 0xfee00000,
                                      64 * 1024 * 1024 - 41, 1ull << 40,       1 };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        const guint64 at = GUINT64_TO_LE(places[i]);
        QTest *from = qtest_start(Q35 ID);
        guint16 key = must_find(from, "etc/vmgenid_addr", 8);
        g_assert_cmphex(write_file(from, key, &at, 8), ==, 0);
        QTest *to = board_migrate(from, Q35 OTHER);
        g_assert_cmphex(page_address(to), ==, places[i]);
        qtest_stop(from);
        qtest_stop(to);
    }
}

static void test_no_vmgenid(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    guint32 size;
    g_assert_cmphex(find(q, "etc/vmgenid_addr", &size), ==, 0);
    g_assert_cmphex(find(q, "etc/vmcoreinfo", &size), ==, 0);
    g_autofree char *desc =
        qtest_qmp_fails(q, "{\"execute\": \"query-vm-generation-id\"}");
    g_assert_cmpstr(desc, ==, "VM Generation ID device not found");
    qtest_stop(q);
    q = qtest_start("-M q35,acpi=off -m 64 -device vmgenid,guid=" ID);
    g_assert_cmphex(find(q, "etc/vmgenid_addr", &size), ==, 0);
    check_query(q, ID);
    qtest_stop(q);
}

/* --- vmcoreinfo --- */

static void check_core_info(QTest *q, const guint8 *wanted)
{
    guint8 got[16];
    read_file(q, "etc/vmcoreinfo", got, sizeof(got));
    g_assert_cmpmem(got, sizeof(got), wanted, sizeof(got));
}

static const guint8 fresh[16] = { 1 };
static const guint8 said[16] = { 1, 0, 1, 0, 0x24, 0x10, 0, 0, 0x00, 0x50, 0x34, 0x12 };

static void test_core_info(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device vmcoreinfo");
    check_core_info(q, fresh);
    guint16 key = must_find(q, "etc/vmcoreinfo", 16);
    g_assert_cmphex(write_file(q, key, said, 16), ==, 0);
    check_core_info(q, said);
    QTest *to = board_migrate(q, "-M q35 -m 64 -device vmcoreinfo");
    check_core_info(to, said);
    board_reset(to);
    check_core_info(to, fresh);
    qtest_stop(q);
    qtest_stop(to);
}

/* Too much of it changes nothing; a part does. What is selected is what was written. */
static void test_write(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device vmcoreinfo");
    guint16 key = must_find(q, "etc/vmcoreinfo", 16);
    guint8 long_one[17] = { 0xff, 0xff };
    g_assert_cmphex(write_file(q, key, long_one, 17), ==, ERROR);
    check_core_info(q, fresh);
    g_assert_cmphex(write_file(q, key, said, 4), ==, 0);
    g_assert_cmphex(dma(q, WRITE, 12, BUFFER + 4), ==, 0); /* goes on there */
    g_assert_cmphex(dma(q, WRITE, 1, BUFFER), ==, ERROR);  /* behind the end */
    g_assert_cmphex(dma(q, WRITE, 0, BUFFER), ==, 0);
    qtest_memwrite(q, BUFFER, long_one, 4);
    g_assert_cmphex(dma(q, (guint32)key << 16 | SELECT | WRITE, 4, BUFFER), ==, 0);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 0); /* the fifth byte */
    qtest_outw(q, PORT, key);
    g_assert_cmphex(qtest_inw(q, PORT), ==, 0);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 0xff);
    g_assert_cmphex(dma(q, (guint32)key << 16 | SELECT | WRITE, 8, 0xfee00000), ==,
                    ERROR);
    g_assert_cmphex(dma(q, ((guint32)key | 0x8000) << 16 | SELECT | WRITE, 8, BUFFER), ==,
                    ERROR);
    g_assert_cmphex(dma(q, (guint32)key << 16 | SELECT | WRITE | READ, 8, BUFFER), ==, 0);
    qtest_stop(q);
}

static void test_refused(void)
{
    static const char *const rows[][2] = {
        { Q35 "x", "Property 'vmgenid.guid' doesn't take value 'x'" },
        { Q35 ID "0", "Property 'vmgenid.guid' doesn't take value" },
        { Q35 ID " -device vmgenid", "at most one vmgenid device is permitted" },
        { "-M microvm -m 64 -device vmgenid", "vmgenid requires DMA write support in "
                                              "fw_cfg, which this machine type does not "
                                              "provide" },
        { Q35 ID " -global fw_cfg_io.dma_enabled=off",
          "vmgenid requires DMA write support in fw_cfg" },
        { "-M q35 -m 64 -device vmcoreinfo -device vmcoreinfo",
          "at most one vmcoreinfo device is permitted" },
        { "-M microvm -m 64 -device vmcoreinfo",
          "vmcoreinfo device requires fw_cfg with DMA" },
        { "-M q35 -m 64 -fw_cfg name=etc/vmcoreinfo,string=a -device vmcoreinfo",
          "duplicate fw_cfg file name: etc/vmcoreinfo" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        board_refuses(rows[i][0], rows[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmgenid/direct", test_direct);
    g_test_add_func("/vmgenid/firmware", test_firmware);
    g_test_add_func("/vmgenid/auto", test_auto);
    g_test_add_func("/vmgenid/migrate", test_migrate);
    g_test_add_func("/vmgenid/wild-address", test_wild_address);
    g_test_add_func("/vmgenid/none", test_no_vmgenid);
    g_test_add_func("/vmcoreinfo/kept", test_core_info);
    g_test_add_func("/vmcoreinfo/write", test_write);
    g_test_add_func("/fw-cfg-write/refused", test_refused);
    return g_test_run();
}
