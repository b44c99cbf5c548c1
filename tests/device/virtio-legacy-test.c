/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio over PCI with a driver of the legacy interface: what there is of it where, as
 * QEMU 7.2 has it; queues, vectors and the pin; what such drivers may do that later ones
 * may not; both interfaces of a transitional function.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "tests/device/board.h"
#include "tests/device/virtio-legacy.h"

#define ROOT      ",bus=pcie.0,addr=5"
#define EACH      (~F_EVENT_IDX) /* every completion interrupts */
#define DRIVER_OK 7
#define BEFORE    3

/* What it is: IDs, BAR 0 when it is sized, what is offered, as captured of QEMU */

static const struct {
    const char *device;
    guint32 id, revision, subsystem, bar;
    gboolean modern, express;
    guint32 offered; /* of the bits that are the same for all */
} identities[] = {
    { "virtio-blk-pci,drive=n" ROOT, 0x10011af4, 0, 0x00021af4, 0xffffff81, TRUE, FALSE,
      0x79000000 },
    { "virtio-blk-pci,drive=n,bus=rp", 0x10421af4, 1, 0x11001af4, 0, TRUE, TRUE, 0 },
    { "virtio-blk-pci-transitional,drive=n" ROOT, 0x10011af4, 0, 0x00021af4, 0xffffff81,
      TRUE, FALSE, 0x79000000 },
    { "virtio-blk-pci-transitional,drive=n,bus=rp", 0x10011af4, 0, 0x00021af4, 0xffffff81,
      TRUE, TRUE, 0x79000000 },
    { "virtio-blk-pci-non-transitional,drive=n" ROOT, 0x10421af4, 1, 0x11001af4, 0, TRUE,
      FALSE, 0 },
    { "virtio-blk-pci,drive=n,disable-modern=on" ROOT, 0x10011af4, 0, 0x00021af4,
      0xffffff81, FALSE, FALSE, 0x79000000 },
    { "virtio-blk-pci,drive=n,disable-modern=on,disable-legacy=off,bus=rp", 0x10011af4, 0,
      0x00021af4, 0xffffff81, FALSE, FALSE, 0x79000000 },
    { "virtio-blk-pci,drive=n,discard=off,write-zeroes=off,any_layout=off" ROOT,
      0x10011af4, 0, 0x00021af4, 0xffffffc1, TRUE, FALSE, 0x71000000 },
    { "virtio-rng-pci,rng=r,notify_on_empty=off" ROOT, 0x10051af4, 0, 0x00041af4,
      0xffffffe1, TRUE, FALSE, 0x78000000 },
    { "virtio-rng-pci,rng=r,disable-legacy=off,bus=rp", 0x10051af4, 0, 0x00041af4,
      0xffffffe1, TRUE, TRUE, 0x79000000 },
    { "virtio-rng-pci,rng=r,disable-legacy=on" ROOT, 0x10441af4, 1, 0x11001af4, 0, TRUE,
      FALSE, 0 },
    { "virtio-rng-pci-non-transitional,rng=r,bus=rp", 0x10441af4, 1, 0x11001af4, 0, TRUE,
      TRUE, 0 },
};

static guint32 size_bar(const VirtioPciDriver *d, unsigned bar)
{
    guint32 was = vpci_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4), mask;

    vpci_set_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4, 0xffffffff);
    mask = vpci_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4);
    vpci_set_cfg(d, PCI_BASE_ADDRESS_0 + 4 * bar, 4, was);
    return mask;
}

static void test_identity(gconstpointer data)
{
    unsigned i = GPOINTER_TO_UINT(data);
    const char *device = identities[i].device;
    g_autofree char *path = make_image(vpci_dir, "image", MIB, 0x11);
    QTest *q = qtest_start(VPCI_MACHINE "-blockdev driver=file,node-name=n,filename=%s "
                                        "-device %s",
                           path, device);
    LegacyDriver d = { .io = 0 };

    vpci_find_function(&d.pci, q, device);
    g_assert_cmphex(vpci_cfg(&d.pci, PCI_VENDOR_ID, 4), ==, identities[i].id);
    g_assert_cmphex(vpci_cfg(&d.pci, PCI_REVISION_ID, 1), ==, identities[i].revision);
    g_assert_cmphex(vpci_cfg(&d.pci, PCI_SUBSYSTEM_VENDOR_ID, 4), ==,
                    identities[i].subsystem);
    g_assert_cmphex(vpci_cfg(&d.pci, PCI_INTERRUPT_PIN, 1), ==, 1);
    g_assert_cmphex(size_bar(&d.pci, 0), ==, identities[i].bar);
    g_assert_cmphex(size_bar(&d.pci, 4), ==, identities[i].modern ? 0xffffc00c : 0);
    g_assert_cmpint(d.pci.common != 0, ==, identities[i].modern);
    g_assert_cmpint(d.pci.express != 0, ==, identities[i].express);
    g_assert_cmpint(d.pci.msix, !=, 0);
    if (identities[i].bar) {
        legacy_find(&d, q, device);
        guint32 offered = legacy_get(&d, VIRTIO_PCI_HOST_FEATURES);
        g_assert_cmphex(offered & 0xff000000, ==, identities[i].offered);
        legacy_put(&d, VIRTIO_PCI_GUEST_FEATURES, ~F_BAD);
        g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, offered & ~F_BAD);
        legacy_put(&d, VIRTIO_PCI_GUEST_FEATURES, 0xffffffff); /* without looking */
        g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, 0);
    }
    qtest_stop(q);
}

/* Disks */

static QTest *start_disk(LegacyDriver *d, const char *where, const char *more)
{
    g_autofree char *options = vpci_disk_options(where, more);
    QTest *q = qtest_start("%s", options);

    legacy_find(d, q, where);
    return q;
}

static guint64 capacity(const LegacyDriver *d)
{
    guint64 sectors = 0;

    for (unsigned i = 0; i < 8; i++) {
        sectors |= (guint64)legacy_config(d, i) << (8 * i);
    }
    return sectors;
}

static unsigned pin_up(QTest *q)
{
    unsigned up = 0;

    board_sync(q);
    for (unsigned n = 16; n < 24; n++) {
        up = qtest_get_irq(q, n) ? n : up;
    }
    return up;
}

/* No MSI-X: all queues share the pin, whose level is the ISR status. */
static void test_pin(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    qtest_irq_intercept_in(q, "ioapic");
    g_assert_cmpuint(d.n_queues, ==, 3);
    g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_QUEUE_NUM), ==, 0); /* of queue 3 */
    g_assert_cmpuint(capacity(&d), ==, MIB / 512);
    g_assert_cmphex(qtest_inb(q, d.io + 1), ==, 0xff); /* registers are whole */
    legacy_start(&d, EACH);
    for (unsigned i = 0; i < d.n_queues; i++) {
        legacy_read_one(&d, i);
        while (!pin_up(q)) {
        }
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_ISR), ==, 1);
        g_assert_cmpuint(pin_up(q), ==, 0);
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_ISR), ==, 0);
    }
    legacy_kick(&d, d.n_queues); /* there is none such */
    legacy_kick(&d, 0xffff);
    legacy_put(&d, VIRTIO_PCI_STATUS, 0);
    g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, 0);
    legacy_start(&d, EACH); /* and again */
    legacy_read_one(&d, 2);
    qtest_stop(q);
}

/* With it the configuration begins behind the registers of vectors. */
static void test_vectors(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    vpci_enable_msix(&d.pci);
    g_assert_cmpuint(capacity(&d), ==, MIB / 512);
    legacy_start(&d, EACH);
    for (unsigned i = 0; i < d.n_queues; i++) {
        legacy_read_one(&d, i);
        vpci_wait_message(&d.pci, i);
        vpci_expect_silence(&d.pci);
    }
    legacy_put(&d, VIRTIO_PCI_QUEUE_SEL, 1);
    legacy_put(&d, VIRTIO_MSI_QUEUE_VECTOR, d.pci.n_vectors); /* there is none such */
    g_assert_cmphex(legacy_get(&d, VIRTIO_MSI_QUEUE_VECTOR), ==, NO_VECTOR);
    legacy_put(&d, VIRTIO_MSI_CONFIG_VECTOR, 0xfffe);
    g_assert_cmphex(legacy_get(&d, VIRTIO_MSI_CONFIG_VECTOR), ==, NO_VECTOR);
    legacy_put(&d, VIRTIO_MSI_QUEUE_VECTOR, 2); /* while it is live */
    legacy_read_one(&d, 1);
    vpci_wait_message(&d.pci, 2);
    qtest_stop(q);
}

/* Fewer vectors than queues: the last ones share one. */
static void test_few_vectors(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, ",vectors=2,ioeventfd=off");

    g_assert_cmpuint(d.pci.n_vectors, ==, 2);
    vpci_enable_msix(&d.pci);
    legacy_start(&d, EACH);
    for (unsigned i = 0; i < d.n_queues; i++) {
        legacy_read_one(&d, i);
        vpci_wait_message(&d.pci, MIN(i, 1));
        vpci_expect_silence(&d.pci);
    }
    qtest_stop(q);
}

/* 3.1.2: a queue is used before DRIVER_OK, and before the features are written. */
static void test_early(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    vpci_set_cfg(&d.pci, PCI_COMMAND, 2, PCI_COMMAND_IO); /* as Linux 2.6 left it */
    legacy_put(&d, VIRTIO_PCI_STATUS, 1);
    g_assert_false(vpci_cfg(&d.pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    legacy_put(&d, VIRTIO_PCI_STATUS, BEFORE);
    g_assert_true(vpci_cfg(&d.pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
    legacy_set_up_queue(&d, 0, NO_VECTOR);
    legacy_read_one(&d, 0);
    legacy_set_up_queue(&d, 1, NO_VECTOR); /* the other goes on */
    legacy_read_one(&d, 1);
    legacy_read_one(&d, 0);
    legacy_put(&d, VIRTIO_PCI_GUEST_FEATURES, F_INDIRECT);
    g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, F_INDIRECT);
    legacy_read_one(&d, 0);
    legacy_put(&d, VIRTIO_PCI_STATUS, DRIVER_OK);
    legacy_read_one(&d, 1);
    qtest_stop(q);
}

/* A vCPU's write that has to wait for a request at the medium. */
static void expect_waits(LegacyDriver *d, const char *access, unsigned offset,
                         guint32 value)
{
    guint16 used = vpci_used_idx(&d->pci, 1);

    block_testing(d->pci.q, "n hold");
    vpci_blk_add(&d->pci, 1, 1, VIRTIO_BLK_T_IN, 1);
    legacy_kick(d, 1);
    while (blocks_held(d->pci.q, "n") < 1) {
    }
    legacy_put(d, VIRTIO_PCI_QUEUE_SEL, 0);
    qtest_begin(d->pci.q, "%s 0x%x 0x%x", access, d->io + offset, value);
    g_assert_cmpuint(blocks_held(d->pci.q, "n"), ==, 1);
    block_testing(d->pci.q, "n release");
    qtest_finish(d->pci.q);
    g_assert_cmpuint(vpci_used_idx(&d->pci, 1), ==, used + 1);
    d->pci.rings[1].seen = used + 1;
}

/* What is live is changed when it stands still, and what is not changed goes on. */
static void test_live(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    legacy_start(&d, EACH);
    expect_waits(&d, "outl", VIRTIO_PCI_GUEST_FEATURES, F_ANY_LAYOUT);
    g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, F_ANY_LAYOUT);
    legacy_read_one(&d, 0);
    expect_waits(&d, "outl", VIRTIO_PCI_QUEUE_PFN, 0); /* one queue is given back */
    g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_QUEUE_PFN), ==, 0);
    legacy_read_one(&d, 2);
    legacy_set_up_queue(&d, 0, NO_VECTOR);
    legacy_read_one(&d, 0);
    expect_waits(&d, "outb", VIRTIO_PCI_STATUS, BEFORE); /* DRIVER_OK is taken back */
    g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_STATUS), ==, BEFORE);
    g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, F_ANY_LAYOUT);
    legacy_put(&d, VIRTIO_PCI_STATUS, DRIVER_OK);
    legacy_read_one(&d, 2);
    expect_waits(&d, "outb", VIRTIO_PCI_STATUS, 0);
    g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_GUEST_FEATURES), ==, 0);
    for (unsigned i = 0; i < d.n_queues; i++) {
        legacy_put(&d, VIRTIO_PCI_QUEUE_SEL, i);
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_QUEUE_PFN), ==, 0);
    }
    legacy_start(&d, EACH);
    legacy_read_one(&d, 1);
    qtest_stop(q);
}

/* 6.3: when the last buffer is used the driver hears of it, also if it wants no more. */
static void test_on_empty(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    for (unsigned i = 0; i < 2; i++) {
        legacy_start(&d, i ? EACH : EACH & ~F_ON_EMPTY);
        legacy_get(&d, VIRTIO_PCI_ISR);
        qtest_writew(q, d.pci.rings[0].avail, VRING_AVAIL_F_NO_INTERRUPT);
        block_testing(q, "n hold");
        vpci_blk_add(&d.pci, 0, 0, VIRTIO_BLK_T_IN, 0);
        vpci_blk_add(&d.pci, 0, 1, VIRTIO_BLK_T_IN, 1);
        legacy_kick(&d, 0);
        while (blocks_held(q, "n") < 2) {
        }
        block_testing(q, "n release 1");
        vpci_wait_used_idx(&d.pci, 0, 1);
        qmp(q, "{\"execute\":\"query-status\"}");
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_ISR), ==, 0);
        block_testing(q, "n release");
        vpci_wait_used_idx(&d.pci, 0, 2);
        if (i) {
            while (!legacy_get(&d, VIRTIO_PCI_ISR)) {
            }
        }
        legacy_put(&d, VIRTIO_PCI_STATUS, 0); /* all that was done has come */
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_ISR), ==, 0);
    }
    qtest_stop(q);
}

/* The driver of one interface is not disturbed by the other's registers. */
static void test_both(gconstpointer where)
{
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    vpci_find(&d.pci, q, where);
    vpci_enable_msix(&d.pci);
    vpci_start(&d.pci, EACH_INTERRUPTS, d.pci.n_queues, 16);
    legacy_put(&d, VIRTIO_PCI_GUEST_FEATURES, 0);
    legacy_put(&d, VIRTIO_PCI_QUEUE_SEL, 1);
    legacy_put(&d, VIRTIO_PCI_QUEUE_PFN, 1);
    legacy_put(&d, VIRTIO_PCI_STATUS, BEFORE);
    for (unsigned i = 0; i < d.pci.n_queues; i++) {
        vpci_read_one(&d.pci, i);
        vpci_wait_message(&d.pci, i);
    }
    g_assert_cmpuint(vpci_get(&d.pci, VIRTIO_PCI_COMMON_STATUS, 1), ==, 15);
    legacy_start(&d, EACH);
    vpci_put(&d.pci, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
    vpci_put(&d.pci, VIRTIO_PCI_COMMON_GF, 4, 0);
    vpci_put(&d.pci, VIRTIO_PCI_COMMON_STATUS, 1, 15); /* nothing was agreed on there */
    g_assert_cmpuint(vpci_get(&d.pci, VIRTIO_PCI_COMMON_STATUS, 1), ==, DRIVER_OK);
    for (unsigned i = 0; i < d.n_queues; i++) {
        legacy_read_one(&d, i);
        vpci_wait_message(&d.pci, i);
    }
    vpci_start(&d.pci, EACH_INTERRUPTS, d.n_queues, 16);
    vpci_read_one(&d.pci, 0);
    qtest_stop(q);
}

/* Rings that are nowhere: nothing is served until a reset, and status says nothing. */
static void test_nowhere(gconstpointer where)
{
    static const guint32 pages[] = { 0xffffffff, 0xfee00, 0x3ffff };
    LegacyDriver d;
    QTest *q = start_disk(&d, where, "");

    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        legacy_negotiate(&d, EACH);
        legacy_set_up_queue(&d, 1, NO_VECTOR);
        legacy_put(&d, VIRTIO_PCI_QUEUE_SEL, 0);
        legacy_put(&d, VIRTIO_PCI_QUEUE_PFN, pages[i]);
        g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_QUEUE_PFN), ==, pages[i]);
        legacy_put(&d, VIRTIO_PCI_STATUS, DRIVER_OK);
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_STATUS), ==, DRIVER_OK);
        vpci_blk_add(&d.pci, 1, 0, VIRTIO_BLK_T_IN, 0);
        legacy_kick(&d, 1);
        qmp(q, "{\"execute\":\"query-status\"}");
        g_assert_cmpuint(vpci_used_idx(&d.pci, 1), ==, 0);
    }
    legacy_start(&d, EACH);
    legacy_read_one(&d, 0);
    board_reset(q);
    legacy_find(&d, q, where);
    g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_STATUS), ==, 0);
    legacy_start(&d, EACH);
    legacy_read_one(&d, 2);
    qtest_stop(q);
}

/* Another process: used early, then with DRIVER_OK, with the pin up. */
static void test_migrate(gconstpointer where)
{
    g_autofree char *options = vpci_disk_options(where, "");

    for (unsigned ok = 0; ok < 2; ok++) {
        QTest *from = qtest_start("%s", options);
        QTest *to = qtest_start("%s-incoming unix:%s/stream", options, qtest_dir(from));
        LegacyDriver d;

        legacy_find(&d, from, where);
        legacy_negotiate(&d, EACH);
        legacy_set_up_queue(&d, 1, NO_VECTOR);
        legacy_put(&d, VIRTIO_PCI_STATUS, ok ? DRIVER_OK : BEFORE);
        legacy_read_one(&d, 1);
        while (!(vpci_cfg(&d.pci, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT)) {
        }
        qmp(from, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:%s/stream\"}}",
            qtest_dir(from));
        qtest_wait_migrated(from);
        board_wait(to, "RESUME");
        d.pci.q = to;
        qtest_bus_set(to);
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_STATUS), ==, ok ? DRIVER_OK : BEFORE);
        g_assert_cmphex(legacy_get(&d, VIRTIO_PCI_QUEUE_PFN), ==,
                        d.pci.rings[1].desc / 4096);
        g_assert_cmpuint(legacy_get(&d, VIRTIO_PCI_ISR), ==, 1);
        legacy_read_one(&d, 1);
        legacy_set_up_queue(&d, 0, NO_VECTOR);
        legacy_read_one(&d, 0);
        qtest_stop(from);
        qtest_stop(to);
    }
}

/* Properties */

static void test_refused(void)
{
    static const char neither[] = "device cannot work as neither modern nor legacy mode";
    static const struct {
        const char *options, *message;
    } cases[] = {
        { "-device virtio-rng-pci,rng=r,disable-legacy=on,disable-modern=on", neither },
        { "-device virtio-rng-pci,rng=r,disable-modern=on,bus=rp", neither },
        { "-global virtio-pci.disable-modern=on -device virtio-rng-pci,rng=r,bus=rp",
          neither },
        { "-device virtio-rng-pci,rng=r,disable-legacy=maybe", "disable-legacy" },
        { "-device virtio-rng-pci,rng=r,disable_legacy=on", "disable_legacy" },
        { "-device virtio-rng-pci-transitional,rng=r,disable-legacy=on",
          "Property 'virtio-rng-pci-transitional.disable-legacy' not found" },
        { "-device virtio-rng-pci-non-transitional,rng=r,disable-legacy=off",
          "Property 'virtio-rng-pci-non-transitional.disable-legacy' not found" },
        { "-device virtio-rng-pci-transitional,rng=r,disable-modern=on",
          "Property 'virtio-rng-pci-transitional.disable-modern' not found" },
        { "-global virtio-pci.disable-legacy=on "
          "-device virtio-rng-pci-transitional,rng=r",
          "Property 'virtio-rng-pci-transitional.disable-legacy' not found" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *options = g_strconcat(VPCI_MACHINE, cases[i].options, NULL);
        board_refuses(options, cases[i].message);
    }
}

/* Of all of them, in both forms. */
static void test_global(void)
{
    static const char *const globals[] = {
        "virtio-pci.disable-legacy=on",
        "driver=virtio-pci,property=disable-legacy,value=on",
        "virtio-rng-pci.disable-legacy=on",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(globals); i++) {
        VirtioPciDriver d;
        QTest *q = qtest_start(
            VPCI_MACHINE "-global %s -device virtio-rng-pci,rng=r" ROOT, globals[i]);

        vpci_find(&d, q, ROOT);
        g_assert_cmphex(vpci_cfg(&d, PCI_VENDOR_ID, 4), ==, 0x10441af4);
        g_assert_cmphex(vpci_cfg(&d, PCI_BASE_ADDRESS_0, 4), ==, 0);
        qtest_stop(q);
    }
}

static void add_all(const char *name, GTestDataFunc fn)
{
    static const struct {
        const char *name, *options;
    } places[] = { { "root", ROOT },
                   { "port", ",bus=rp,disable-legacy=off" },
                   { "iothread", ROOT ",iothread=io" },
                   { "only", ROOT ",disable-modern=on" } };
    unsigned n = fn == test_both ? 3 : G_N_ELEMENTS(places);

    for (unsigned i = 0; i < n; i++) {
        g_autofree char *path =
            g_strdup_printf("/virtio-legacy/%s/%s", name, places[i].name);
        g_test_add_data_func(path, places[i].options, fn);
    }
}

int main(int argc, char **argv)
{
    vpci_init(&argc, &argv);
    for (unsigned i = 0; i < G_N_ELEMENTS(identities); i++) {
        g_autofree char *path = g_strdup_printf("/virtio-legacy/identity/%u", i);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_identity);
    }
    add_all("pin", test_pin);
    add_all("vectors", test_vectors);
    add_all("few-vectors", test_few_vectors);
    add_all("early", test_early);
    add_all("live", test_live);
    add_all("on-empty", test_on_empty);
    add_all("both", test_both);
    add_all("nowhere", test_nowhere);
    add_all("migrate", test_migrate);
    g_test_add_func("/virtio-legacy/refused", test_refused);
    g_test_add_func("/virtio-legacy/global", test_global);
    return vpci_run();
}
