/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of a SATA disk: by PIO, DMA and NCQ, all codes, SMART, TRIM; errors, and how a
 * driver gets over them.
 */
#include <string.h>

#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define MIB     (1u << 20)
#define SECTORS (MIB / 512)
#define LISTS   0x200000ull

static char *dir;

static QTest *start_with(Ahci *a, const char *more)
{
    g_autofree char *path = make_image(dir, "image", MIB, 0x11);
    QTest *q = qtest_start("-machine q35 -m 16M "
                           "-blockdev driver=file,node-name=f,filename=%s,discard=unmap "
                           "-blockdev driver=x-test,node-name=n,file=f,discard=unmap "
                           "-device ide-hd,id=d,drive=n,bus=ide.0%s",
                           path, more);

    ahci_open(a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(a, 0);
    return q;
}

static QTest *start(Ahci *a)
{
    return start_with(a, "");
}

/* --- commands --- */

static void fill(QTest *q, guint64 at, gsize len, guint8 first)
{
    g_autofree guint8 *bytes = g_malloc(len);

    for (gsize i = 0; i < len; i++) {
        bytes[i] = (guint8)(first + i / 512 + i % 251);
    }
    qtest_memwrite(q, at, bytes, len);
}

static void assert_filled(QTest *q, guint64 at, gsize len, guint8 first)
{
    g_autofree guint8 *bytes = g_malloc(len);

    qtest_memread(q, at, bytes, len);
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] != (guint8)(first + i / 512 + i % 251)) {
            g_error("byte %" G_GSIZE_FORMAT " is 0x%x", i, bytes[i]);
        }
    }
}

/* All commands that move sectors, in pairs; wide: the address has 48 bits. */
static const struct {
    guint8 write, read;
    gboolean pio, queued;
} movers[] = {
    { 0x30, 0x20, TRUE, FALSE },  { 0x31, 0x21, TRUE, FALSE },
    { 0x34, 0x24, TRUE, FALSE },  { 0x39, 0x29, TRUE, FALSE },
    { 0xc5, 0xc4, TRUE, FALSE },  { 0xca, 0xc8, FALSE, FALSE },
    { 0xcb, 0xc9, FALSE, FALSE }, { 0x35, 0x25, FALSE, FALSE },
    { 0x3c, 0x20, TRUE, FALSE },  { 0x61, 0x60, FALSE, TRUE },
};

/* Two pieces of memory that do not begin or end where sectors do. */
static void check_mover(const Ahci *a, unsigned i)
{
    const guint32 len = 24 * 512;
    AhciPrd prds[] = { { AHCI_DATA + 2, 700 }, { AHCI_DATA + 0x10000, len - 700 } };
    AhciTask t = { .command = movers[i].write,
                   .lba = 100 + i,
                   .count = 24,
                   .queued = movers[i].queued,
                   .prds = prds,
                   .n_prds = 2,
                   .out = TRUE };
    guint32 bits = movers[i].queued ? A_SDBS : A_DHRS;

    fill(a->q, AHCI_DATA + 0x20000, len, (guint8)i);
    for (unsigned k = 0; k < 2; k++) { /* the same bytes in two pieces */
        g_autofree guint8 *bytes = g_malloc(len);
        qtest_memread(a->q, AHCI_DATA + 0x20000, bytes, len);
        qtest_memwrite(a->q, prds[k].address, bytes + (k ? 700 : 0), prds[k].bytes);
    }
    ahci_set(a, 0, A_IS, G_MAXUINT32);
    g_assert_true(ahci_do(a, 0, &t));
    g_assert_cmphex(ahci_get(a, 0, A_IS), ==, bits);
    g_assert_cmphex(ahci_get(a, 0, A_TFD), ==, 0x50);
    qtest_memset(a->q, AHCI_DATA, AHCI_UNTOUCHED, 0x20000);
    t.command = movers[i].read;
    t.out = FALSE;
    ahci_set(a, 0, A_IS, G_MAXUINT32);
    g_assert_true(ahci_do(a, 0, &t));
    g_assert_cmphex(ahci_get(a, 0, A_IS), ==, bits | (movers[i].pio ? A_PSS : 0));
    g_assert_cmpuint(ahci_moved(a, 0, 0), ==, movers[i].queued ? 0 : len);
    for (unsigned k = 0; k < 2; k++) {
        g_autofree guint8 *bytes = g_malloc(len), *expected = g_malloc(len);
        qtest_memread(a->q, prds[k].address, bytes, prds[k].bytes);
        qtest_memread(a->q, AHCI_DATA + 0x20000 + (k ? 700 : 0), expected, prds[k].bytes);
        g_assert_cmpmem(bytes, prds[k].bytes, expected, prds[k].bytes);
        g_assert_cmphex(qtest_readb(a->q, prds[k].address + prds[k].bytes), ==,
                        AHCI_UNTOUCHED);
    }
}

static void test_move(void)
{
    Ahci a;
    QTest *q = start(&a);

    for (unsigned i = 0; i < G_N_ELEMENTS(movers); i++) {
        check_mover(&a, i);
    }
    qtest_stop(q);
}

/* The frame before the last block of PIO, and the register frame. */
static void test_frames(void)
{
    AhciPrd prd = { AHCI_DATA, 40 * 512 };
    AhciTask t = {
        .command = 0x29, .lba = 0x123, .count = 40, .prds = &prd, .n_prds = 1
    };
    Ahci a;
    QTest *q = start(&a);
    guint64 fis = ahci_fis(&a, 0);

    g_assert_true(ahci_do(&a, 0, &t)); /* blocks of 16 sectors: the last has 8 */
    g_assert_cmphex(qtest_readl(q, fis + 0x20), ==, 0x0058605f);
    g_assert_cmphex(qtest_readl(q, fis + 0x24), ==, 0x40000123);
    g_assert_cmphex(qtest_readl(q, fis + 0x2c), ==, 0x50000028);
    g_assert_cmphex(qtest_readl(q, fis + 0x30), ==, 8 * 512);
    g_assert_cmphex(qtest_readl(q, fis + 0x40), ==, 0x00504034);
    g_assert_cmphex(qtest_readl(q, fis + 0x44), ==, 0x40000123);
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xc6, .count = 2 }));
    t.count = 5;
    g_assert_true(ahci_do(&a, 0, &t));
    g_assert_cmphex(qtest_readl(q, fis + 0x30), ==, 512);
    g_assert_true(ahci_move(&a, 0, FALSE, 7, 1, TRUE));
    g_assert_cmphex(qtest_readl(q, fis + 0x58), ==, 0x005040a1);
    g_assert_cmphex(qtest_readl(q, fis + 0x5c), ==, 1);
    g_assert_cmphex(qtest_readl(q, fis + 0x40), ==, 0x00500034); /* taken: no interrupt */
    qtest_stop(q);
}

/* 256 and 65536 sectors are written as 0; a size of 32 MiB in pieces of 4. */
static void test_large(void)
{
    AhciPrd few = { AHCI_DATA, 256 * 512 }, many[8];
    g_autofree char *image = make_image(dir, "large", 40 * MIB, 0x22);
    Ahci a;
    QTest *q = qtest_start("-machine q35 -m 64M "
                           "-blockdev driver=file,node-name=n,filename=%s "
                           "-device ide-hd,drive=n,bus=ide.0",
                           image);

    ahci_open(&a, q, AHCI_BOARD_CONFIG, LISTS);
    ahci_start(&a, 0);
    g_assert_true(
        ahci_do(&a, 0, &(AhciTask){ .command = 0xc8, .prds = &few, .n_prds = 1 }));
    g_assert_cmpuint(ahci_moved(&a, 0, 0), ==, 256 * 512);
    for (unsigned i = 0; i < 8; i++) {
        many[i] = (AhciPrd){ 0x1000000 + i * 0x400000ull, 0x400000 };
    }
    g_assert_true(
        ahci_do(&a, 0, &(AhciTask){ .command = 0x25, .prds = many, .n_prds = 8 }));
    g_assert_cmpuint(ahci_moved(&a, 0, 0), ==, 32 * MIB);
    g_assert_cmphex(qtest_readb(q, 0x1000000), ==, 0x22);
    g_assert_cmphex(qtest_readb(q, 0x1000000 + 32 * MIB - 1), ==, 0x22);
    qtest_stop(q);
}

/* Cylinder, head and sector; and as the guest counts them. */
static void test_chs(void)
{
    AhciPrd prd = { AHCI_DATA, 512 };
    AhciTask t = { .command = 0xc8,
                   .count = 1,
                   .device = 0xa1,
                   .lba = 0x000103,
                   .prds = &prd,
                   .n_prds = 1 };
    Ahci a;
    QTest *q = start(&a);

    fill(q, AHCI_DATA, 512, 0x77);
    g_assert_true(ahci_move(&a, 0, TRUE, (1 * 16 + 1) * 63 + 2, 1, FALSE));
    qtest_memset(q, AHCI_DATA, 0, 512);
    g_assert_true(ahci_do(&a, 0, &t));
    assert_filled(q, AHCI_DATA, 512, 0x77);
    g_assert_true(
        ahci_do(&a, 0, &(AhciTask){ .command = 0x91, .device = 0xa3, .count = 17 }));
    fill(q, AHCI_DATA, 512, 0x66);
    g_assert_true(ahci_move(&a, 0, TRUE, (1 * 4 + 1) * 17 + 2, 1, FALSE));
    qtest_memset(q, AHCI_DATA, 0, 512);
    g_assert_true(ahci_do(&a, 0, &t));
    assert_filled(q, AHCI_DATA, 512, 0x66);
    t.lba = 0x000100; /* there is no sector 0 */
    g_assert_false(ahci_do(&a, 0, &t));
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x1041);
    qtest_stop(q);
}

/* Of each command whether the disk knows it: QEMU's do, and READ LOG EXT; without data.
 */
static void test_all_codes(void)
{
    static const guint8 known[] = {
        0x10, 0x20, 0x21, 0x24, 0x25, 0x27, 0x29, 0x2f, 0x30, 0x31, 0x34, 0x35,
        0x39, 0x3c, 0x40, 0x41, 0x42, 0x60, 0x61, 0x70, 0x90, 0x91, 0x94, 0x95,
        0x96, 0x97, 0x98, 0x99, 0xc4, 0xc5, 0xc6, 0xc8, 0xc9, 0xca, 0xcb, 0xe0,
        0xe1, 0xe2, 0xe3, 0xe5, 0xe6, 0xe7, 0xea, 0xec, 0xf5, 0xf8,
    };
    AhciPrd prd = { AHCI_DATA, 512 };
    Ahci a;
    QTest *q = start(&a);

    for (unsigned code = 0; code < 256; code++) {
        AhciTask t = { .command = (guint8)code,
                       .count = 1,
                       .prds = &prd,
                       .n_prds = 1,
                       .queued = code == 0x60 || code == 0x61 };
        gboolean good = ahci_do(&a, 0, &t);
        if (good != (memchr(known, (int)code, sizeof(known)) != NULL)) {
            g_error("command 0x%x: %d", code, good);
        }
        if (!good) {
            g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x441);
            g_assert_cmphex(ahci_get(&a, 0, A_IS) & ~(A_PSS | A_SDBS), ==,
                            A_TFES | A_DHRS);
            g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 1);
            ahci_restart(&a, 0);
        }
    }
    qtest_stop(q);
}

static void test_features(void)
{
    guint16 words[256];
    Ahci a;
    QTest *q = start(&a);
    AhciTask t = { .command = 0xef, .features = 3, .count = 0x22 };

    g_assert_true(ahci_do(&a, 0, &t)); /* multiword DMA 2 */
    t.features = 0x82;
    g_assert_true(ahci_do(&a, 0, &t));
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xc6, .count = 0 }));
    ahci_identify(&a, 0, words);
    g_assert_cmphex(words[59], ==, 0);
    g_assert_cmphex(words[63], ==, 0x407);
    g_assert_cmphex(words[85], ==, 0x4001);
    g_assert_cmphex(words[88], ==, 0x3f);
    /* Neither of the resets of a port changes that. */
    ahci_soft_reset(&a, 0);
    ahci_set(&a, 0, A_SCTL, 1);
    ahci_set(&a, 0, A_SCTL, 0);
    ahci_identify(&a, 0, words);
    g_assert_cmphex(words[63], ==, 0x407);
    g_assert_cmphex(words[85], ==, 0x4001);
    t.features = 2;
    g_assert_true(ahci_do(&a, 0, &t));
    ahci_identify(&a, 0, words);
    g_assert_cmphex(words[85], ==, 0x4021);
    t = (AhciTask){ .command = 0xef, .features = 3, .count = 0x46 };
    g_assert_false(ahci_do(&a, 0, &t));
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x441);
    qtest_stop(q);
}

/* How many writes of the node were to be on the medium at once. */
static void test_cache(void)
{
    Ahci a;
    QTest *q = start(&a);
    guint64 before = blocks_seen(q, "n");

    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xea }));
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xe7 }));
    g_assert_cmpuint(blocks_seen(q, "n") - before, ==, 2);
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0xef, .features = 0x82 }));
    g_assert_cmpuint(blocks_seen(q, "n") - before, ==, 3); /* it flushes */
    qtest_stop(q);
}

static guint8 sum(QTest *q, guint64 at)
{
    guint8 page[512], total = 0;

    qtest_memread(q, at, page, sizeof(page));
    for (unsigned i = 0; i < 512; i++) {
        total += page[i];
    }
    return total;
}

static void test_smart(void)
{
    AhciPrd prd = { AHCI_DATA, 512 };
    AhciTask t = {
        .command = 0xb0, .lba = 0xc24f00, .count = 1, .prds = &prd, .n_prds = 1
    };
    Ahci a;
    QTest *q = start(&a);

    for (unsigned i = 0; i < 2; i++) { /* data, thresholds */
        t.features = 0xd0 + i;
        g_assert_true(ahci_do(&a, 0, &t));
        g_assert_cmphex(sum(q, AHCI_DATA), ==, 0);
        g_assert_cmphex(qtest_readw(q, AHCI_DATA), ==, 1);
        g_assert_cmphex(qtest_readb(q, AHCI_DATA + 2 + 6 * 12), ==, 190);
    }
    g_assert_cmphex(qtest_readb(q, AHCI_DATA + 3 + 6 * 12), ==, 50);
    for (unsigned i = 0; i < 25; i++) { /* the log has the last 21 */
        t.features = 0xd4;
        t.lba = 0xc24f00 + i % 3;
        g_assert_true(ahci_do(&a, 0, &t));
    }
    t.features = 0xd5;
    t.lba = 0xc24f06;
    g_assert_true(ahci_do(&a, 0, &t));
    g_assert_cmphex(qtest_readb(q, AHCI_DATA + 508), ==, 21);
    g_assert_cmphex(qtest_readb(q, AHCI_DATA + 2), ==, 4 % 3);
    g_assert_cmphex(qtest_readb(q, AHCI_DATA + 2 + 20 * 24), ==, 24 % 3);
    t.features = 0xda;
    g_assert_true(ahci_do(&a, 0, &t));
    g_assert_cmphex(qtest_readl(q, ahci_fis(&a, 0) + 0x44) & 0xffff00, ==, 0xc24f00);
    t.features = 0xd9;
    g_assert_true(ahci_do(&a, 0, &t));
    t.features = 0xda;
    g_assert_false(ahci_do(&a, 0, &t));
    ahci_restart(&a, 0);
    t.features = 0xd8;
    g_assert_true(ahci_do(&a, 0, &t));
    t.lba = 0;
    g_assert_false(ahci_do(&a, 0, &t));
    qtest_stop(q);
}

static gboolean trim(const Ahci *a, const guint64 *ranges, unsigned n, guint16 pages)
{
    AhciPrd prd = { AHCI_DATA, 512u * pages };

    qtest_memset(a->q, AHCI_DATA, 0, prd.bytes);
    qtest_memwrite(a->q, AHCI_DATA, ranges, n * sizeof(ranges[0]));
    return ahci_do(a, 0,
                   &(AhciTask){ .command = 0x06,
                                .features = 1,
                                .count = pages,
                                .prds = &prd,
                                .n_prds = 1,
                                .out = TRUE });
}

static guint64 range(guint64 lba, guint64 n)
{
    return GUINT64_TO_LE(lba | n << 48);
}

static guint8 first_byte(const Ahci *a, guint64 lba)
{
    g_assert_true(ahci_move(a, 0, FALSE, lba, 1, FALSE));
    return qtest_readb(a->q, AHCI_DATA);
}

static void test_trim(void)
{
    guint64 ranges[] = { range(8, 8), range(0, 0), range(1024, 64) };
    guint64 beyond[] = { range(16, 8), range(SECTORS - 1, 2) };
    Ahci a;
    QTest *q = start(&a);

    g_assert_true(trim(&a, ranges, 3, 3));
    g_assert_cmphex(first_byte(&a, 7), ==, 0x11);
    g_assert_cmphex(first_byte(&a, 8), ==, 0);
    g_assert_cmphex(first_byte(&a, 15), ==, 0);
    g_assert_cmphex(first_byte(&a, 16), ==, 0x11);
    g_assert_cmphex(first_byte(&a, 1087), ==, 0);
    g_assert_false(trim(&a, beyond, 2, 1));
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x1041);
    ahci_restart(&a, 0);
    g_assert_false(ahci_do(&a, 0, &(AhciTask){ .command = 0x06, .count = 1 }));
    qtest_stop(q);
}

/* --- errors --- */

static void test_range(void)
{
    Ahci a;
    QTest *q = start(&a);

    g_assert_true(ahci_move(&a, 0, FALSE, SECTORS - 2, 2, FALSE));
    g_assert_false(ahci_move(&a, 0, FALSE, SECTORS - 1, 2, FALSE));
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x1041);
    ahci_restart(&a, 0);
    g_assert_false(ahci_move(&a, 0, TRUE, 0xffffffffffffull, 1, FALSE));
    ahci_restart(&a, 0);
    g_assert_false(
        ahci_do(&a, 0, &(AhciTask){ .command = 0x42, .lba = SECTORS - 1, .count = 2 }));
    ahci_restart(&a, 0);
    g_assert_true(ahci_do(&a, 0, &(AhciTask){ .command = 0x27 }));
    g_assert_cmphex(qtest_readl(q, ahci_fis(&a, 0) + 0x44) & 0xffffff, ==, SECTORS - 1);
    qtest_stop(q);
}

/*
 * After an error the port takes nothing more until ST has been off. What the medium does
 * not give has its address.
 */
static void test_error(void)
{
    Ahci a;
    QTest *q = start(&a);

    block_testing(q, "n fail read 5120 512 EIO 1");
    g_assert_false(ahci_move(&a, 0, FALSE, 10, 1, FALSE));
    g_assert_cmphex(ahci_get(&a, 0, A_IS), ==, A_TFES | A_DHRS);
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x4041);
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 1);
    g_assert_cmphex(qtest_readl(q, ahci_fis(&a, 0) + 0x44) & 0xffffff, ==, 10);
    wait_event(q, "BLOCK_IO_ERROR");
    ahci_issue(&a, 0, 1, &(AhciTask){ .command = 0xe5 });
    for (unsigned i = 0; i < 20; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
        g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 3);
    }
    ahci_restart(&a, 0);
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 0);
    block_testing(q, "n fail write 0 1048576 EIO 1");
    g_assert_false(ahci_move(&a, 0, TRUE, 10, 1, FALSE));
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x441);
    ahci_restart(&a, 0);
    g_assert_true(ahci_move(&a, 0, FALSE, 10, 1, FALSE));
    qtest_stop(q);
}

/* A queued command fails: the others are aborted, and the log says which it was. */
static void test_queue_error(void)
{
    AhciPrd prd = { AHCI_DATA, 512 };
    Ahci a;
    QTest *q = start(&a);

    block_testing(q, "n fail read 4096 512 EIO 1");
    block_testing(q, "n hold");
    for (unsigned slot = 3; slot < 8; slot++) {
        ahci_issue(&a, 0, slot,
                   &(AhciTask){ .command = 0x60,
                                .queued = TRUE,
                                .count = 1,
                                .lba = slot + 3,
                                .prds = &prd,
                                .n_prds = 1 });
    }
    while (blocks_held(q, "n") < 5) {
    }
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 0);
    g_assert_cmphex(ahci_get(&a, 0, A_SACT), ==, 0xf8);
    block_testing(q, "n release 2");
    while (ahci_get(&a, 0, A_SACT) != 0xe0) {
    }
    block_testing(q, "n release 1");
    g_assert_false(ahci_wait(&a, 0, 5));
    block_testing(q, "n release");
    g_assert_cmphex(ahci_get(&a, 0, A_TFD), ==, 0x4041);
    g_assert_cmphex(ahci_get(&a, 0, A_SACT), ==, 0xe0);
    g_assert_cmphex(qtest_readl(q, ahci_fis(&a, 0) + 0x58), ==, 0x404140a1);
    ahci_restart(&a, 0);
    g_assert_cmphex(ahci_get(&a, 0, A_SACT), ==, 0);
    for (unsigned i = 0; i < 2; i++) { /* read once it is forgotten */
        g_assert_true(ahci_do(
            &a, 0,
            &(AhciTask){
                .command = 0x2f, .lba = 0x10, .count = 1, .prds = &prd, .n_prds = 1 }));
        g_assert_cmphex(qtest_readb(q, AHCI_DATA), ==, i ? 0x80 : 5);
        g_assert_cmphex(qtest_readw(q, AHCI_DATA + 2), ==, i ? 0 : 0x4041);
        g_assert_cmphex(qtest_readb(q, AHCI_DATA + 4), ==, i ? 0 : 8);
        g_assert_cmphex(sum(q, AHCI_DATA), ==, 0);
    }
    g_assert_true(ahci_move(&a, 0, FALSE, 8, 1, TRUE));
    qtest_stop(q);
}

/* --- the queue --- */

/* All 32 at once, done in any order; then a command that waits for them. */
static void test_queue(void)
{
    AhciPrd prds[32];
    Ahci a;
    QTest *q = start(&a);

    for (unsigned slot = 0; slot < 32; slot++) {
        prds[slot] = (AhciPrd){ AHCI_DATA + 0x1000 * slot, 1024 };
        fill(q, prds[slot].address, 1024, (guint8)(3 * slot));
        ahci_prepare(&a, 0, slot,
                     &(AhciTask){ .command = 0x61,
                                  .queued = TRUE,
                                  .count = 2,
                                  .lba = 4 * slot,
                                  .prds = &prds[slot],
                                  .n_prds = 1,
                                  .out = TRUE });
    }
    ahci_set(&a, 0, A_SACT, G_MAXUINT32);
    ahci_set(&a, 0, A_CI, G_MAXUINT32);
    for (unsigned slot = 0; slot < 32; slot++) {
        g_assert_true(ahci_wait(&a, 0, slot));
    }
    qtest_memset(q, AHCI_DATA, 0, 0x20000);
    block_testing(q, "n hold");
    for (unsigned slot = 0; slot < 31; slot++) {
        ahci_issue(&a, 0, slot,
                   &(AhciTask){ .command = 0x60,
                                .queued = TRUE,
                                .count = 2,
                                .lba = 4 * slot,
                                .prds = &prds[slot],
                                .n_prds = 1 });
    }
    ahci_issue(&a, 0, 31, &(AhciTask){ .command = 0xe5 });
    while (blocks_held(q, "n") < 31) {
    }
    g_assert_cmphex(ahci_get(&a, 0, A_CI), ==, 1u << 31);
    block_testing(q, "n release");
    for (unsigned slot = 0; slot < 32; slot++) {
        g_assert_true(ahci_wait(&a, 0, slot));
    }
    for (unsigned slot = 0; slot < 31; slot++) {
        assert_filled(q, prds[slot].address, 1024, (guint8)(3 * slot));
    }
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-ahci-command-XXXXXX", NULL);
    g_test_add_func("/ahci-command/move", test_move);
    g_test_add_func("/ahci-command/frames", test_frames);
    g_test_add_func("/ahci-command/large", test_large);
    g_test_add_func("/ahci-command/chs", test_chs);
    g_test_add_func("/ahci-command/codes", test_all_codes);
    g_test_add_func("/ahci-command/features", test_features);
    g_test_add_func("/ahci-command/cache", test_cache);
    g_test_add_func("/ahci-command/smart", test_smart);
    g_test_add_func("/ahci-command/trim", test_trim);
    g_test_add_func("/ahci-command/range", test_range);
    g_test_add_func("/ahci-command/error", test_error);
    g_test_add_func("/ahci-command/queue-error", test_queue_error);
    g_test_add_func("/ahci-command/queue", test_queue);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
