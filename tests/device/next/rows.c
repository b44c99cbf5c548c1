/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a release adds to a device: a property that the guest sees, and a row of state.
 * With it the emulator is its own next release, for tests/device/migration-row-test.c.
 */
#include "config.h"

#include <string.h>

#include "device/device.h"

#define ROWS_MAX 64

typedef struct More {
    guint32 property, state;
} More;

extern const DeviceClass serial_base_class;
/* hw/serial.h has it const; here it is filled in before main(). */
DeviceClass serial_class;

static Property properties[ROWS_MAX];
static StateField fields[ROWS_MAX];
static StateDesc state;

static void add_properties(size_t offset)
{
    guint n = 0;

    for (const Property *p = serial_base_class.properties; p && p->name; p++) {
        properties[n++] = *p;
    }
    properties[n++] = (Property){ .name = "next",
                                  .type = PROP_U32,
                                  .offset = offset + offsetof(More, property),
                                  .def = "7",
                                  .guest = TRUE };
    properties[n++] = (Property){ .name = "next-state",
                                  .type = PROP_U32,
                                  .offset = offset + offsetof(More, state),
                                  .def = "5" };
    g_assert(n < ROWS_MAX);
}

static void add_field(size_t offset)
{
    guint n = 0;

    state = *serial_base_class.state;
    for (const StateField *f = state.fields; f->name; f++) {
        fields[n++] = *f;
    }
    state.version++;
    fields[n++] = (StateField){ .name = "next-state",
                                .type = STATE_U32,
                                .offset = offset + offsetof(More, state),
                                .count = 1,
                                .since = state.version,
                                .optional = TRUE,
                                .absent = 5 };
    state.fields = fields;
    g_assert(n < ROWS_MAX);
}

__attribute__((constructor)) static void make_class(void)
{
    size_t offset = (serial_base_class.instance_size + 7) & ~(size_t)7;

    add_properties(offset);
    add_field(offset);
    serial_class = serial_base_class;
    serial_class.instance_size = offset + sizeof(More);
    serial_class.properties = properties;
    serial_class.state = &state;
}
