/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The function: what it says of itself, when it takes commands and when not, its rows.
 *
 * One function decides whether it should run (wants_to_run()); all that may change the
 * answer calls ahci_update(). Stopping is asynchronous. Commands are taken by one piece
 * of work that is posted to the main loop for all controllers together, so that none has
 * to be there still when it runs.
 */
#include "ide/ahci-internal.h"

#include "accel/run-state.h"
#include "event/turn.h"
#include "pci/msi.h"
#include "util/error.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_AHCI  0x2922
#define REVISION     2

/* Where the ICH9 has them. */
#define MSI_CAP       0x80
#define SATA_CAP      0xa8
#define SATA_CAP_SIZE 8
#define SATA_REVISION 0x10
#define SATA_PAIR     0x48 /* BAR 4, dword 4 */
#define MAP           0x90
#define MAP_AHCI      0x40
#define PAIR_BAR      4
#define PAIR_SIZE     32
#define MEMORY_BAR    5

static GSList *hbas;
static gboolean posted; /* serve_all() is to come */

/* --- taking commands --- */

static void serve_all(void *opaque);

static void post(void)
{
    if (!posted) {
        posted = TRUE;
        event_loop_post(event_loop_main(), serve_all, NULL);
    }
}

void ahci_want(AhciHba *h)
{
    if (h->running && !h->wanted) {
        h->wanted = TRUE;
        post();
    }
}

/* The next turn goes on with the port that this one has not come to. */
static void serve(AhciHba *h)
{
    h->wanted = FALSE;
    for (unsigned i = 0; i < AHCI_PORTS && h->running; i++) {
        if (!ahci_port_serve(&h->ports[h->next_port])) {
            ahci_want(h);
            return;
        }
        h->next_port = (h->next_port + 1) % AHCI_PORTS;
    }
}

static void serve_all(void *opaque)
{
    posted = FALSE;
    for (GSList *l = hbas; l; l = l->next) {
        AhciHba *h = l->data;
        if (h->wanted) {
            serve(h);
        }
    }
}

/* --- running --- */

static gboolean wants_to_run(const AhciHba *h)
{
    return !h->frozen && !h->no_dma && !h->resetting && vm_running() &&
           !device_resetting();
}

/* Something is in flight, or who waits for that is still to be told. */
static gboolean is_busy(const AhciHba *h)
{
    return h->in_flight || h->ending;
}

void ahci_update(AhciHba *h)
{
    if (!h->running && !is_busy(h) && wants_to_run(h)) {
        h->running = TRUE;
        for (unsigned i = 0; i < AHCI_PORTS; i++) {
            h->ports[i].held = FALSE;
        }
        ahci_want(h);
    }
}

static GSList *add_wait(GSList *waits, void (*done)(void *opaque), void *opaque)
{
    AhciWait *w = g_new(AhciWait, 1);

    *w = (AhciWait){ done, opaque };
    return g_slist_prepend(waits, w);
}

static void end_waits(GSList **waits)
{
    GSList *all = g_slist_reverse(g_steal_pointer(waits));

    for (GSList *l = all; l; l = l->next) {
        AhciWait *w = l->data;
        w->done(w->opaque);
    }
    g_slist_free_full(all, g_free);
}

static void mark(AhciPort *port, gboolean drop)
{
    for (unsigned i = 0; i < AHCI_SLOTS; i++) {
        AhciCommand *c = port->commands[i];
        if (c) {
            c->cmd.stopping = TRUE;
            c->dropped = c->dropped || drop;
        }
    }
}

void ahci_drop_all(AhciHba *h)
{
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        mark(&h->ports[i], TRUE);
    }
}

void ahci_stop(AhciHba *h, void (*done)(void *opaque), void *opaque)
{
    h->running = h->wanted = FALSE;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        mark(&h->ports[i], FALSE);
    }
    if (is_busy(h) && !h->holding) {
        h->holding = TRUE;
        vm_quiesce_hold();
    }
    if (is_busy(h) && done) {
        h->waits = add_wait(h->waits, done, opaque);
    } else if (done) {
        done(opaque);
    }
}

void ahci_port_drain(AhciPort *port, void (*done)(void *opaque), void *opaque)
{
    if (port->in_flight == 0 && !port->draining) {
        done(opaque);
        return;
    }
    mark(port, TRUE);
    port->draining++;
    port->waits = add_wait(port->waits, done, opaque);
}

static void port_drained(AhciPort *port)
{
    port->draining = 0;
    end_waits(&port->waits);
}

/* Who waits may be the one who takes the function away. */
static void all_ended(AhciHba *h)
{
    if (h->holding) {
        h->holding = FALSE;
        vm_quiesce_release();
    }
    end_waits(&h->waits);
    if (h->pci.device.realized) {
        ahci_update(h);
    }
}

static void tell_ended(void *opaque)
{
    AhciHba *h = opaque;

    h->ending = FALSE;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        AhciPort *port = &h->ports[i];
        if (port->draining && port->in_flight == 0) {
            port_drained(port);
        }
    }
    if (!h->running && h->in_flight == 0) {
        all_ended(h);
    }
    device_unref(&h->pci.device);
}

/* The block layer still has the node in its hands, of which an unplug lets go. */
void ahci_ended(AhciPort *port)
{
    AhciHba *h = port->hba;
    gboolean drained = port->draining && port->in_flight == 0;

    if (!h->ending && (drained || (!h->running && h->in_flight == 0))) {
        h->ending = TRUE;
        device_ref(&h->pci.device);
        event_loop_post(event_loop_main(), tell_ended, h);
    }
    if (port->ci || port->redo) {
        ahci_want(h);
    }
}

/*
 * Going on ends a freeze that neither a reset nor an unplug has ended: a migration that
 * did not take place.
 */
static void run_state_changed(gboolean running, void *opaque)
{
    for (GSList *l = hbas; l; l = l->next) {
        AhciHba *h = l->data;
        if (!running) {
            ahci_stop(h, NULL, NULL);
        } else {
            if (!device_is_held(&h->pci.device)) {
                h->frozen = FALSE;
            }
            ahci_update(h);
        }
    }
}

static void ahci_quiesce(Device *device, void (*done)(void *opaque), void *opaque)
{
    AhciHba *h = (AhciHba *)device;

    h->frozen = TRUE;
    ahci_stop(h, done, opaque);
}

static void ahci_stop_dma(PciDevice *dev, void (*done)(void *opaque), void *opaque)
{
    AhciHba *h = (AhciHba *)dev;

    h->no_dma = TRUE;
    ahci_stop(h, done, opaque);
}

static void ahci_start_dma(PciDevice *dev)
{
    AhciHba *h = (AhciHba *)dev;

    h->no_dma = FALSE;
    ahci_update(h);
}

/* What is pending is told of in the new way, too. */
static void ahci_interrupts_changed(PciDevice *dev)
{
    AhciHba *h = (AhciHba *)dev;

    if (h->asserted) {
        ahci_update_irq(h, TRUE);
    }
}

/* --- life --- */

static gboolean is_taken(const char *name)
{
    return bus_find(name) != NULL;
}

/* "ID.0"; without an id the board's numbers go on, as QEMU's do. */
static void make_ports(AhciHba *h)
{
    const char *id = h->pci.device.id;
    unsigned first = 0;

    for (gboolean taken = !id; taken;) {
        g_autofree char *name = g_strdup_printf("ide.%u", first);
        taken = is_taken(name);
        first += taken ? AHCI_PORTS : 0;
    }
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        AhciPort *port = &h->ports[i];
        g_autofree char *name =
            id ? g_strdup_printf("%s.%u", id, i) : g_strdup_printf("ide.%u", first + i);
        *port = (AhciPort){ .hba = h };
        ide_port_init(&port->ide, name, &h->pci.device, port);
        port->ide.number = (guint8)i;
    }
}

static void add_registers(AhciHba *h)
{
    PciDevice *pci = &h->pci;

    pci_set(pci, pci_add_capability(pci, PCI_CAP_ID_SATA, SATA_CAP, SATA_CAP_SIZE) + 2, 2,
            SATA_REVISION);
    pci_set(pci, SATA_CAP + 4, 4, SATA_PAIR);
    pci_msi_init_plain(pci, 1, MSI_CAP);
    pci_set(pci, MAP, 1, MAP_AHCI);
    pci_add_bar(pci, PAIR_BAR, PCI_BAR_IO,
                region_new_io("ahci-idp", PAIR_SIZE, &ahci_pair_ops, h), PAIR_SIZE);
    pci_add_bar(pci, MEMORY_BAR, 0,
                region_new_io("ahci", AHCI_BAR_SIZE, &ahci_memory_ops, h), AHCI_BAR_SIZE);
}

static gboolean ahci_realize(Device *device, GError **errp)
{
    AhciHba *h = (AhciHba *)device;

    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    h->no_dma = TRUE;
    make_ports(h);
    add_registers(h);
    if (!hbas) {
        run_state_subscribe(run_state_changed, NULL);
    }
    hbas = g_slist_append(hbas, h);
    return TRUE;
}

static void ahci_unrealize(Device *device)
{
    AhciHba *h = (AhciHba *)device;

    hbas = g_slist_remove(hbas, h);
    if (!hbas) {
        run_state_unsubscribe(run_state_changed, NULL);
    }
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        ide_port_finalize(&h->ports[i].ide);
    }
    ahci_free_commands(h);
    pci_device_unrealize(device);
}

static void ahci_reset(Device *device)
{
    AhciHba *h = (AhciHba *)device;

    pci_device_reset(device);
    h->no_dma = TRUE;
    h->frozen = FALSE;
    h->control = CONTROL_ENABLE;
    h->index = 0;
    for (unsigned i = 0; i < AHCI_PORTS; i++) {
        h->ports[i].clb = h->ports[i].fb = 0;
        ahci_port_reset(&h->ports[i]);
    }
    ahci_update_irq(h, FALSE);
}

/* --- rows --- */

static const StateField port_fields[] = {
    STATE_FIELD("clb", STATE_U64, AhciPort, clb),
    STATE_FIELD("fb", STATE_U64, AhciPort, fb),
    STATE_FIELD("is", STATE_U32, AhciPort, is),
    STATE_FIELD("ie", STATE_U32, AhciPort, ie),
    STATE_FIELD("cmd", STATE_U32, AhciPort, cmd),
    STATE_FIELD("tfd", STATE_U32, AhciPort, tfd),
    STATE_FIELD("sig", STATE_U32, AhciPort, sig),
    STATE_FIELD("sctl", STATE_U32, AhciPort, sctl),
    STATE_FIELD("serr", STATE_U32, AhciPort, serr),
    STATE_FIELD("sact", STATE_U32, AhciPort, sact),
    STATE_FIELD("ci", STATE_U32, AhciPort, ci),
    STATE_FIELD("last-slot", STATE_U8, AhciPort, last_slot, .limit = AHCI_SLOTS - 1),
    STATE_FIELD("halted", STATE_BOOL, AhciPort, halted),
    STATE_FIELD("soft-reset", STATE_BOOL, AhciPort, soft_reset),
    STATE_FIELD("signed-on", STATE_BOOL, AhciPort, signed_on),
    STATE_FIELD("redo", STATE_U32, AhciPort, redo, .optional = TRUE),
    { NULL },
};

static const StateDesc port_state = { .name = "ahci-port",
                                      .version = 1,
                                      .fields = port_fields };

static gboolean ahci_post_load(void *opaque, guint32 version, GError **errp)
{
    AhciHba *h = opaque;

    h->control = CONTROL_ENABLE | (h->control & CONTROL_IE);
    h->asserted = TRUE; /* no message for what is known: those are in the vectors */
    ahci_update_irq(h, FALSE);
    return TRUE;
}

static const StateField fields[] = {
    STATE_FIELD("control", STATE_U32, AhciHba, control),
    STATE_FIELD("index", STATE_U32, AhciHba, index, .limit = AHCI_BAR_SIZE - 4),
    STATE_ARRAY("ports", STATE_STRUCT, AhciHba, ports, AHCI_PORTS, .nested = &port_state,
                .stride = sizeof(AhciPort)),
    { NULL },
};

static const StateDesc state = {
    .name = "ich9-ahci", .version = 1, .fields = fields, .post_load = ahci_post_load
};

const PciDeviceClass ahci_class = {
    .device = {
        .name = "ich9-ahci",
        .alias = "ahci",
        .bus = PCI_BUS_TYPE,
        .desc = "ICH9 SATA controller (AHCI)",
        .instance_size = sizeof(AhciHba),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .state = &state,
        .parent = &pci_device_class.device,
        .realize = ahci_realize,
        .reset = ahci_reset,
        .quiesce = ahci_quiesce,
        .unrealize = ahci_unrealize,
    },
    .vendor_id = VENDOR_INTEL,
    .device_id = DEVICE_AHCI,
    .revision = REVISION,
    .class_code = 0x010601, /* SATA, AHCI */
    .intx = 1,
    .stop_dma = ahci_stop_dma,
    .start_dma = ahci_start_dma,
    .interrupts_changed = ahci_interrupts_changed,
};
