/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a slot, from both sides.
 *
 * Plugging presses no button: a guest that is about to find the device by itself would
 * take it for a wish to unplug. Presence and link change instead, which a guest may see
 * as often as it likes. Only a driver that hears of neither has the button pressed, and
 * only while it shows the slot as off. An empty slot has no power, so that a guest that
 * just looks around does not find what its driver has not switched on.
 *
 * The button asks to unplug. The guest answers by switching power and indicator off, and
 * then the functions go; the vCPU that does so waits until they are off the bus. What was
 * not asked for stays, without power, as a card does: a guest also switches off what it
 * believes to be empty, and switches off and on what it has heard of twice. While the
 * indicator blinks the guest is at work on the slot, and would misunderstand the next
 * change.
 */
#include "pci/slot.h"

#include "pci/internal.h"
#include "pci/msi.h"
#include "util/error.h"

#define NUMBER_SHIFT 19

#define CAPABLE                                                                          \
    (PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP | PCI_EXP_SLTCAP_EIP)
#define CONTROL                                                                          \
    (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_CCIE |                   \
     PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_AIC | PCI_EXP_SLTCTL_PIC |                     \
     PCI_EXP_SLTCTL_EIC | PCI_EXP_SLTCTL_DLLSCE)
#define EVENTS                                                                           \
    (PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_CC | PCI_EXP_SLTSTA_DLLSC)

#define CHANGED (PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC)

/* A vCPU that waits for a function to leave its bus. */
typedef struct Held {
    const PciDevice *dev;
    AccessHold *hold;
} Held;

static PciSlot *slot_of(const PciBus *bus)
{
    return bus->bridge ? ((PciBridge *)bus->bridge)->native : NULL;
}

static guint32 get(const PciSlot *s, unsigned reg)
{
    return pci_get(&s->port->pci, s->port->pci.express + reg, 2);
}

static void put(PciSlot *s, unsigned reg, guint32 mask, guint32 value)
{
    guint32 rest = get(s, reg) & ~mask;
    pci_set(&s->port->pci, s->port->pci.express + reg, 2, rest | (value & mask));
}

static guint32 control(const PciSlot *s)
{
    return get(s, PCI_EXP_SLTCTL);
}

static gboolean blinks(guint32 control)
{
    return (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_BLINK;
}

/* Switched off, as a driver leaves a slot when it is done with it. */
static gboolean is_off(const PciSlot *s, guint32 control)
{
    return (!s->power || (control & PCI_EXP_SLTCTL_PCC)) &&
           (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF;
}

gboolean pci_slot_is_off(const PciDevice *bridge)
{
    const PciSlot *s = bridge ? ((const PciBridge *)bridge)->native : NULL;
    return s && s->power && (control(s) & PCI_EXP_SLTCTL_PCC);
}

/* The guest has a driver that hears the button. */
static gboolean listens(const PciSlot *s)
{
    return (control(s) & PCI_EXP_SLTCTL_ABPE) != 0;
}

static gboolean takes_part(const PciSlot *s)
{
    return s && (s->native || listens(s));
}

/* The port's interrupt: 6.7.3.4. A message for each time that there is news. */

static void update_interrupt(PciSlot *s)
{
    static const guint16 rows[][2] = {
        { PCI_EXP_SLTSTA_ABP, PCI_EXP_SLTCTL_ABPE },
        { PCI_EXP_SLTSTA_PDC, PCI_EXP_SLTCTL_PDCE },
        { PCI_EXP_SLTSTA_CC, PCI_EXP_SLTCTL_CCIE },
        { PCI_EXP_SLTSTA_DLLSC, PCI_EXP_SLTCTL_DLLSCE },
    };
    PciDevice *dev = &s->port->pci;
    guint32 ctl = control(s), status = get(s, PCI_EXP_SLTSTA);
    gboolean news = FALSE;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        news = news || ((status & rows[i][0]) && (ctl & rows[i][1]));
    }
    news = news && (ctl & PCI_EXP_SLTCTL_HPIE);
    if (news && !dev->intx_level && pci_msi_enabled(dev)) {
        pci_msi_raise(dev, 0);
    }
    pci_set_intx(dev, news);
}

static void tell(PciSlot *s, guint32 events)
{
    put(s, PCI_EXP_SLTSTA, events, events);
    update_interrupt(s);
}

/* Functions in the slot */

typedef void (*FunctionFn)(PciSlot *s, PciDevice *dev);

static void foreach_function(PciSlot *s, FunctionFn fn)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        PciDevice *dev = s->port->bus->taken[i];
        if (dev && dev->announced && dev->device.klass->hotpluggable) {
            fn(s, dev);
        }
    }
}

static gboolean any_function(const PciSlot *s, gboolean (*is)(const PciDevice *dev))
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        const PciDevice *dev = s->port->bus->taken[i];
        if (dev && dev->announced && is(dev)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_requested(const PciDevice *dev)
{
    return dev->device.unplug == DEVICE_UNPLUG_REQUESTED;
}

static gboolean is_staying(const PciDevice *dev)
{
    return dev->device.unplug != DEVICE_UNPLUG_GOING;
}

/* The guest, or firmware, has made something of it. */
static gboolean is_in_use(const PciDevice *dev)
{
    return (pci_get(dev, PCI_COMMAND, 2) &
            (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)) != 0;
}

static void unplug(PciSlot *s, PciDevice *dev)
{
    device_unplug(&dev->device);
}

static void eject(PciSlot *s, PciDevice *dev)
{
    Held held = { .dev = dev, .hold = access_hold() };
    g_array_append_val(s->held, held);
    device_unplug(&dev->device);
}

static void refuse(PciSlot *s, PciDevice *dev)
{
    dev->unplug_asked = 0;
    device_unplug_refused(&dev->device);
}

static void release(PciSlot *s, const PciDevice *dev)
{
    for (guint i = s->held->len; i-- > 0;) {
        Held held = g_array_index(s->held, Held, i);
        if (held.dev == dev) {
            g_array_remove_index(s->held, i);
            access_release(held.hold);
        }
    }
}

/* What the guest does */

/* One that was asked blinks; when it shines again it has thought better of it. */
static void hear_answer(PciSlot *s, guint32 old, guint32 now)
{
    guint32 was = old & PCI_EXP_SLTCTL_PIC, is = now & PCI_EXP_SLTCTL_PIC;
    if (was == PCI_EXP_SLTCTL_PWR_IND_ON && blinks(now)) {
        s->answering = any_function(s, is_requested);
    } else if (was != is && !blinks(now)) {
        gboolean keeps = s->answering && is == PCI_EXP_SLTCTL_PWR_IND_ON;
        s->answering = FALSE;
        if (keeps) {
            foreach_function(s, refuse);
        }
    }
}

/* What stays in a slot without power begins anew when it is switched on again. */
static void switch_power(PciSlot *s, guint32 old, guint32 now)
{
    if (!is_off(s, old) && is_off(s, now) && any_function(s, is_requested)) {
        foreach_function(s, eject);
    }
    if (s->power && (now & ~old & PCI_EXP_SLTCTL_PCC) && any_function(s, is_staying)) {
        pci_bridge_reset_bus(&s->port->pci);
    }
}

/* A driver that begins clears what it has not seen: it is told once more. */
static void begin_to_listen(PciSlot *s)
{
    if (s->present && pci_slot_is_off(&s->port->pci)) {
        put(s, PCI_EXP_SLTSTA, CHANGED, CHANGED);
    }
    if (any_function(s, is_requested) && !blinks(control(s))) {
        put(s, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_ABP, PCI_EXP_SLTSTA_ABP);
    }
}

static void show_lock(PciSlot *s)
{
    put(s, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_EIC, 0);
    put(s, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_EIS, s->locked ? PCI_EXP_SLTSTA_EIS : 0);
}

static void control_written(PciSlot *s, guint32 old)
{
    guint32 now = control(s);
    if (now & PCI_EXP_SLTCTL_EIC) {
        s->locked = !s->locked;
        show_lock(s);
    }
    hear_answer(s, old, now);
    switch_power(s, old, now);
    if (now & ~old & PCI_EXP_SLTCTL_ABPE) {
        begin_to_listen(s);
    }
    put(s, PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_CC, PCI_EXP_SLTSTA_CC); /* at once */
}

void pci_slot_written(PciSlot *s, unsigned offset, unsigned size, guint32 old)
{
    unsigned at = s->port->pci.express + PCI_EXP_SLTCTL;
    if (pci_touches(offset, size, at, 2)) {
        guint32 before = control(s);
        for (unsigned i = 0; i < size; i++) {
            if (offset + i >= at && offset + i < at + 2) {
                unsigned shift = 8 * (offset + i - at);
                before = (before & ~(0xffu << shift)) | (old >> (8 * i) & 0xff) << shift;
            }
        }
        control_written(s, before);
    }
    if (pci_touches(offset, size, at, 4)) {
        update_interrupt(s);
    }
}

/* What is plugged, and asked for */

/* what: as QEMU calls it. */
static gboolean may(const PciSlot *s, const char *what, GError **errp)
{
    if (!takes_part(s)) {
        return TRUE;
    }
    if (!s->hotplug) {
        const Device *port = &s->port->pci.device;
        return error_set(errp, "%s failed: unsupported by the port device '%s'", what,
                         port->id ? port->id : port->path);
    }
    if (s->locked) {
        return error_set(errp, "slot is electromechanically locked: Device or resource "
                               "busy");
    }
    return !blinks(control(s)) ||
           error_set(errp, "%s failed: guest is busy (power indicator blinking)", what);
}

gboolean pci_slot_may_plug(PciBus *bus, PciDevice *dev, GError **errp)
{
    return may(slot_of(bus), "Hot-plug", errp);
}

gboolean pci_slot_may_unplug(PciBus *bus, GError **errp)
{
    return may(slot_of(bus), "Hot-unplug", errp);
}

/* Only a driver that hears of nothing else has the button pressed. */
static guint32 plug_events(const PciSlot *s)
{
    guint32 ctl = control(s);
    gboolean press = listens(s) && !(ctl & PCI_EXP_SLTCTL_DLLSCE) && is_off(s, ctl);
    return CHANGED | (press ? PCI_EXP_SLTSTA_ABP : 0);
}

static gboolean is_present(const PciSlot *s)
{
    return (get(s, PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS) != 0;
}

void pci_slot_plugged(PciBus *bus, PciDevice *dev)
{
    PciSlot *s = slot_of(bus);
    if (!s || PCI_FUNC(dev->devfn)) {
        return;
    }
    s->present = is_present(s);
    if (!takes_part(s)) { /* nobody would switch it on */
        put(s, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC, 0);
    }
    tell(s, plug_events(s));
}

/* Without power, or where nobody would answer and nobody uses it. */
gboolean pci_slot_lets_go(PciBus *bus)
{
    PciSlot *s = slot_of(bus);
    if (!takes_part(s) ||
        (!is_off(s, control(s)) && (listens(s) || any_function(s, is_in_use)))) {
        return FALSE;
    }
    foreach_function(s, unplug);
    return TRUE;
}

void pci_slot_press(PciBus *bus)
{
    PciSlot *s = slot_of(bus);
    if (takes_part(s)) {
        tell(s, PCI_EXP_SLTSTA_ABP);
    }
}

void pci_slot_unplugged(PciBus *bus, PciDevice *dev)
{
    PciSlot *s = slot_of(bus);
    if (!s) {
        return;
    }
    if (s->present && !is_present(s)) {
        s->present = s->answering = FALSE;
        tell(s, CHANGED);
    }
    release(s, dev);
}

static gboolean request_unplug(PciBus *bus, PciDevice *dev, GError **errp)
{
    if (pci_unplug_too_early(dev, errp) || !pci_slot_may_unplug(bus, errp)) {
        return FALSE;
    }
    if (!pci_slot_lets_go(bus)) {
        pci_unplug_asked(dev);
        pci_slot_press(bus);
    }
    return TRUE;
}

static const PciHotplug hotplug = {
    .pre_plug = pci_slot_may_plug,
    .plugged = pci_slot_plugged,
    .request_unplug = request_unplug,
    .unplugged = pci_slot_unplugged,
};

/* hotplug=off: it says so itself. */
static const PciHotplug no_hotplug = {
    .refuses = TRUE,
    .pre_plug = pci_slot_may_plug,
    .plugged = pci_slot_plugged,
    .request_unplug = request_unplug,
    .unplugged = pci_slot_unplugged,
};

/* Life */

void pci_slot_init(PciSlot *s, PciBridge *port, guint16 number, gboolean hotplug,
                   gboolean power)
{
    PciDevice *dev = &port->pci;
    guint8 at = dev->express;
    *s = (PciSlot){ .port = port, .hotplug = hotplug, .power = power };
    s->held = g_array_new(FALSE, FALSE, sizeof(Held));
    port->native = s;
    pci_set(dev, at + PCI_EXP_FLAGS, 2,
            pci_get(dev, at + PCI_EXP_FLAGS, 2) | PCI_EXP_FLAGS_SLOT);
    pci_set(dev, at + PCI_EXP_SLTCAP, 4,
            (guint32)number << NUMBER_SHIFT | CAPABLE | (power ? PCI_EXP_SLTCAP_PCP : 0) |
                (hotplug ? PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS : 0));
    pci_set_writable(dev, at + PCI_EXP_SLTCTL, 2,
                     CONTROL | (power ? PCI_EXP_SLTCTL_PCC : 0));
    pci_set_write_clears(dev, at + PCI_EXP_SLTSTA, 2, EVENTS);
}

void pci_slot_set_native(PciSlot *s)
{
    s->native = TRUE;
    pci_bus_set_hotplug(s->port->bus, s->hotplug ? &hotplug : &no_hotplug, NULL);
}

void pci_slot_free(PciSlot *s)
{
    if (s->port) {
        s->port->native = NULL;
        g_clear_pointer(&s->held, g_array_unref);
        s->port = NULL;
    }
}

static void show_power(PciSlot *s)
{
    s->present = is_present(s);
    put(s, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PIC,
        s->present ? PCI_EXP_SLTCTL_PWR_IND_ON : PCI_EXP_SLTCTL_PWR_IND_OFF);
    if (s->power) {
        put(s, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC, s->present ? 0 : PCI_EXP_SLTCTL_PCC);
    }
}

void pci_slot_reset(PciSlot *s)
{
    s->locked = s->answering = FALSE;
    show_lock(s);
    put(s, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_AIC, PCI_EXP_SLTCTL_ATTN_IND_OFF);
    show_power(s);
    update_interrupt(s);
}

void pci_slot_filled(PciBus *bus)
{
    PciSlot *s = slot_of(bus);
    if (s) {
        show_power(s);
    }
}

static gboolean has_state(void *opaque)
{
    const PciSlot *s = opaque;
    return s->locked || s->answering;
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    show_lock(opaque);
    return TRUE;
}

static const StateField fields[] = {
    STATE_FIELD("locked", STATE_BOOL, PciSlot, locked),
    STATE_FIELD("answering", STATE_BOOL, PciSlot, answering),
    { NULL },
};

const StateDesc pci_slot_state = {
    .name = "pci-slot",
    .version = 1,
    .fields = fields,
    .needed = has_state,
    .post_load = post_load,
};
