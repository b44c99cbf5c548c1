/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/virtio-pci-hold.h"

#include <linux/virtio_blk.h>
#include <string.h>

void hold_reads(VirtioPciDriver *d)
{
    QTest *q = d->q;

    block_testing(q, "n hold");
    for (unsigned i = 0; i < REQUESTS; i++) {
        vpci_blk_add(d, 1, i, VIRTIO_BLK_T_IN, i);
    }
    vpci_kick(d, 1);
    while (blocks_held(q, "n") < REQUESTS) {
    }
    g_assert_cmpuint(vpci_used_idx(d, 1), ==, 0);
}

void begin_cfg(VirtioPciDriver *d, unsigned offset, guint32 value)
{
    vpci_cfg(d, offset, 2); /* the address register */
    qtest_begin(d->q, "outw 0x%x 0x%x", 0xcfc + offset % 4, value);
}

void begin_port_cfg(VirtioPciDriver *d, unsigned offset, guint32 value)
{
    vpci_port_cfg(d, offset, 2);
    qtest_begin(d->q, "outw 0x%x 0x%x", 0xcfc + offset % 4, value);
}

void let_go(VirtioPciDriver *d)
{
    for (unsigned left = REQUESTS; left; left--) {
        g_assert_cmpuint(blocks_held(d->q, "n"), ==, left); /* and that is no access's */
        block_testing(d->q, left > 1 ? "n release 1" : "n release");
    }
    qtest_finish(d->q);
    g_assert_cmpuint(vpci_used_idx(d, 1), ==, REQUESTS);
    for (unsigned i = 0; i < REQUESTS; i++) {
        g_assert_cmpuint(vpci_blk_status(d, i), ==, VIRTIO_BLK_S_OK);
    }
}

void scribble(VirtioPciDriver *d)
{
    qtest_memset(d->q, RINGS, 0x5a, d->data + 0x10000 - RINGS);
}

void expect_untouched(VirtioPciDriver *d)
{
    gsize len = d->data + 0x10000 - RINGS;
    g_autofree guint8 *now = g_malloc(len), *was = g_malloc(len);

    memset(was, 0x5a, len);
    qtest_memread(d->q, RINGS, now, len);
    g_assert_cmpint(memcmp(now, was, len), ==, 0);
}

void expect_works(VirtioPciDriver *d)
{
    vpci_find_again(d);
    vpci_enable_msix(d);
    vpci_start(d, EACH_INTERRUPTS, d->n_queues, 16);
    for (unsigned i = 0; i < d->n_queues; i++) {
        vpci_read_one(d, i);
        vpci_wait_message(d, i);
    }
}

void save_bars(VirtioPciDriver *d, guint32 *bars)
{
    for (unsigned i = 0; i < BARS; i++) {
        bars[i] = vpci_cfg(d, PCI_BASE_ADDRESS_0 + 4 * i, 4);
    }
}

void load_bars(VirtioPciDriver *d, const guint32 *bars)
{
    for (unsigned i = 0; i < BARS; i++) {
        vpci_set_cfg(d, PCI_BASE_ADDRESS_0 + 4 * i, 4, bars[i]);
    }
}

void device_del(QTest *q)
{
    qmp(q, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"d\"}}");
}

void wait_deleted(QTest *q)
{
    for (;;) {
        g_autoptr(JsonObject) event = qtest_event_wait(q, "DEVICE_DELETED");
        JsonObject *data = json_object_get_object_member(event, "data");
        if (json_object_has_member(data, "device")) { /* the part has none */
            g_assert_cmpstr(json_object_get_string_member(data, "device"), ==, "d");
            return;
        }
    }
}
