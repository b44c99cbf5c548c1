/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI function: what it says of itself, when it runs, and its turns.
 *
 * wants_to_run() decides; all that may change the answer calls xhci_update(). Turns are
 * posted to the main loop for all controllers together, so that none has to be there
 * still when that runs.
 */
#include "usb/xhci-internal.h"

#include "accel/run-state.h"
#include "event/turn.h"
#include "pci/bus.h"
#include "pci/express.h"
#include "pci/msix.h"
#include "util/error.h"

#define DEVICE_XHCI 0x000d /* of Red Hat */
#define REVISION    1
#define MEMORY_BAR  0
#define SBRN        0x60 /* 5.2.3: the release of the bus */
#define SBRN_3_0    0x30
#define MSIX_CAP    0x90
#define EXPRESS_CAP 0xa0

static GSList *controllers;
static gboolean posted; /* serve_all() is to come */

/* --- turns --- */

static void serve_all(void *opaque);

void xhci_want(Xhci *x)
{
    if (!x->running) {
        return;
    }
    x->wanted = TRUE;
    if (!posted) {
        posted = TRUE;
        event_loop_post(event_loop_main(), serve_all, NULL);
    }
}

void xhci_kick(Xhci *x, XhciSlot *slot, guint32 bits)
{
    slot->kicked |= bits;
    xhci_want(x);
}

void xhci_kick_all(Xhci *x)
{
    for (unsigned i = 1; i <= XHCI_SLOTS; i++) {
        if (x->slots[i]) {
            x->slots[i]->kicked = ~1u;
        }
    }
    xhci_want(x);
}

/* TRUE: the turn is over, and there is more. What is blocked stays kicked. */
static gboolean serve_endpoint(Xhci *x, XhciSlot *slot, unsigned index)
{
    XhciStep step = STEP_MORE;

    while (step == STEP_MORE && x->running) {
        if (turn_over()) {
            return TRUE;
        }
        step = xhci_endpoint_step(x, slot, index);
    }
    if (step == STEP_IDLE) {
        slot->kicked &= ~(1u << index);
    }
    return FALSE;
}

static gboolean serve_slot(Xhci *x, XhciSlot *slot)
{
    guint32 bits = slot->kicked;

    while (bits) {
        unsigned index = (unsigned)__builtin_ctz(bits);

        bits &= bits - 1;
        if (serve_endpoint(x, slot, index)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The next turn begins with the slot behind the one that this one has come to. */
static gboolean serve_slots(Xhci *x)
{
    for (unsigned n = 0; n < XHCI_SLOTS; n++) {
        unsigned i = (x->next_slot + n) % XHCI_SLOTS;
        XhciSlot *slot = x->slots[i + 1];

        if (slot && serve_slot(x, slot)) {
            x->next_slot = (i + 1) % XHCI_SLOTS;
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE: the turn is over, and there is more. */
static gboolean serve_commands(Xhci *x)
{
    while (x->running) {
        if (turn_over()) {
            return TRUE;
        }
        if (xhci_command_step(x) != STEP_MORE) {
            return FALSE;
        }
    }
    return FALSE;
}

static void tell_wrap(Xhci *x)
{
    XhciTrb trb = { .status = (guint32)CC_SUCCESS << 24,
                    .control = TRB_WRAP_EVENT << 10 };

    if (x->wrap_tell && xhci_event_room(x, 0, 1)) {
        x->wrap_tell = FALSE;
        xhci_event(x, 0, &trb, FALSE);
    }
}

/* Where the primary ring has no room, nothing of the ports or of commands is done. */
static void serve(Xhci *x)
{
    gboolean more = FALSE;

    x->wanted = FALSE;
    if (xhci_ports_tell(x)) {
        tell_wrap(x);
        more = serve_commands(x);
    }
    more = serve_slots(x) || more;
    if (more) {
        xhci_want(x);
    }
}

static void serve_all(void *opaque)
{
    posted = FALSE;
    for (GSList *l = controllers; l; l = l->next) {
        Xhci *x = l->data;
        if (x->wanted && x->running) {
            serve(x);
        }
    }
}

/* --- running --- */

static gboolean wants_to_run(const Xhci *x)
{
    return !(x->usbsts & STS_HCH) && !x->frozen && !x->no_dma && vm_running() &&
           !device_resetting();
}

void xhci_update(Xhci *x)
{
    gboolean was = x->running;

    x->running = wants_to_run(x);
    if (x->running && !was) {
        x->command_kicked = x->command_running;
        xhci_kick_all(x);
    }
}

/*
 * Going on ends a freeze that neither a reset nor an unplug has ended: a migration that
 * did not take place.
 */
static void run_state_changed(gboolean running, void *opaque)
{
    for (GSList *l = controllers; l; l = l->next) {
        Xhci *x = l->data;
        if (running && !device_is_held(&x->pci.device)) {
            x->frozen = FALSE;
        }
        xhci_update(x);
    }
}

/* Nothing is in flight: what waits for a device is in the guest's rings. */
static void xhci_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    Xhci *x = (Xhci *)device;

    x->frozen = TRUE;
    xhci_update(x);
    done(opaque);
}

static void xhci_stop_dma(PciDevice *dev, void (*done)(void *opaque), void *opaque)
{
    Xhci *x = (Xhci *)dev;

    x->no_dma = TRUE;
    xhci_update(x);
    done(opaque);
}

static void xhci_start_dma(PciDevice *dev)
{
    Xhci *x = (Xhci *)dev;

    x->no_dma = FALSE;
    xhci_update(x);
}

static void xhci_interrupts_changed(PciDevice *dev)
{
    xhci_update_irq((Xhci *)dev);
}

/* --- the bus --- */

static void device_ready(void *opaque, UsbDevice *dev, guint8 endpoint)
{
    Xhci *x = opaque;

    for (unsigned i = 1; i <= XHCI_SLOTS; i++) {
        XhciSlot *slot = x->slots[i];

        if (slot && xhci_slot_device(x, slot) == dev) {
            xhci_kick(x, slot, 1u << (2 * endpoint + 1));
        }
    }
}

/* "ID.0"; without an id the next of "usb-bus.0" and so on. */
static char *bus_name(const Device *device)
{
    if (device->id) {
        return g_strdup_printf("%s.0", device->id);
    }
    for (unsigned n = 0;; n++) {
        g_autofree char *name = g_strdup_printf("usb-bus.%u", n);
        if (!bus_find(name)) {
            return g_steal_pointer(&name);
        }
    }
}

/* --- life --- */

static gboolean check_ports(const Xhci *x, GError **errp)
{
    const struct {
        const char *name;
        guint32 n;
    } counts[] = { { "p2", x->p2 }, { "p3", x->p3 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        if (counts[i].n > XHCI_ROOT_PORTS) {
            return error_set(errp, "Property 'qemu-xhci.%s' value '%u' is above %u",
                             counts[i].name, counts[i].n, XHCI_ROOT_PORTS);
        }
    }
    return x->p2 || x->p3 ||
           error_set(errp, "Properties 'qemu-xhci.p2' and 'qemu-xhci.p3': no ports");
}

static void add_registers(Xhci *x)
{
    PciDevice *pci = &x->pci;

    pci_set(pci, SBRN, 1, SBRN_3_0);
    pci_add_bar(pci, MEMORY_BAR, PCI_BAR_64,
                region_new_io("xhci", XHCI_BAR_SIZE, &xhci_ops, x), XHCI_BAR_SIZE);
    if (pci->bus->express) {
        pci_add_express_endpoint(pci, EXPRESS_CAP);
    }
    msix_init(pci, XHCI_INTERRUPTERS, MSIX_CAP, MEMORY_BAR, XHCI_MSIX_TABLE, MEMORY_BAR,
              XHCI_MSIX_PBA);
}

static gboolean xhci_realize(Device *device, GError **errp)
{
    Xhci *x = (Xhci *)device;
    g_autofree char *name = bus_name(device);

    if (!check_ports(x, errp) || !pci_device_realize(device, errp)) {
        return FALSE;
    }
    x->no_dma = TRUE;
    x->usbsts = STS_HCH;
    x->wrap = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, xhci_wrapped, x);
    x->bus = usb_bus_new(name, device, device_ready, x);
    xhci_ports_make(x);
    add_registers(x);
    if (!controllers) {
        run_state_subscribe(run_state_changed, NULL);
    }
    controllers = g_slist_append(controllers, x);
    return TRUE;
}

static void xhci_unrealize(Device *device)
{
    Xhci *x = (Xhci *)device;

    controllers = g_slist_remove(controllers, x);
    if (!controllers) {
        run_state_unsubscribe(run_state_changed, NULL);
    }
    x->running = FALSE;
    xhci_slots_free(x);
    xhci_state_free(x);
    for (unsigned i = 0; i < x->n_sockets; i++) {
        usb_port_remove(&x->sockets[i]);
    }
    usb_bus_free(x->bus);
    timer_free(x->wrap);
    pci_device_unrealize(device);
}

static void xhci_reset(Device *device)
{
    Xhci *x = (Xhci *)device;

    pci_device_reset(device);
    x->no_dma = TRUE;
    x->frozen = FALSE;
    xhci_controller_reset(x);
}

static const Property properties[] = {
    { "p2", PROP_U32, offsetof(Xhci, p2), "4", .guest = TRUE,
      .help = "ports of USB 2, up to 15" },
    { "p3", PROP_U32, offsetof(Xhci, p3), "4", .guest = TRUE,
      .help = "ports of USB 3, up to 15" },
    { "streams", PROP_BOOL, offsetof(Xhci, streams), "on", .guest = TRUE,
      .help = "say that there are streams, which no device here has" },
    { NULL },
};

const PciDeviceClass xhci_class = {
    .device = {
        .name = "qemu-xhci",
        .bus = PCI_BUS_TYPE,
        .desc = "USB 3 host controller (xHCI)",
        .instance_size = sizeof(Xhci),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &xhci_state,
        .parent = &pci_device_class.device,
        .realize = xhci_realize,
        .reset = xhci_reset,
        .quiesce = xhci_quiesce,
        .unrealize = xhci_unrealize,
    },
    .vendor_id = PCI_VENDOR_REDHAT,
    .device_id = DEVICE_XHCI,
    .revision = REVISION,
    .class_code = 0x0c0330, /* USB, xHCI */
    .intx = 1,
    .stop_dma = xhci_stop_dma,
    .start_dma = xhci_start_dma,
    .interrupts_changed = xhci_interrupts_changed,
};
