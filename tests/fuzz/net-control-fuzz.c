/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a driver says by the control queue of a virtio-net with two pairs:
 * commands that are good, commands of anything, chains without room; it agrees on other
 * features, the VM is stopped, saved and loaded, also from a stream that is not what was
 * saved. The device holds what a model says, and never what cannot be.
 */
#include "fuzz/net-control-fuzz.h"

#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "config/json.h"
#include "unit/virtio-board.h"
#include "virtio/virtio-net.h"

#define STEPS   100
#define CONTROL 4
#define PAIRS   2

struct NetControlFuzzCounts net_control_fuzz_counts;

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

static VirtioNet *net;
static VirtioDriver driver;
static struct {
    guint8 modes, mac[6];
    unsigned pairs;
} model;

static unsigned take(Input *in, unsigned bytes)
{
    unsigned value = 0;

    for (; bytes && in->left; bytes--, in->left--) {
        value = value << 8 | *in->data++;
    }
    return value;
}

int net_control_fuzz_can(void)
{
    return unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
}

static void set_up(void)
{
    g_autoptr(ConfigNode) tap = config_parse_json(
        "{\"type\":\"tap\",\"id\":\"t\",\"ifname\":\"fuzz1\",\"queues\":2}", NULL);
    g_autoptr(ConfigNode) card = config_parse_json(
        "{\"driver\":\"virtio-net-device\",\"id\":\"nic\",\"netdev\":\"t\",\"mq\":true}",
        NULL);

    g_assert_true(net_control_fuzz_can());
    board_make(1);
    g_assert_nonnull(net_backend_add(tap, NULL));
    net = (VirtioNet *)device_add_from_config(card, FALSE, NULL);
    g_assert_nonnull(net);
}

static void restart(guint64 without)
{
    virtio_driver_start(&driver, &board_bus, BASE, ~without, 2 * PAIRS + 1, 16, RINGS);
    model.modes = NET_RX_PROMISC;
    model.pairs = 1;
    memcpy(model.mac, net->mac, 6);
}

/* All of them are of no use without the queue. */
static gboolean has(unsigned bit)
{
    return (driver.features >> VIRTIO_NET_F_CTRL_VQ) & (driver.features >> bit) & 1;
}

static gboolean is_broken(void)
{
    return virtio_driver_read(&driver, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* Where the control queue is, by what was agreed on; TRUE when there is one. */
static gboolean find_queue(unsigned *queue)
{
    *queue = has(VIRTIO_NET_F_MQ) ? CONTROL : 2;
    return has(VIRTIO_NET_F_CTRL_VQ);
}

/* header: bytes of it; room: for the answer. Returns that, or 0xff. */
static guint8 say(guint8 class, guint8 cmd, const void *data, guint32 len, guint32 header,
                  guint32 room)
{
    guint8 hdr[] = { class, cmd }, answer = 0xff;
    guint64 at = driver.data;
    guint32 head, used;
    GuestBuffer chain[3];
    unsigned n = 0, queue;

    if (!find_queue(&queue)) {
        return 0xff;
    }
    mem_write(at, hdr, sizeof(hdr));
    mem_write(at + 0x100, data, len);
    mem_write(at + 0x1000, &answer, 1);
    if (header) {
        chain[n++] = (GuestBuffer){ at, header, FALSE };
    }
    if (len) {
        chain[n++] = (GuestBuffer){ at + 0x100, len, FALSE };
    }
    if (room) {
        chain[n++] = (GuestBuffer){ at + 0x1000, room, TRUE };
    }
    if (!n) {
        return 0xff;
    }
    guest_ring_add(&driver.rings[queue], chain, n);
    virtio_driver_kick(&driver, queue);
    while (!is_broken() && !guest_ring_take(&driver.rings[queue], &head, &used)) {
        bus_wait();
    }
    mem_read(at + 0x1000, &answer, 1);
    return answer;
}

/* A command as it should be, whose answer is known. */
static void expect(guint8 class, guint8 cmd, const void *data, guint32 len, gboolean good)
{
    guint8 answer = say(class, cmd, data, len, 2, 1);

    if (has(VIRTIO_NET_F_CTRL_VQ)) {
        g_assert_cmpuint(answer, ==, good ? VIRTIO_NET_OK : VIRTIO_NET_ERR);
        net_control_fuzz_counts.good += good;
        net_control_fuzz_counts.refused += !good;
    }
}

static void set_mode(Input *in)
{
    static const guint8 bits[] = { 1, 2, 4, 8, 16, 32 };
    guint8 how = take(in, 1), cmd = how % 6, on = how & 0x40;
    gboolean good = has(cmd < 2 ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA);

    expect(VIRTIO_NET_CTRL_RX, cmd, &on, 1, good);
    if (good) {
        model.modes = (model.modes & ~bits[cmd]) | (on ? bits[cmd] : 0);
    }
}

static void set_pairs(Input *in)
{
    guint16 pairs = take(in, 1) % 5, le = GUINT16_TO_LE(pairs);
    gboolean good = has(VIRTIO_NET_F_MQ) && pairs >= 1 && pairs <= PAIRS;

    expect(VIRTIO_NET_CTRL_MQ, 0, &le, 2, good);
    model.pairs = good ? pairs : model.pairs;
}

static void set_address(Input *in)
{
    guint8 mac[8] = { 2, 0, 0, 0, take(in, 1), take(in, 1) };
    unsigned len = take(in, 1) % 8 ? 6 : 1 + take(in, 1) % 8;
    gboolean good = has(VIRTIO_NET_F_CTRL_MAC_ADDR) && len == 6;

    expect(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, len, good);
    if (good) {
        memcpy(model.mac, mac, 6);
    }
}

static void set_tables(Input *in)
{
    guint8 data[0x800] = { 0 };
    unsigned first = take(in, 1) % 80, second = take(in, 1) % 80, how = take(in, 1);
    guint32 at = 4 + first * 6, len = at + 4 + second * 6;

    data[0] = first;
    data[at] = second;
    if (how < 40) { /* more than there is */
        data[how % 2 ? 0 : at] += 1 + how;
    }
    expect(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len,
           has(VIRTIO_NET_F_CTRL_RX) && how >= 40);
}

/* A class, a command and data of any kind; or a chain without room. */
static void say_anything(Input *in)
{
    guint8 data[256], class = take(in, 1) % 8, cmd = take(in, 1) % 8;
    unsigned len = take(in, 1), shape = take(in, 1);

    for (unsigned i = 0; i < len; i++) {
        data[i] = take(in, 1);
    }
    say(class, cmd, data, len, shape < 16 ? shape % 2 : 2, shape % 16 ? 1 : 0);
    model.modes = net->filter.modes;
    model.pairs = net->active;
    memcpy(model.mac, net->filter.mac, 6);
    if (is_broken()) {
        net_control_fuzz_counts.broken++;
        restart(0);
    }
}

/* What was saved is loaded again, or what is like it. */
static void move(Input *in)
{
    const StateDesc *desc = net->dev.device.klass->state;
    g_autoptr(GByteArray) saved = g_byte_array_new();
    unsigned how = take(in, 2);

    vm_stop(RUN_STATE_PAUSED);
    g_assert_true(state_save(saved, desc, net, NULL));
    if (how & 1) {
        saved->data[how / 2 % saved->len] ^= 1u << take(in, 1) % 8;
    }
    gboolean good = state_load(saved->data, saved->len, desc, net, NULL);
    g_assert_true(good || (how & 1));
    vm_start();
    net_control_fuzz_counts.loads++;
    net_control_fuzz_counts.bad_loads += !good;
    net_set_link("nic", TRUE);
    if (how & 1) {
        restart(0);
    }
}

static void step(Input *in)
{
    switch (take(in, 1) % 16) {
    case 0 ... 2:
        set_mode(in);
        break;
    case 3 ... 5:
        set_pairs(in);
        break;
    case 6 ... 7:
        set_address(in);
        break;
    case 8 ... 9:
        set_tables(in);
        break;
    case 10:
        move(in);
        break;
    case 11:
        restart(1ull << (16 + take(in, 1) % 8));
        break;
    case 12:
        net_set_link(take(in, 1) % 2 ? "nic" : "t", take(in, 1) % 2);
        break;
    default:
        say_anything(in);
        break;
    }
}

static void check(void)
{
    const NetFilter *f = &net->filter;
    g_autoptr(ConfigNode) told = net_query_rx_filter(NULL, NULL);

    g_assert_cmpuint(f->modes, ==, model.modes);
    g_assert_cmpint(net->active, ==, model.pairs);
    g_assert_cmpmem(f->mac, 6, model.mac, 6);
    g_assert_cmpuint(f->first_multi, <=, f->n_macs);
    g_assert_cmpuint(f->n_macs, <=, NET_FILTER_MACS);
    g_assert_cmpuint(config_list_size(told), ==, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };

    if (!net) {
        set_up();
    }
    restart(0);
    for (unsigned i = 0; i < STEPS && in.left; i++) {
        step(&in);
        check();
    }
    return 0;
}
