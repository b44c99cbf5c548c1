/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI Generic Event Device (ACPI 6.5, 5.6.9) with the sleep and reset registers
 * of a hardware-reduced machine.
 *
 * An event sets its bit and raises the interrupt; the guest's _EVT method reads the
 * bits, which clears them, and notifies. A slot that has once been shown as present
 * stays so until the next reset, since guests do not let go of what they have found.
 */
#include "config.h"

#include "hw/ged.h"

#include "accel/run-state.h"
#include "device/aml.h"
#include "memory/address-map.h"

#define SLP_TYP_SHIFT 2
#define SLP_TYP_MASK  7
#define SLP_EN        0x20

typedef struct Ged {
    Device dev;
    guint32 address;
    unsigned gsi;
    IrqLine *line;
    Region *region;
    guint32 events;
    guint32 present; /* slots that hold a device now; their owner says so */
    guint32 shown;   /* and those that the guest may have found since the reset */
} Ged;

static gboolean ged_pending(void *opaque)
{
    return ((Ged *)opaque)->events != 0;
}

static void raise_event(Ged *s, guint32 event)
{
    s->events |= event;
    irq_line_pulse(s->line);
}

static guint64 ged_read(void *opaque, guint64 offset, unsigned size)
{
    Ged *s = opaque;
    guint32 events;

    switch (offset) {
    case GED_EVENTS:
        events = s->events;
        s->events = 0;
        return events;
    case GED_PRESENT:
        return s->shown;
    }
    return 0;
}

static void ged_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    switch (offset) {
    case GED_SLEEP_CTL:
        if ((value & SLP_EN) &&
            ((value >> SLP_TYP_SHIFT) & SLP_TYP_MASK) == GED_SLEEP_S5) {
            vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
        }
        break;
    case GED_RESET:
        if (value == GED_RESET_VALUE) {
            vm_request_reset(SHUTDOWN_GUEST_RESET);
        }
        break;
    }
}

static const RegionOps ged_ops = {
    .read = ged_read,
    .write = ged_write,
    .min_size = 1,
    .max_size = 4,
};

void ged_set_wiring(Device *dev, guint32 address, IrqLine *line, unsigned gsi)
{
    Ged *s = (Ged *)dev;

    s->address = address;
    s->line = line;
    s->gsi = gsi;
}

void ged_press_power_button(Device *dev)
{
    raise_event((Ged *)dev, GED_EVENT_POWER_BUTTON);
}

void ged_set_present(Device *dev, unsigned slot, gboolean present, gboolean announce)
{
    Ged *s = (Ged *)dev;

    g_assert(slot < GED_MAX_SLOTS);
    s->present = (s->present & ~(1u << slot)) | (guint32) !!present << slot;
    s->shown |= s->present;
    if (announce) {
        raise_event(s, GED_EVENT_BUS_CHECK);
    }
}

static void ged_reset(Device *dev)
{
    Ged *s = (Ged *)dev;

    s->events = 0;
    s->shown = s->present;
}

static gboolean ged_realize(Device *dev, GError **errp)
{
    Ged *s = (Ged *)dev;

    s->region = region_new_io("acpi-ged", GED_SIZE, &ged_ops, s);
    if (!address_map_put(address_map_memory(), &s->region, s->address, errp)) {
        return FALSE;
    }
    irq_line_set_pending(s->line, ged_pending, s);
    return TRUE;
}

static void ged_unrealize(Device *dev)
{
    Ged *s = (Ged *)dev;

    irq_line_set_pending(s->line, NULL, NULL);
    address_map_take(&s->region);
}

/* The _STA methods of the slots' container \_SB.VIO_ read PRES. */
static void ged_aml(const Device *dev, Aml *scope)
{
    const Ged *s = (const Ged *)dev;
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device GED_");
    G_STATIC_ASSERT(GED_EVENTS == 0 && GED_PRESENT == 4);
    aml_code(scope, "Name _HID 'ACPI0013' Name _UID 0");
    aml_resource_gsi(r, AML_EDGE_HIGH, (guint32[]){ s->gsi }, 1);
    aml_resources_end(r, scope, "_CRS");
    aml_code(scope,
             "OperationRegion REGS SystemMemory %u 8"
             " Field REGS DWordAcc { EVTS:32 PRES:32 }"
             " Method _EVT 1s { Store EVTS Local0"
             " If And Local0 %u _ { Notify \\_SB.PWRB 0x80 }"
             " If And Local0 %u _ { Notify \\_SB.VIO_ 0 } }",
             s->address, GED_EVENT_POWER_BUTTON, GED_EVENT_BUS_CHECK);
    aml_end(scope, start);
    aml_code(scope, "Device PWRB { Name _HID eisa:PNP0C0C Name _UID 0 }");
}

static gboolean ged_post_load(void *opaque, guint32 version, GError **errp)
{
    Ged *s = opaque;

    s->shown |= s->present;
    return TRUE;
}

static const StateField ged_fields[] = {
    STATE_FIELD("events", STATE_U32, Ged, events,
                .limit = GED_EVENT_POWER_BUTTON | GED_EVENT_BUS_CHECK),
    STATE_FIELD("shown", STATE_U32, Ged, shown),
    { NULL },
};

static const StateDesc ged_state = {
    .name = "acpi-ged",
    .version = 1,
    .fields = ged_fields,
    .post_load = ged_post_load,
};

const DeviceClass ged_class = {
    .name = "acpi-ged",
    .desc = "ACPI Generic Event Device",
    .instance_size = sizeof(Ged),
    .state = &ged_state,
    .realize = ged_realize,
    .reset = ged_reset,
    .unrealize = ged_unrealize,
    .aml = ged_aml,
};
