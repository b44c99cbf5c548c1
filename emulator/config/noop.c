/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that cannot matter here, each with the values with which they cannot.
 * Any other value asks for something that does not exist, and is refused by name.
 */
#include "config.h"

#include "config/noop.h"
#include "util/error.h"

typedef struct Noop {
    const char *option;
    const char *key;
    const char *values;  /* separated by '|'; "*": any */
    const char *machine; /* of -machine: only on this board; NULL: on all */
    const char *why;     /* nothing else is there; NULL: nothing to say */
} Noop;

/* "on" and "off" stand for all spellings of a boolean. */
static const Noop noops[] = {
    { "machine", "usb", "off" },
    { "machine", "vmport", "off|auto" },
    { "machine", "graphics", "on|off", "microvm" },
    { "machine", "graphics", "on|off", "none" },
    { "machine", "suppress-vmdesc", "on|off" },
    { "machine", "kernel-irqchip", "split|on" },
    { "machine", "x-option-roms", "on|off" }, /* no firmware, no option ROMs */
    { "machine", "option-roms", "on|off" },
    { "machine", "ioapic2", "on|off|auto" }, /* one has pins enough */
    { "machine", "hpet", "off", "microvm" },
    { "machine", "smm", "off|auto", "microvm" },
    { "machine", "nvdimm", "off", "microvm" },
    { "machine", "i8042", "off", "microvm" },
    { "machine", "smm", "off|auto", "q35", "there is no system management mode" },
    { "machine", "nvdimm", "off", "q35" },
    { "machine", "hmat", "off", "q35" },
    { "machine", "cxl", "off", "q35" },
    { "machine", "default-bus-bypass-iommu", "off", "q35" }, /* there is no IOMMU */
    { "machine", "smbios-entry-point-type", "64|auto", "q35" },
    { "machine", "pit", "on|auto", "q35" },
    { "machine", "pic", "on|auto", "q35" },
    { "machine", "sata", "off", "q35" },
    { "machine", "smbus", "off", "q35" },
    { "machine", "fd-bootchk", "on|off", "q35" },
    { "accel", "kernel-irqchip", "split|on" },
    { "accel", "dirty-ring-size", "0" }, /* accel/kvm-memory.c says why */
    { "global", "virtio-mmio.force-legacy", "off" },
    { "global", "kvm-pit.lost_tick_policy", "discard|delay" }, /* there is none */
    { "overcommit", "cpu-pm", "off" },
    { "realtime", "mlock", "off" },
    { "msg", "timestamp", "on|off" },
    { "msg", "guest-name", "off" },
    { "display", "type", "none" },
    { "vnc", "vnc", "none" },
    { "vga", "type", "none" },
    { "parallel", "type", "none" },
    { "audiodev", "driver", "none" },
    { "audiodev", "id", "*" },
    { "run-with", "async-teardown", "on|off" },
};

static gboolean value_matches(const char *values, const ConfigNode *value)
{
    g_auto(GStrv) list = g_strsplit(values, "|", -1);
    g_autofree char *text = config_node_describe(value);
    gboolean b;

    if (g_str_equal(values, "*") || g_strv_contains((const char *const *)list, text)) {
        return TRUE;
    }
    return config_node_to_bool(value, "", &b, NULL) &&
           g_strv_contains((const char *const *)list, b ? "on" : "off");
}

/* QEMU's users may write kernel_irqchip for kernel-irqchip. */
static gboolean key_matches(const char *name, const char *key)
{
    for (; *name && (*name == *key || (*name == '-' && *key == '_')); name++, key++) {
    }
    return *name == *key;
}

static const Noop *noop_find(const char *option, const char *machine, const char *key)
{
    for (guint i = 0; i < G_N_ELEMENTS(noops); i++) {
        if (g_str_equal(noops[i].option, option) && key_matches(noops[i].key, key) &&
            g_strcmp0(noops[i].machine, machine) == 0) {
            return &noops[i];
        }
    }
    return NULL;
}

/* "strict=on|off, menu=off": all that the option takes. Owned. */
static char *taken(const char *option)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(noops); i++) {
        if (g_str_equal(noops[i].option, option)) {
            g_string_append_printf(all, "%s%s=%s", all->len ? ", " : "", noops[i].key,
                                   noops[i].values);
        }
    }
    return g_string_free(all, FALSE);
}

static gboolean strip(const char *option, const char *machine, ConfigNode *map,
                      gboolean whole, GError **errp)
{
    for (guint i = 0; i < config_map_size(map);) {
        const char *key = config_map_key(map, i);
        const Noop *noop = noop_find(option, machine, key);

        if (noop && value_matches(noop->values, config_map_value(map, i))) {
            config_map_remove(map, key);
            continue;
        }
        if (noop) {
            g_autofree char *value = config_node_describe(config_map_value(map, i));

            return error_set(errp, "%s=%s is not supported (only %s)%s%s", key, value,
                             noop->values, noop->why ? ": " : "",
                             noop->why ? noop->why : "");
        }
        if (whole) {
            g_autofree char *all = taken(option);

            return error_set(errp, "Invalid parameter '%s' (it takes only %s)", key, all);
        }
        i++;
    }
    return TRUE;
}

gboolean noop_strip(const char *name, ConfigNode *map, gboolean whole, GError **errp)
{
    return strip(name, NULL, map, whole, errp);
}

gboolean noop_strip_machine(const char *machine, ConfigNode *map, GError **errp)
{
    return strip("machine", machine, map, FALSE, errp);
}

void noop_foreach(NoopFn fn, void *opaque)
{
    for (guint i = 0; i < G_N_ELEMENTS(noops); i++) {
        fn(noops[i].option, noops[i].machine, noops[i].key, noops[i].values, opaque);
    }
}
