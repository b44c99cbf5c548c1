/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A q35 that is reset while a disk on PCI has requests that the medium has not done: the
 * reset waits for them, and then all is as at a start, so that the driver begins anew.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "tests/device/virtio-common.h"

#define CONFIG   (0xb0000000u | 2 << 15) /* of slot 2 */
#define RING     0x100000u               /* descriptors, avail, used: a page each */
#define BUFFERS  0x200000u
#define REQUESTS 5

static char *dir;

typedef struct Driver {
    QTest *q;
    guint64 common, notify;
} Driver;

/* Where virtio's structure of that kind is; *cap: its capability. */
static guint64 structure(QTest *q, unsigned kind, guint64 *cap)
{
    for (guint8 at = qtest_readb(q, CONFIG + 0x34); at;
         at = qtest_readb(q, CONFIG + at + 1)) {
        *cap = CONFIG + at;
        if (qtest_readb(q, *cap) == 9 && qtest_readb(q, *cap + 3) == kind) {
            guint64 bar = CONFIG + 0x10 + 4 * qtest_readb(q, *cap + 4);
            guint64 low = qtest_readl(q, bar),
                    high = low & 4 ? qtest_readl(q, bar + 4) : 0;
            return (low & ~15ull) + (high << 32) + qtest_readl(q, *cap + 8);
        }
    }
    g_assert_not_reached();
}

static void start_driver(Driver *d, QTest *q)
{
    guint64 cap;
    d->q = q;
    d->common = structure(q, 1, &cap);
    d->notify = structure(q, 2, &cap);
    qtest_writew(q, CONFIG + 4, 6);
    g_assert_cmphex(qtest_readb(q, d->common + 0x14), ==, 0);
    qtest_memset(q, RING, 0, 0x3000);
    qtest_writeb(q, d->common + 0x14, 1 | 2);
    qtest_writel(q, d->common + 0x08, 1);
    qtest_writel(q, d->common + 0x0c, 1); /* VIRTIO_F_VERSION_1 */
    qtest_writeb(q, d->common + 0x14, 1 | 2 | 8);
    qtest_writew(q, d->common + 0x16, 0);
    qtest_writew(q, d->common + 0x18, 64);
    for (unsigned i = 0; i < 3; i++) {
        qtest_writel(q, d->common + 0x20 + 8 * i, RING + 0x1000 * i);
    }
    d->notify += qtest_readw(q, d->common + 0x1e) * (guint64)qtest_readl(q, cap + 16);
    qtest_writew(q, d->common + 0x1c, 1);
    qtest_writeb(q, d->common + 0x14, 1 | 2 | 8 | 4);
}

static void descriptor(const Driver *d, unsigned i, guint64 addr, guint32 len,
                       guint16 flags)
{
    guint64 at = RING + 16 * i;
    qtest_writeq(d->q, at, addr);
    qtest_writel(d->q, at + 8, len);
    qtest_writew(d->q, at + 12, flags);
    qtest_writew(d->q, at + 14, (guint16)(i + 1));
}

/* Reads of sectors 0 to n - 1; 1: there is a next one, 2: it is the device's to write. */
static void read_sectors(const Driver *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        guint64 at = BUFFERS + 0x1000 * i;
        qtest_writeq(d->q, at, VIRTIO_BLK_T_IN);
        qtest_writeq(d->q, at + 8, i);
        qtest_writeb(d->q, at + 16, 0xff);
        descriptor(d, 3 * i, at, 16, 1);
        descriptor(d, 3 * i + 1, at + 512, 512, 1 | 2);
        descriptor(d, 3 * i + 2, at + 16, 1, 2);
        qtest_writew(d->q, RING + 0x1000 + 4 + 2 * i, (guint16)(3 * i));
    }
    qtest_writew(d->q, RING + 0x1000 + 2, (guint16)n);
    qtest_writew(d->q, d->notify, 0);
}

static guint16 used_idx(const Driver *d)
{
    return qtest_readw(d->q, RING + 0x2000 + 2);
}

static void wait_used(const Driver *d, guint16 n)
{
    while (used_idx(d) != n) {
    }
}

static void by_qmp(QTest *q)
{
    qmp(q, "{\"execute\":\"system_reset\"}");
}

static void by_guest(QTest *q)
{
    qtest_outb(q, 0xcf9, 6);
}

static void check_reset(QTest *q, void (*reset)(QTest *q))
{
    Driver d;
    start_driver(&d, q);
    block_testing(q, "n hold");
    read_sectors(&d, REQUESTS);
    while (blocks_held(q, "n") < REQUESTS) {
    }
    reset(q);
    for (unsigned i = 0; i < REQUESTS; i++) {
        qmp(q, "{\"execute\":\"query-status\"}");
        g_assert_false(qtest_event_seen(q, "RESET"));
        g_assert_cmpuint(used_idx(&d), ==, i);
        block_testing(q, "n release 1");
        wait_used(&d, (guint16)(i + 1));
    }
    wait_event(q, "RESET");
    for (unsigned i = 0; i < REQUESTS; i++) {
        g_assert_cmphex(qtest_readb(q, BUFFERS + 0x1000 * i + 16), ==, VIRTIO_BLK_S_OK);
        g_assert_cmphex(qtest_readb(q, BUFFERS + 0x1000 * i + 512), ==, 0x11);
    }
    block_testing(q, "n release");
    start_driver(&d, q);
    read_sectors(&d, 1);
    wait_used(&d, 1);
    g_assert_cmphex(qtest_readb(q, BUFFERS + 16), ==, VIRTIO_BLK_S_OK);
    by_qmp(q);
    wait_event(q, "RESET");
}

static void test_reset(gconstpointer iothread)
{
    g_autofree char *path = make_image(dir, "image", 1 << 20, 0x11);
    QTest *q = qtest_start("-machine q35 -m 16M -object iothread,id=io "
                           "-blockdev driver=file,node-name=f,filename=%s "
                           "-blockdev driver=x-test,node-name=n,file=f "
                           "-device virtio-blk-pci,id=d,drive=n,addr=2%s",
                           path, (const char *)iothread);
    check_reset(q, by_qmp);
    check_reset(q, by_guest);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-pci-flight-XXXXXX", NULL);
    g_test_add_data_func("/pci-flight/reset/main", "", test_reset);
    g_test_add_data_func("/pci-flight/reset/iothread", ",iothread=io", test_reset);
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
