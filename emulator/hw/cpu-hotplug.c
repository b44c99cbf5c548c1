/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU hot-plug by ACPI, as QEMU's q35 has it. As there, a reset leaves all of it as it
 * is: whoever uses it selects first, and a guest that has switched over does so once more
 * in vain.
 */
#include "config.h"

#include "hw/cpu-hotplug.h"

#include "accel/vcpu.h"
#include "event/vm-event.h"
#include "memory/address-map.h"

#define BITMAP_IDS  (8 * CPU_HOTPLUG_PORTS)
#define MODERN_SIZE 12 /* of the ports, the others are nobody's then */

enum {
    SELECTOR = 0x0,  /* w */
    DATA_HIGH = 0x0, /* r */
    FLAGS = 0x4,
    COMMAND = 0x5, /* w */
    DATA = 0x8,
};

/* FLAGS; the lowest of those that are written counts. */
#define ENABLED     0x01
#define INSERTED    0x02
#define TO_REMOVE   0x04
#define EJECT       0x08
#define BY_FIRMWARE 0x10

enum { NEXT_EVENT, OST_EVENT, OST_STATUS, CPU_ID, N_COMMANDS };

typedef struct CpuHotplug {
    Device dev;
    Region *region;
    gboolean modern;
    guint32 selector;
    guint8 command;
    guint32 n;
    guint8 *by_firmware; /* of each processor: a flag, */
    guint32 *ost_event;  /* and what its _OST was about */
} CpuHotplug;

/* The bitmap */

static guint8 bitmap_read(const CpuHotplug *s, guint64 offset)
{
    guint8 byte = 0;
    for (unsigned i = 0; i < s->n; i++) {
        guint32 id = cpu_apic_id(i);
        if (id < BITMAP_IDS && id / 8 == offset) {
            byte |= (guint8)(1u << id % 8);
        }
    }
    return byte;
}

static guint64 bitmap_read_all(const CpuHotplug *s, guint64 offset, unsigned size)
{
    guint64 value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (guint64)bitmap_read(s, offset + i) << 8 * i;
    }
    return value;
}

/* The registers */

/* From the selected one on, and on from the first. */
static void find_event(CpuHotplug *s)
{
    for (guint32 i = 0; i < s->n; i++) {
        guint32 at = (s->selector + i) % s->n;
        if (s->by_firmware[at]) {
            s->selector = at;
            return;
        }
    }
}

/* For whoever watches. */
static void emit_ost(const CpuHotplug *s, guint32 status)
{
    ConfigNode *data = config_map_new(), *info = config_map_new();
    g_autofree char *slot = g_strdup_printf("%u", s->selector);
    config_map_set_string(info, "slot", slot);
    config_map_set_string(info, "slot-type", "CPU");
    config_map_set_uint(info, "source", s->ost_event[s->selector]);
    config_map_set_uint(info, "status", status);
    config_map_set(data, "info", info);
    vm_event_emit("ACPI_DEVICE_OST", data);
}

static guint64 read_data(const CpuHotplug *s)
{
    switch (s->command) {
    case NEXT_EVENT:
        return s->selector;
    case CPU_ID:
        return cpu_apic_id(s->selector);
    default:
        return 0;
    }
}

static void write_flags(CpuHotplug *s, guint8 flags)
{
    if (s->selector && !(flags & (INSERTED | TO_REMOVE | EJECT)) &&
        (flags & BY_FIRMWARE)) {
        s->by_firmware[s->selector] = TRUE;
    }
}

static void write_command(CpuHotplug *s, guint8 command)
{
    if (command < N_COMMANDS) {
        s->command = command;
    }
    if (command == NEXT_EVENT) {
        find_event(s);
    }
}

static void write_data(CpuHotplug *s, guint32 value)
{
    if (s->command == OST_EVENT) {
        s->ost_event[s->selector] = value;
    } else if (s->command == OST_STATUS) {
        emit_ost(s, value);
    }
}

static guint64 modern_read(const CpuHotplug *s, guint64 offset)
{
    if (offset >= MODERN_SIZE) {
        return ~G_GUINT64_CONSTANT(0);
    }
    if (s->selector >= s->n) {
        return 0;
    }
    switch (offset) {
    case FLAGS:
        return ENABLED | (s->by_firmware[s->selector] ? BY_FIRMWARE : 0);
    case DATA:
        return read_data(s);
    case DATA_HIGH:
    default:
        return 0;
    }
}

static void modern_write(CpuHotplug *s, guint64 offset, guint32 value)
{
    if (offset == SELECTOR) {
        s->selector = value;
    }
    if (s->selector >= s->n) {
        return;
    }
    switch (offset) {
    case FLAGS:
        write_flags(s, (guint8)value);
        break;
    case COMMAND:
        write_command(s, (guint8)value);
        break;
    case DATA:
        write_data(s, value);
        break;
    }
}

static guint64 hotplug_read(void *opaque, guint64 offset, unsigned size)
{
    const CpuHotplug *s = opaque;
    return s->modern ? modern_read(s, offset) : bitmap_read_all(s, offset, size);
}

static void hotplug_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    CpuHotplug *s = opaque;
    if (s->modern) {
        modern_write(s, offset, (guint32)value);
    } else if (offset == 0 && (guint8)value == 0) {
        s->modern = TRUE;
    }
}

static const RegionOps hotplug_ops = {
    .read = hotplug_read, .write = hotplug_write, .min_size = 1, .max_size = 4
};

/* Life */

void cpu_hotplug_set_cpus(Device *dev, unsigned n)
{
    CpuHotplug *s = (CpuHotplug *)dev;
    s->n = n;
    s->by_firmware = g_new0(guint8, n);
    s->ost_event = g_new0(guint32, n);
}

static gboolean hotplug_realize(Device *dev, GError **errp)
{
    CpuHotplug *s = (CpuHotplug *)dev;
    s->region = region_new_io("acpi-cpu-hotplug", CPU_HOTPLUG_PORTS, &hotplug_ops, s);
    return address_map_put(address_map_io(), &s->region, CPU_HOTPLUG_PORT, errp);
}

static void hotplug_unrealize(Device *dev)
{
    address_map_take(&((CpuHotplug *)dev)->region);
}

static void hotplug_finalize(Device *dev)
{
    CpuHotplug *s = (CpuHotplug *)dev;
    g_free(s->by_firmware);
    g_free(s->ost_event);
}

static const StateField fields[] = {
    STATE_FIELD("modern", STATE_BOOL, CpuHotplug, modern),
    STATE_FIELD("selector", STATE_U32, CpuHotplug, selector),
    STATE_FIELD("command", STATE_U8, CpuHotplug, command, .limit = N_COMMANDS - 1),
    STATE_COUNTED("by-firmware", STATE_U8, CpuHotplug, by_firmware, 0, n,
                  .indirect = TRUE, .limit = 1),
    STATE_COUNTED("ost-event", STATE_U32, CpuHotplug, ost_event, 0, n, .indirect = TRUE),
    { NULL },
};

static const StateDesc state = { .name = "acpi-cpu-hotplug",
                                 .version = 1,
                                 .fields = fields };

const DeviceClass cpu_hotplug_class = {
    .name = "acpi-cpu-hotplug",
    .desc = "ACPI hot-plug of processors",
    .instance_size = sizeof(CpuHotplug),
    .state = &state,
    .realize = hotplug_realize,
    .unrealize = hotplug_unrealize,
    .finalize = hotplug_finalize,
};
