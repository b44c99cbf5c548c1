/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/stub-accel.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "event/loop.h"
#include "util/error.h"

#define PINS 64

typedef struct Route {
    gboolean present;
    MsiMessage msg;
} Route;

typedef struct Irqfd {
    unsigned gsi;
    int fd;
} Irqfd;

gboolean stub_has_irqfd = TRUE;
GArray *stub_sent, *stub_edges;
guint stub_commits, stub_added;
gboolean stub_race;
gboolean stub_pic;

static Route routes[STUB_GSIS], committed[STUB_GSIS];
static GArray *irqfds;

static void stub_send_msi(const MsiMessage *msg)
{
    g_array_append_val(stub_sent, *msg);
}

static gboolean stub_set_route(unsigned gsi, const MsiMessage *msg)
{
    if (gsi >= STUB_GSIS) {
        return FALSE;
    }
    memset(&routes[gsi], 0, sizeof(routes[gsi]));
    if (msg) {
        routes[gsi].present = TRUE;
        routes[gsi].msg.address = msg->address;
        routes[gsi].msg.data = msg->data;
    }
    return TRUE;
}

static gboolean stub_commit(GError **errp)
{
    if (memcmp(routes, committed, sizeof(routes)) == 0) {
        return TRUE;
    }
    stub_commits++;
    for (guint i = 0; i < STUB_GSIS; i++) {
        if (routes[i].present && routes[i].msg.address == STUB_BAD_ADDRESS) {
            memcpy(routes, committed, sizeof(routes));
            return error_set(errp, "the stub refuses GSI %u", i);
        }
    }
    memcpy(committed, routes, sizeof(routes));
    return TRUE;
}

static unsigned stub_gsi_count(void)
{
    return STUB_GSIS;
}

static void fire(unsigned gsi)
{
    if (committed[gsi].present) {
        stub_send_msi(&committed[gsi].msg);
    } else {
        g_array_append_val(stub_edges, gsi);
    }
}

static guint find_irqfd(int fd)
{
    guint i = 0;
    while (i < irqfds->len && g_array_index(irqfds, Irqfd, i).fd != fd) {
        i++;
    }
    return i;
}

static gboolean stub_add_irqfd(unsigned gsi, int fd)
{
    Irqfd irqfd = { gsi, fd };
    struct pollfd p = { .fd = fd, .events = POLLIN };
    g_assert_cmpuint(find_irqfd(fd), ==, irqfds->len);
    if (!stub_has_irqfd) {
        return FALSE;
    }
    if (stub_race) {
        g_assert_cmpint(eventfd_write(fd, 1), ==, 0);
    }
    stub_added++;
    g_array_append_val(irqfds, irqfd);
    if (poll(&p, 1, 0) == 1) {
        fire(gsi);
    }
    return TRUE;
}

static void stub_del_irqfd(unsigned gsi, int fd)
{
    guint i = find_irqfd(fd);
    g_assert_cmpuint(i, <, irqfds->len);
    g_assert_cmpuint(g_array_index(irqfds, Irqfd, i).gsi, ==, gsi);
    g_array_remove_index_fast(irqfds, i);
}

static void stub_pic_output(gboolean level)
{
    stub_pic = level;
}

static const Accel accel_stub = {
    .name = "stub",
    .send_msi = stub_send_msi,
    .set_gsi_route = stub_set_route,
    .commit_gsi_routes = stub_commit,
    .gsi_count = stub_gsi_count,
    .add_irqfd = stub_add_irqfd,
    .del_irqfd = stub_del_irqfd,
    .pic_output = stub_pic_output,
};

void stub_accel_init(void)
{
    event_init();
    stub_sent = g_array_new(FALSE, FALSE, sizeof(MsiMessage));
    stub_edges = g_array_new(FALSE, FALSE, sizeof(guint));
    irqfds = g_array_new(FALSE, FALSE, sizeof(Irqfd));
    accel_set(&accel_stub);
    accel_set_ioapic(PINS, NULL, NULL);
}

void stub_signal(int fd)
{
    eventfd_t count;
    guint i = find_irqfd(fd);
    g_assert_cmpint(eventfd_write(fd, 1), ==, 0);
    if (i < irqfds->len) {
        g_assert_cmpint(eventfd_read(fd, &count), ==, 0);
        fire(g_array_index(irqfds, Irqfd, i).gsi);
    }
}

const MsiMessage *stub_route(unsigned gsi)
{
    return committed[gsi].present ? &committed[gsi].msg : NULL;
}

guint stub_routes(void)
{
    guint n = 0;
    for (guint i = 0; i < STUB_GSIS; i++) {
        n += committed[i].present;
    }
    return n;
}

guint stub_irqfds(void)
{
    return irqfds->len;
}

guint stub_take(guint32 data)
{
    guint n = stub_sent->len;
    for (guint i = 0; i < n; i++) {
        g_assert_cmphex(g_array_index(stub_sent, MsiMessage, i).data, ==, data);
    }
    g_array_set_size(stub_sent, 0);
    return n;
}
