/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A controller that is unplugged with commands in flight, and with it the only drive. It
 * goes when the medium has done them, whatever the guest has asked of it meanwhile.
 */
#include "tests/device/ahci.h"
#include "tests/device/virtio-common.h"

#define CONFIG 0xb0100000ull /* behind the root port */
#define LISTS  0x200000ull
#define PORT   5
#define N      3
#define SELECT 0xcd0
#define EJECT  0xcc8

static char *dir;

static QTest *start(Ahci *a, const char *drive)
{
    g_autofree char *path = make_image(dir, "image", 1u << 20, 0x11);
    QTest *q =
        qtest_start("-machine q35 -m 16M -device pcie-root-port,id=rp,chassis=1,addr=3 "
                    "-blockdev driver=file,node-name=f,filename=%s "
                    "-blockdev driver=x-test,node-name=n,file=f "
                    "-device ich9-ahci,id=sata,bus=rp "
                    "-device %s,id=drive,drive=n,bus=sata.%u",
                    path, drive, PORT);

    ahci_open(a, q, CONFIG, LISTS);
    ahci_start(a, PORT);
    return q;
}

static void read_one(const Ahci *a, unsigned i, AhciTask t)
{
    AhciPrd prd = { AHCI_DATA + 0x1000 * i, 2048 };

    t.prds = &prd;
    t.n_prds = 1;
    ahci_issue(a, PORT, i, &t);
}

static void read_sector(const Ahci *a, unsigned i)
{
    read_one(a, i, (AhciTask){ .command = 0x25, .count = 1, .lba = i });
}

static void read_queued(const Ahci *a, unsigned i)
{
    read_one(a, i, (AhciTask){ .command = 0x60, .queued = TRUE, .count = 1, .lba = i });
}

/* READ (10) */
static void read_block(const Ahci *a, unsigned i)
{
    read_one(a, i,
             (AhciTask){ .command = 0xa0,
                         .features = 1,
                         .has_packet = TRUE,
                         .packet = { 0x28, [8] = 1 } });
}

typedef struct Reads {
    const char *drive;
    void (*begin)(const Ahci *a, unsigned i);
    unsigned n;
} Reads;

static const Reads one = { "ide-hd", read_sector, 1 };
static const Reads queue = { "ide-hd", read_queued, N };
static const Reads packet = { "ide-cd", read_block, 1 };

/* Reads that the medium has not done; and who is to go is told. */
static QTest *hold(Ahci *a, const Reads *reads)
{
    QTest *q = start(a, reads->drive);

    if (reads->begin == read_block) { /* TEST UNIT READY: there is a new medium */
        ahci_do(a, PORT, &(AhciTask){ .command = 0xa0, .has_packet = TRUE });
        ahci_restart(a, PORT);
    }
    block_testing(q, "n hold");
    for (unsigned i = 0; i < reads->n; i++) {
        reads->begin(a, i);
    }
    while (blocks_held(q, "n") < reads->n) {
    }
    qmp(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"sata\"}}");
    return q;
}

static void ask(QTest *q)
{
    for (unsigned i = 0; i < 20; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
    }
}

/* The machine's reset takes away who was asked to go. */
static void begin_reset(QTest *q)
{
    qmp(q, "{\"execute\": \"system_reset\"}");
    ask(q);
    g_assert_false(qtest_event_seen(q, "RESET"));
}

/* The last of them ends, and with it all that waits. */
static void let_go(QTest *q)
{
    while (blocks_held(q, "n") > 1) {
        block_testing(q, "n release 1");
        ask(q);
        g_assert_false(qtest_event_seen(q, "DEVICE_DELETED"));
    }
    block_testing(q, "n release");
}

static void check_gone(QTest *q)
{
    wait_event(q, "DEVICE_DELETED"); /* the drive's */
    wait_event(q, "DEVICE_DELETED");
    g_assert_cmphex(qtest_readl(q, CONFIG), ==, G_MAXUINT32);
    qmp(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"n\"}}");
    qtest_stop(q);
}

static void test_eject(gconstpointer reads)
{
    Ahci a;
    QTest *q = hold(&a, reads);

    qtest_outl(q, SELECT, 0);
    qtest_begin(q, "outl 0x%x 1", EJECT);
    let_go(q);
    qtest_finish(q);
    check_gone(q);
}

static void test_reset(gconstpointer reads)
{
    Ahci a;
    QTest *q = hold(&a, reads);

    begin_reset(q);
    let_go(q);
    wait_event(q, "RESET");
    check_gone(q);
}

/* --- and the guest asks for something --- */

typedef struct Access {
    const char *name;
    unsigned size;
    guint32 at; /* in the BAR, or if size is 2 in configuration space */
    guint32 value;
} Access;

static const Access accesses[] = {
    { "reset", 4, 0x04, 0x80000001 },
    { "st", 4, 0x118 + 0x80 * PORT, 0x16 },
    { "comreset", 4, 0x12c + 0x80 * PORT, 1 },
    { "offline", 4, 0x12c + 0x80 * PORT, 4 },
    { "master", 2, 0x04, 3 },
};

static void begin_access(const Ahci *a, const Access *access)
{
    qtest_begin(a->q, "write%c 0x%" G_GINT64_MODIFIER "x 0x%x",
                access->size == 2 ? 'w' : 'l',
                (access->size == 2 ? a->config : a->bar) + access->at, access->value);
}

/* The access waits behind the unplug, and finds the function gone; or before it. */
static void check_access(const Access *access, gboolean before, const Reads *reads)
{
    Ahci a;
    QTest *q = hold(&a, reads);

    if (before) {
        begin_access(&a, access);
        begin_reset(q);
    } else {
        begin_reset(q);
        begin_access(&a, access);
    }
    let_go(q);
    qtest_finish(q);
    wait_event(q, "RESET");
    check_gone(q);
}

static void test_access(gconstpointer access)
{
    static const Reads *const all[] = { &one, &queue, &packet };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        check_access(access, FALSE, all[i]);
        check_access(access, TRUE, all[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-ahci-unplug-XXXXXX", NULL);
    g_test_add_data_func("/ahci-unplug/eject-one", &one, test_eject);
    g_test_add_data_func("/ahci-unplug/eject-queue", &queue, test_eject);
    g_test_add_data_func("/ahci-unplug/eject-packet", &packet, test_eject);
    g_test_add_data_func("/ahci-unplug/machine-reset-one", &one, test_reset);
    g_test_add_data_func("/ahci-unplug/machine-reset-queue", &queue, test_reset);
    g_test_add_data_func("/ahci-unplug/machine-reset-packet", &packet, test_reset);
    for (unsigned i = 0; i < G_N_ELEMENTS(accesses); i++) {
        g_autofree char *name = g_strdup_printf("/ahci-unplug/%s", accesses[i].name);
        g_test_add_data_func(name, &accesses[i], test_access);
    }
    int ret = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", dir);
    g_assert_cmpint(system(command), ==, 0);
    g_free(dir);
    return ret;
}
