/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI under a driver that does not keep to the specification: the emulator
 * stays, the device says what it must, and a reset makes it good.
 */
#include <linux/virtio_blk.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/device/virtio-pci.h"

#define RAM_END (64ull << 20)

static void expect_works(VirtioPciDriver *d)
{
    vpci_find_again(d);
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, d->n_queues, 16);
    for (unsigned i = 0; i < d->n_queues; i++) {
        vpci_read_one(d, i);
        vpci_wait_message(d, i);
    }
}

static void poke(QTest *q, guint64 addr, unsigned size, guint64 value)
{
    static const char suffix[] = { [1] = 'b', [2] = 'w', [4] = 'l', [8] = 'q' };
    g_autofree char *read =
        g_strdup_printf("read%c 0x%" G_GINT64_MODIFIER "x", suffix[size], addr);
    g_autofree char *write =
        g_strdup_printf("write%c 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x",
                        suffix[size], addr, value);

    g_free(qtest_command_line(q, read));
    g_free(qtest_command_line(q, write));
}

/* Every size at every offset, aligned or not, with the device live. */
static void sweep(VirtioPciDriver *d, guint64 at, unsigned len)
{
    static const guint64 values[] = { 0, 1, G_MAXUINT64 };

    for (unsigned v = 0; v < G_N_ELEMENTS(values); v++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            for (unsigned i = 0; i < len; i++) {
                poke(d->q, at + i, size, values[v]);
            }
        }
    }
}

static void test_sweep(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    sweep(&d, d.common, 0x44);
    expect_works(&d);
    sweep(&d, d.common + 0xff8, 8); /* into the next structure */
    sweep(&d, d.isr + 0xff8, 8);
    sweep(&d, d.config, 0x44);
    sweep(&d, d.config + 0xff8, 8);
    sweep(&d, d.notify, 0x14);
    sweep(&d, d.notify + 0xff8, 8);
    expect_works(&d);
    sweep(&d, d.table, 0x44);
    sweep(&d, d.pba, 8);
    expect_works(&d);
    for (unsigned at = d.window; at < d.window + 20u; at++) {
        vpci_set_cfg(&d, at & ~3u, 4, 0xffffffff);
        vpci_cfg(&d, d.window + 16u, 4);
        vpci_set_cfg(&d, at, 1, at & 1 ? 4 : 1);
        vpci_cfg(&d, d.window + 16u, 1);
    }
    expect_works(&d);
    qtest_stop(q);
}

/* 3.1.1 in another order. */
static void test_order(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");

    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 7); /* live without features */
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 3);
    /* features that it does not offer, or without VERSION_1 */
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_GF, 4, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 11);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 3);
    vpci_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    vpci_put(&d, VIRTIO_PCI_COMMON_GF, 4, 0xffffffff);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 11);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 3);
    /* words that there are not */
    vpci_put(&d, VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_DF, 4), ==, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0xffffffff);
    vpci_put(&d, VIRTIO_PCI_COMMON_GF, 4, 1);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_GF, 4), ==, 0);
    /* once agreed on, they stay */
    g_assert_true(vpci_negotiate(&d, EACH_INTERRUPTS));
    guint32 agreed = vpci_get(&d, VIRTIO_PCI_COMMON_GF, 4);
    vpci_put(&d, VIRTIO_PCI_COMMON_GF, 4, 0);
    g_assert_cmphex(vpci_get(&d, VIRTIO_PCI_COMMON_GF, 4), ==, agreed);
    expect_works(&d);
    qtest_stop(q);
}

/* A live queue is not set up anew; registers that cannot be written are not. */
static void test_live(gconstpointer where)
{
    static const guint8 words[] = {
        VIRTIO_PCI_COMMON_Q_DESCLO,  VIRTIO_PCI_COMMON_Q_DESCHI,
        VIRTIO_PCI_COMMON_Q_AVAILLO, VIRTIO_PCI_COMMON_Q_AVAILHI,
        VIRTIO_PCI_COMMON_Q_USEDLO,  VIRTIO_PCI_COMMON_Q_USEDHI,
        VIRTIO_PCI_COMMON_DF,
    };
    VirtioPciDriver d;
    QTest *q = vpci_start_live(&d, where);

    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        guint32 was = vpci_get(&d, words[i], 4);
        vpci_put(&d, words[i], 4, ~was);
        g_assert_cmphex(vpci_get(&d, words[i], 4), ==, was);
    }
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2, 8);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), ==, 16);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0); /* 4.1.4.3.2: only a reset does */
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 2);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 2);
    vpci_put(&d, VIRTIO_PCI_COMMON_NUMQ, 2, 9);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 1); /* only 0 clears */
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_NUMQ, 2), ==, d.n_queues);
    for (unsigned i = 0; i < d.n_queues; i++) {
        vpci_read_one(&d, i);
        vpci_wait_message(&d, i);
    }
    qtest_stop(q);
}

typedef struct BadQueue {
    guint16 size;
    guint64 desc, avail, used; /* to be added to what is right */
} BadQueue;

static void put64(VirtioPciDriver *d, unsigned offset, guint64 value)
{
    vpci_put(d, offset, 4, (guint32)value);
    vpci_put(d, offset + 4, 4, (guint32)(value >> 32));
}

/* What the emulator has said, when it has said this. */
static char *wait_said(QTest *q, const char *text)
{
    g_autofree char *path = g_build_filename(qtest_dir(q), "stderr", NULL);

    for (;;) {
        g_autofree char *said = NULL;

        g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
        if (strstr(said, text)) {
            return g_steal_pointer(&said);
        }
        g_assert_cmpint(kill(qtest_pid(q), 0), ==, 0);
    }
}

/* A queue that cannot be: the device needs a reset, says so by its vector, and works. */
static void test_bad_queue(gconstpointer where)
{
    static const BadQueue bad[] = {
        { .size = 0 },
        { .size = 3 },
        { .size = 512 },
        { .size = 16, .desc = 8 },
        { .size = 16, .avail = 1 },
        { .size = 16, .used = 2 },
        { .size = 16, .desc = RAM_END },
        { .size = 16, .used = 0xc0000000 },
        { .size = 16, .avail = 0ull - RINGS - 0x1000 - 16 },
        { .size = 16, .used = RAM_END - RINGS - 0x2000 - 64 },
    };
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        const BadQueue *b = &bad[i];
        vpci_enable_msix(&d);
        g_assert_true(vpci_negotiate(&d, EACH_INTERRUPTS));
        vpci_set_up_queue(&d, 0, 16, 0);
        vpci_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, d.n_vectors - 1);
        vpci_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
        vpci_put(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2, b->size);
        put64(&d, VIRTIO_PCI_COMMON_Q_DESCLO, RINGS + b->desc);
        put64(&d, VIRTIO_PCI_COMMON_Q_AVAILLO, RINGS + 0x1000 + b->avail);
        put64(&d, VIRTIO_PCI_COMMON_Q_USEDLO, RINGS + 0x2000 + b->used);
        vpci_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
        vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 15);
        g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15 | 0x40);
        vpci_wait_message(&d, d.n_vectors - 1);
        vpci_kick(&d, 0);
    }
    g_free(wait_said(q, "the guest's driver misbehaves"));
    expect_works(&d);
    qtest_stop(q);
}

/* Every number below it is taken. */
static int lowest_free(pid_t pid)
{
    int number = 0;

    for (gboolean taken = TRUE; taken; number += taken) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", pid, number);

        taken = g_file_test(path, G_FILE_TEST_IS_SYMLINK);
    }
    return number;
}

/* What the host cannot do is not the driver's fault; when it can again, a reset helps. */
static void test_host_short(gconstpointer where)
{
    VirtioPciDriver d;
    QTest *q = vpci_start_disk(&d, where, "");
    struct rlimit before, few;
    g_autofree char *said = NULL;

    g_assert_true(vpci_negotiate(&d, EACH_INTERRUPTS));
    vpci_set_up_queue(&d, 0, 16, NO_VECTOR);
    g_assert_cmpint(prlimit(qtest_pid(q), RLIMIT_NOFILE, NULL, &before), ==, 0);
    few = (struct rlimit){ (rlim_t)lowest_free(qtest_pid(q)), before.rlim_max };
    g_assert_cmpint(prlimit(qtest_pid(q), RLIMIT_NOFILE, &few, NULL), ==, 0);
    vpci_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 15);
    g_assert_cmpuint(vpci_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15 | 0x40);
    said = wait_said(q, "the device needs a reset");
    g_assert_nonnull(strstr(said, "Too many open files"));
    g_assert_null(strstr(said, "misbehaves"));
    g_assert_cmpint(prlimit(qtest_pid(q), RLIMIT_NOFILE, &before, NULL), ==, 0);
    expect_works(&d);
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    vpci_add_everywhere("hostile/sweep", test_sweep);
    vpci_add_everywhere("hostile/order", test_order);
    vpci_add_everywhere("hostile/live", test_live);
    vpci_add_everywhere("hostile/bad-queue", test_bad_queue);
    vpci_add_everywhere("hostile/host-short", test_host_short);
    return vpci_run();
}
