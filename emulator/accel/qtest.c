/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `-accel qtest`: nothing runs the guest; the virtual clock belongs to the test. An
 * MSI is what it is on the bus: a write, which a test finds in guest memory.
 */
#include "accel/qtest-internal.h"

#include "accel/accel.h"
#include "accel/vcpu.h"
#include "event/clock.h"
#include "memory/guest.h"

static gboolean qtest_init(ConfigNode *node, GError **errp)
{
    if (!config_check_unused(node, errp)) {
        return FALSE;
    }
    clock_qtest_enable();
    return TRUE;
}

static gboolean qtest_create_irqchip(GError **errp)
{
    return TRUE;
}

static gboolean qtest_create_vcpu(unsigned index, guint32 apic_id, GError **errp)
{
    return TRUE;
}

static gboolean qtest_finish_vcpus(GError **errp)
{
    return TRUE;
}

static void qtest_reset_vcpus(const BootState *boot)
{
}

static void qtest_run_vcpus(gboolean run)
{
}

static void qtest_send_msi(const MsiMessage *msg)
{
    guint32 data = GUINT32_TO_LE(msg->data);
    guest_write(dma_space_memory(), msg->address, &data, sizeof(data));
}

#define ROUTES 256

static struct {
    gboolean present;
    MsiMessage msg;
} routes[ROUTES];

static gboolean qtest_set_gsi_route(unsigned gsi, const MsiMessage *msg)
{
    if (gsi < ROUTES) {
        routes[gsi].present = msg != NULL;
        routes[gsi].msg = msg ? *msg : (MsiMessage){ 0 };
    }
    return gsi < ROUTES; /* for tests to look at: there are no irqfds */
}

const MsiMessage *qtest_gsi_route(guint64 gsi)
{
    return gsi < ROUTES && routes[gsi].present ? &routes[gsi].msg : NULL;
}

static gboolean qtest_commit_gsi_routes(GError **errp)
{
    return TRUE;
}

static unsigned qtest_gsi_count(void)
{
    return ROUTES;
}

static gboolean qtest_add_irqfd(unsigned gsi, int fd)
{
    return FALSE;
}

static void qtest_del_irqfd(unsigned gsi, int fd)
{
}

const Accel accel_qtest = {
    .name = "qtest",
    .init = qtest_init,
    .create_irqchip = qtest_create_irqchip,
    .create_vcpu = qtest_create_vcpu,
    .finish_vcpus = qtest_finish_vcpus,
    .reset_vcpus = qtest_reset_vcpus,
    .run_vcpus = qtest_run_vcpus,
    .send_msi = qtest_send_msi,
    .set_gsi_route = qtest_set_gsi_route,
    .commit_gsi_routes = qtest_commit_gsi_routes,
    .gsi_count = qtest_gsi_count,
    .add_irqfd = qtest_add_irqfd,
    .del_irqfd = qtest_del_irqfd,
};
