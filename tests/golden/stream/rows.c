/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that the migration stream may have in it, from the rows: for rows.py. */
#include "config.h"

#include <stdio.h>

#include "accel/vcpu.h"
#include "device/device.h"
#include "event/loop.h"
#include "migration/device-state.h"

static const char *const types[] = {
    [STATE_U8] = "u8",     [STATE_U16] = "u16",   [STATE_U32] = "u32",
    [STATE_U64] = "u64",   [STATE_BOOL] = "bool", [STATE_BYTES] = "bytes",
    [STATE_STRUCT] = "of",
};

static void print_desc(const StateDesc *desc, int indent);

static void print_row(const StateField *f, int indent)
{
    printf("%*s%s %s", indent, "", f->name, types[f->type]);
    if (f->count > 1) {
        printf(" x%u", f->count);
    }
    if (f->since) {
        printf(" since=%u", f->since);
    }
    if (f->limit) {
        printf(" limit=%" G_GUINT64_FORMAT, f->limit);
    }
    if (f->absent) {
        printf(" absent=%" G_GUINT64_FORMAT, f->absent);
    }
    printf("%s%s%s%s%s\n", f->count_offset ? " counted" : "",
           f->indirect ? " indirect" : "", f->optional ? " optional" : "",
           f->may_skip ? " may-skip" : "", f->needed ? " needed()" : "");
    if (f->nested) {
        print_desc(f->nested, indent + 4);
    }
}

static void print_desc(const StateDesc *desc, int indent)
{
    printf("%*s%s, version %u%s%s\n", indent, "", desc->name, desc->version,
           desc->may_skip ? " may-skip" : "", desc->needed ? " needed()" : "");
    for (const StateField *f = desc->fields; f->name; f++) {
        print_row(f, indent + 4);
    }
}

static void print_class(const DeviceClass *klass)
{
    g_autoptr(GString) sections = g_string_new(NULL);
    for (const DeviceClass *k = klass; k; k = k->parent) {
        if (k->state) {
            g_autofree char *name = g_strdup_printf(" %s", k->state->name);
            g_string_prepend(sections, name);
        }
    }
    printf("class %s:%s\n", klass->name, sections->len ? sections->str : " nothing");
    if (klass->state) {
        print_desc(klass->state, 4);
    }
}

static gboolean ask(Bus *bus, Device *dev, GError **errp)
{
    return TRUE;
}

/* What a device has that can be asked to go. */
static const StateDesc *unplug_desc(void)
{
    const BusClass klass = { .request_unplug = ask };
    Bus bus = { .klass = &klass };
    for (guint i = 0; device_class_table[i]; i++) {
        g_autoptr(Device) dev = device_new(device_class_table[i]);
        dev->bus = &bus;
        const StateDesc *desc = device_unplug_state(dev);
        dev->bus = NULL;
        if (desc) {
            return desc;
        }
    }
    g_assert_not_reached();
}

int main(void)
{
    event_init();
    print_desc(&device_state_vm, 0);
    print_desc(vcpu_state_desc(), 0);
    print_desc(unplug_desc(), 0);
    for (guint i = 0; device_class_table[i]; i++) {
        print_class(device_class_table[i]);
    }
    return 0;
}
