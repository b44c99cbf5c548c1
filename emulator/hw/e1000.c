/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI function: what it says of itself, when it moves packets and when not.
 *
 * wants_to_run() decides; all that may change the answer calls e1000_update(), which also
 * says what the back end is waited for. The transmitter's turns are posted to the main
 * loop for all cards together, so that none has to be there still when that runs.
 */
#include "hw/e1000-internal.h"

#include "accel/run-state.h"
#include "device/boot.h"
#include "util/error.h"

#define VENDOR_INTEL   0x8086
#define DEVICE_82540EM 0x100e
#define REVISION       3

#define MEMORY_BAR 0
#define PORT_BAR   1
#define PORT_SIZE  64

static GSList *cards;
static gboolean posted; /* serve_all() is to come */

/* --- moving packets --- */

static void serve_all(void *opaque);

void e1000_want_tx(E1000 *e)
{
    if (!e->running || e->tx_blocked) {
        return;
    }
    e->wanted = TRUE;
    if (!posted) {
        posted = TRUE;
        event_loop_post(event_loop_main(), serve_all, NULL);
    }
}

static void serve(E1000 *e)
{
    e->wanted = FALSE;
    if (!e1000_transmit(e)) {
        e1000_want_tx(e);
    }
    e1000_update(e);
}

static void serve_all(void *opaque)
{
    posted = FALSE;
    for (GSList *l = cards; l; l = l->next) {
        E1000 *e = l->data;
        if (e->wanted && e->running) {
            serve(e);
        }
    }
}

static void host_ready(void *opaque, GIOCondition ready)
{
    E1000 *e = opaque;

    if (ready & ~G_IO_IN && e->tx_blocked) {
        e->tx_blocked = FALSE;
        e1000_want_tx(e);
    }
    if (ready & ~G_IO_OUT) {
        e1000_receive(e);
    }
    e1000_update(e);
}

/* --- running --- */

static gboolean wants_to_run(const E1000 *e)
{
    return !e->frozen && !e->no_dma && vm_running() && !device_resetting();
}

/* While the link is down frames are taken to be lost. */
static GIOCondition waits_for(const E1000 *e)
{
    gboolean in = !e->rx_failed && (e1000_rx_ready(e) || !e1000_link_up(e));

    return e->running ? (in ? G_IO_IN : 0) | (e->tx_blocked ? G_IO_OUT : 0) : 0;
}

void e1000_update(E1000 *e)
{
    gboolean was = e->running;

    e->running = wants_to_run(e);
    if (e->running && !was) {
        e->rx_failed = e->tx_blocked = FALSE;
        e1000_tx_tail(e);
    }
    if (e->queue) {
        net_queue_wait(e->queue, waits_for(e));
    }
    if (e1000_may_announce(e) && !timer_armed(e->announcer)) {
        /* On the main loop: a vCPU, by which the driver starts it, sends nothing. */
        timer_arm(e->announcer, clock_now(CLOCK_TYPE_REALTIME));
    }
}

/*
 * Going on ends a freeze that neither a reset nor an unplug has ended: a migration that
 * did not take place.
 */
static void run_state_changed(gboolean running, void *opaque)
{
    for (GSList *l = cards; l; l = l->next) {
        E1000 *e = l->data;
        if (running && !device_is_held(&e->pci.device)) {
            e->frozen = FALSE;
        }
        e1000_update(e);
    }
}

/* Nothing is in flight: what has been taken is in the FIFO or has gone. */
static void e1000_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    E1000 *e = (E1000 *)device;

    e->frozen = TRUE;
    e1000_update(e);
    done(opaque);
}

static void e1000_stop_dma(PciDevice *dev, void (*done)(void *opaque), void *opaque)
{
    E1000 *e = (E1000 *)dev;

    e->no_dma = TRUE;
    e1000_update(e);
    done(opaque);
}

static void e1000_start_dma(PciDevice *dev)
{
    E1000 *e = (E1000 *)dev;

    e->no_dma = FALSE;
    e1000_update(e);
}

/* --- life --- */

static const NetNicOps nic_ops = { .link_changed = e1000_cable_changed };

static gboolean connect_net(E1000 *e, GError **errp)
{
    e->net = e->netdev ? net_backend_find(e->netdev) : NULL;
    if (e->netdev && !e->net) {
        return error_set(errp, "Property 'e1000.netdev' can't find value '%s'",
                         e->netdev);
    }
    e->header = e->net && net_backend_has_header(e->net) ? E1000_NET_HEADER : 0;
    e->nic = net_nic_new(&e->pci.device, e->net, &nic_ops, e, errp);
    if (!e->nic) {
        return FALSE; /* it may be another card's: nothing has changed for that one */
    }
    if (e->net && !net_backend_set_header(e->net, E1000_NET_HEADER, 0, errp)) {
        net_nic_free(e->nic);
        return FALSE;
    }
    return TRUE;
}

static void start_life(E1000 *e)
{
    EventLoop *loop = event_loop_main();

    net_nic_default_mac(e->mac);
    e1000_eeprom_make(e);
    e->no_dma = TRUE;
    e->rx_buffer = g_malloc(E1000_BUFFER);
    e->throttle = timer_new(loop, CLOCK_TYPE_VIRTUAL, e1000_throttle_ended, e);
    e->negotiation = timer_new(loop, CLOCK_TYPE_VIRTUAL, e1000_negotiated, e);
    e->announcer = timer_new(loop, CLOCK_TYPE_REALTIME, e1000_announce, e);
    if (e->net) {
        e->queue = net_queue_open(e->net, 0, loop, host_ready, e);
    }
    if (!cards) {
        run_state_subscribe(run_state_changed, NULL);
    }
    cards = g_slist_append(cards, e);
}

static gboolean e1000_realize(Device *device, GError **errp)
{
    E1000 *e = (E1000 *)device;

    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    if (!connect_net(e, errp)) {
        pci_device_unrealize(device);
        return FALSE;
    }
    start_life(e);
    pci_add_bar(&e->pci, MEMORY_BAR, 0,
                region_new_io("e1000", E1000_MEMORY_SIZE, &e1000_memory_ops, e),
                E1000_MEMORY_SIZE);
    pci_add_bar(&e->pci, PORT_BAR, PCI_BAR_IO,
                region_new_io("e1000-io", PORT_SIZE, &e1000_port_ops, e), PORT_SIZE);
    return TRUE;
}

static void e1000_unrealize(Device *device)
{
    E1000 *e = (E1000 *)device;

    cards = g_slist_remove(cards, e);
    if (!cards) {
        run_state_unsubscribe(run_state_changed, NULL);
    }
    if (e->queue) {
        net_queue_close(e->queue);
    }
    net_nic_free(e->nic);
    timer_free(e->throttle);
    timer_free(e->negotiation);
    timer_free(e->announcer);
    g_free(e->rx_buffer);
    g_free(e->loop_buffer);
    g_free(e->tx.data);
    pci_device_unrealize(device);
}

static void e1000_reset(Device *device)
{
    E1000 *e = (E1000 *)device;

    pci_device_reset(device);
    e->no_dma = TRUE;
    e->frozen = FALSE;
    e->port_address = 0;
    e->reg[E1000_STATUS] = net_nic_link_up(e->nic) ? STATUS_LU : 0;
    e1000_registers_reset(e);
    e1000_phy_reset(e);
    e1000_update(e);
}

static char *e1000_boot_name(const Device *device)
{
    g_autofree char *function = pci_device_class.device.boot_name(device);

    return g_strconcat(function, "/ethernet-phy@0", NULL);
}

static const Property properties[] = {
    { "netdev", PROP_STRING, offsetof(E1000, netdev),
      .help = "id of the network back end; without one there is nobody to talk to" },
    { "mac", PROP_MAC, offsetof(E1000, mac), .guest = TRUE,
      .help = "address; default: 52:54:00:12:34:56 and on" },
    { "autonegotiation", PROP_BOOL, offsetof(E1000, autonegotiation), "on", .guest = TRUE,
      .help = "the PHY negotiates, for half a second" },
    { "mitigation", PROP_BOOL, offsetof(E1000, mitigation), "on", .guest = TRUE,
      .help = "interrupts are throttled" },
    { "extra_mac_registers", PROP_BOOL, offsetof(E1000, extra), "on", .guest = TRUE,
      .help = "wake-up, diagnostics and all statistics are there" },
    PROPERTY_BOOTINDEX(E1000, bootindex),
    PROPERTY_ONLY("migrate_tso_props", PROP_BOOL, "on"),
    PROPERTY_ONLY("init-vet", PROP_BOOL, "on"),
    { NULL },
};

const PciDeviceClass e1000_class = {
    .device = {
        .name = "e1000",
        .alias = "e1000-82540em",
        .bus = PCI_BUS_TYPE,
        .desc = "Intel Gigabit Ethernet",
        .instance_size = sizeof(E1000),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &e1000_state,
        .parent = &pci_device_class.device,
        .realize = e1000_realize,
        .reset = e1000_reset,
        .quiesce = e1000_quiesce,
        .unrealize = e1000_unrealize,
        .boot_name = e1000_boot_name,
    },
    .vendor_id = VENDOR_INTEL,
    .device_id = DEVICE_82540EM,
    .revision = REVISION,
    .class_code = 0x020000, /* Ethernet */
    .intx = 1,
    .romfile = "efi-e1000.rom",
    .stop_dma = e1000_stop_dma,
    .start_dma = e1000_start_dma,
};
