/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `info` and others say, in QEMU's form, of what QMP's commands return. */
#include "config.h"

#include <string.h>

#include "config/json.h"
#include "monitor/hmp-command.h"

#define KIB 1024
#define MIB (1024 * KIB)

static const char *text(const ConfigNode *map, const char *key)
{
    const char *value = config_map_string(map, key);

    return value ? value : "";
}

static gboolean flag(const ConfigNode *map, const char *key)
{
    const ConfigNode *node = config_map_peek(map, key);

    return node && config_node_bool(node);
}

/* 0: it is not there. */
static gint64 number(const ConfigNode *map, const char *key)
{
    const ConfigNode *node = config_map_peek(map, key);

    return !node                                   ? 0
           : config_node_type(node) == CONFIG_UINT ? (gint64)config_node_uint(node)
                                                   : config_node_int(node);
}

static void say(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(GString *out, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_string_append_vprintf(out, format, ap);
    va_end(ap);
}

#define D G_GINT64_FORMAT

void hmp_print_status(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    gboolean running = flag(ret, "running");
    const char *status = text(ret, "status");

    say(out, "VM status: %s", running ? "running" : "paused");
    if (!running && strcmp(status, "paused") != 0) {
        say(out, " (%s)", status);
    }
    say(out, "\n");
}

void hmp_print_version(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    const ConfigNode *v = config_map_peek(ret, "qemu");

    say(out, "%" D ".%" D ".%" D "%s\n", number(v, "major"), number(v, "minor"),
        number(v, "micro"), text(ret, "package"));
}

void hmp_print_name(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    if (config_map_has(ret, "name")) {
        say(out, "%s\n", text(ret, "name"));
    }
}

void hmp_print_uuid(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    say(out, "%s\n", text(ret, "UUID"));
}

void hmp_print_vm_generation_id(const ConfigNode *ret, const ConfigNode *args,
                                GString *out)
{
    say(out, "%s\n", text(ret, "guid"));
}

void hmp_print_kvm(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    say(out, "kvm support: %s\n",
        !flag(ret, "present")  ? "not compiled"
        : flag(ret, "enabled") ? "enabled"
                               : "disabled");
}

void hmp_print_balloon(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    say(out, "balloon: actual=%" D "\n", number(ret, "actual") / MIB);
}

void hmp_print_cpus(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *cpu = config_list_at(ret, i);

        say(out, "%c CPU #%" D ": thread_id=%" D "\n", i ? ' ' : '*',
            number(cpu, "cpu-index"), number(cpu, "thread-id"));
    }
}

void hmp_print_chardev(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *chr = config_list_at(ret, i);

        say(out, "%s: filename=%s\n", text(chr, "label"), text(chr, "filename"));
    }
}

void hmp_print_iothreads(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    static const char *const members[] = { "poll-max-ns", "poll-grow", "poll-shrink",
                                           "aio-max-batch" };

    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *thread = config_list_at(ret, i);

        say(out, "%s:\n  thread_id=%" D "\n", text(thread, "id"),
            number(thread, "thread-id"));
        for (guint k = 0; k < G_N_ELEMENTS(members); k++) {
            say(out, "  %s=%" D "\n", members[k], number(thread, members[k]));
        }
    }
}

/* --- disks --- */

static void print_medium(const ConfigNode *medium, GString *out)
{
    if (medium) {
        say(out, ": %s (%s%s)\n", text(medium, "file"), text(medium, "drv"),
            flag(medium, "ro") ? ", read-only" : "");
    } else {
        say(out, ": [not inserted]\n");
    }
}

static void print_disk(const ConfigNode *disk, GString *out)
{
    const ConfigNode *medium = config_map_peek(disk, "inserted");
    const char *drive = text(disk, "device"), *status = text(disk, "io-status");
    const char *node = medium ? text(medium, "node-name") : NULL;

    if (*drive && node) {
        say(out, "%s (%s)", drive, node);
    } else {
        say(out, "%s", *drive ? drive : node ? node : text(disk, "qdev"));
    }
    print_medium(medium, out);
    if (config_map_has(disk, "qdev")) {
        say(out, "    Attached to:      %s\n", text(disk, "qdev"));
    }
    if (*status && strcmp(status, "ok") != 0) {
        say(out, "    I/O status:       %s\n", status);
    }
    if (flag(disk, "removable")) {
        say(out, "    Removable device: %slocked, tray %s\n",
            flag(disk, "locked") ? "" : "not ",
            flag(disk, "tray_open") ? "open" : "closed");
    }
    if (medium) {
        const ConfigNode *cache = config_map_peek(medium, "cache");

        say(out, "    Cache mode:       %s%s%s\n",
            flag(cache, "writeback") ? "writeback" : "writethrough",
            flag(cache, "direct") ? ", direct" : "",
            flag(cache, "no-flush") ? ", ignore flushes" : "");
    }
}

void hmp_print_block(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    const char *wanted = config_map_string(args, "device");

    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *disk = config_list_at(ret, i);
        const ConfigNode *medium = config_map_peek(disk, "inserted");

        if (wanted && strcmp(text(disk, "device"), wanted) != 0 &&
            (!medium || strcmp(text(medium, "node-name"), wanted) != 0)) {
            continue;
        }
        say(out, "%s", out->len ? "\n" : "");
        print_disk(disk, out);
    }
}

void hmp_print_blockstats(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    static const char *const members[] = {
        "rd_bytes",         "wr_bytes",         "rd_operations",    "wr_operations",
        "flush_operations", "wr_total_time_ns", "rd_total_time_ns", "flush_total_time_ns",
        "rd_merged",        "wr_merged",        "idle_time_ns",
    };

    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *disk = config_list_at(ret, i);
        const ConfigNode *stats = config_map_peek(disk, "stats");
        const char *drive = text(disk, "device");

        say(out, "%s:", *drive ? drive : text(disk, "node-name"));
        for (guint k = 0; k < G_N_ELEMENTS(members); k++) {
            say(out, " %s=%" D, members[k], number(stats, members[k]));
        }
        say(out, "\n");
    }
}

/* --- PCI --- */

static void print_bridge(const ConfigNode *bridge, GString *out)
{
    static const struct {
        const char *key, *name;
        int digits;
    } ranges[] = { { "io_range", "IO", 4 },
                   { "memory_range", "memory", 8 },
                   { "prefetchable_range", "prefetchable memory", 8 } };
    const ConfigNode *bus = config_map_peek(bridge, "bus");

    say(out, "      BUS %" D ".\n", number(bus, "number"));
    say(out, "      secondary bus %" D ".\n", number(bus, "secondary"));
    say(out, "      subordinate bus %" D ".\n", number(bus, "subordinate"));
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
        const ConfigNode *range = config_map_peek(bus, ranges[i].key);

        say(out,
            "      %s range [0x%0*" G_GINT64_MODIFIER "x, 0x%0*" G_GINT64_MODIFIER "x]\n",
            ranges[i].name, ranges[i].digits, (guint64)number(range, "base"),
            ranges[i].digits, (guint64)number(range, "limit"));
    }
}

static void print_bar(const ConfigNode *bar, GString *out)
{
    gboolean io = strcmp(text(bar, "type"), "io") == 0;
    guint64 address = (guint64)number(bar, "address");
    int digits = io ? 4 : 8;

    say(out, "      BAR%" D ": ", number(bar, "bar"));
    if (io) {
        say(out, "I/O");
    } else {
        say(out, "%d bit%s memory", flag(bar, "mem_type_64") ? 64 : 32,
            flag(bar, "prefetch") ? " prefetchable" : "");
    }
    say(out, " at 0x%0*" G_GINT64_MODIFIER "x [0x%0*" G_GINT64_MODIFIER "x].\n", digits,
        address, digits, address + (guint64)number(bar, "size") - 1);
}

static void print_ids(const ConfigNode *dev, GString *out)
{
    const ConfigNode *klass = config_map_peek(dev, "class_info");
    const ConfigNode *id = config_map_peek(dev, "id");

    if (config_map_has(klass, "desc")) {
        say(out, "    %s", text(klass, "desc"));
    } else {
        say(out, "    Class %04" D, number(klass, "class"));
    }
    say(out, ": PCI device %04x:%04x\n", (unsigned)number(id, "vendor"),
        (unsigned)number(id, "device"));
    if (config_map_has(id, "subsystem")) {
        say(out, "      PCI subsystem %04x:%04x\n",
            (unsigned)number(id, "subsystem-vendor"), (unsigned)number(id, "subsystem"));
    }
}

static void print_functions(const ConfigNode *list, GString *out);

static void print_function(const ConfigNode *dev, GString *out)
{
    const ConfigNode *bridge = config_map_peek(dev, "pci_bridge");
    const ConfigNode *bars = config_map_peek(dev, "regions");

    say(out, "  Bus %2" D ", device %3" D ", function %" D ":\n", number(dev, "bus"),
        number(dev, "slot"), number(dev, "function"));
    print_ids(dev, out);
    if (config_map_has(dev, "irq")) {
        say(out, "      IRQ %" D ", pin %c\n", number(dev, "irq"),
            (char)('A' + number(dev, "irq_pin") - 1));
    }
    if (bridge) {
        print_bridge(bridge, out);
    }
    for (guint i = 0; i < config_list_size(bars); i++) {
        print_bar(config_list_at(bars, i), out);
    }
    say(out, "      id \"%s\"\n", text(dev, "qdev_id"));
    if (bridge && config_map_has(bridge, "devices")) {
        print_functions(config_map_peek(bridge, "devices"), out);
    }
}

/* As deep as the bridges of this machine are, which the guest cannot change. */
static void print_functions(const ConfigNode *list, GString *out)
{
    for (guint i = 0; i < config_list_size(list); i++) {
        print_function(config_list_at(list, i), out);
    }
}

void hmp_print_pci(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    if (!config_list_size(ret)) {
        say(out, "PCI devices not supported\n");
    }
    for (guint i = 0; i < config_list_size(ret); i++) {
        print_functions(config_map_peek(config_list_at(ret, i), "devices"), out);
    }
}

/* --- migration --- */

typedef struct Figure {
    const char *key, *name, *unit;
    gint64 scale;
} Figure;

static void print_figures(const ConfigNode *map, const Figure *f, GString *out)
{
    for (; f->key; f++) {
        if (config_map_has(map, f->key)) {
            say(out, "%s: %" D "%s\n", f->name, number(map, f->key) / f->scale, f->unit);
        }
    }
}

void hmp_print_migrate(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    static const Figure times[] = { { "total-time", "total time", " ms", 1 },
                                    { "expected-downtime", "expected downtime", " ms",
                                      1 },
                                    { "downtime", "downtime", " ms", 1 },
                                    { "setup-time", "setup", " ms", 1 },
                                    { NULL } };
    static const Figure rams[] = { { "transferred", "transferred ram", " kbytes", KIB },
                                   { "remaining", "remaining ram", " kbytes", KIB },
                                   { "total", "total ram", " kbytes", KIB },
                                   { "duplicate", "duplicate", " pages", 1 },
                                   { "skipped", "skipped", " pages", 1 },
                                   { "normal", "normal", " pages", 1 },
                                   { "normal-bytes", "normal bytes", " kbytes", KIB },
                                   { "dirty-sync-count", "dirty sync count", "", 1 },
                                   { "page-size", "page size", " kbytes", KIB },
                                   { "dirty-pages-rate", "dirty pages rate", " pages",
                                     1 },
                                   { NULL } };
    const ConfigNode *ram = config_map_peek(ret, "ram");
    const ConfigNode *mbps = ram ? config_map_peek(ram, "mbps") : NULL;

    if (config_map_has(ret, "status")) {
        say(out, "Migration status: %s", text(ret, "status"));
        if (config_map_has(ret, "error-desc")) {
            say(out, " (%s)", text(ret, "error-desc"));
        }
        say(out, "\n");
    }
    print_figures(ret, times, out);
    if (ram) {
        print_figures(ram, rams, out);
    }
    if (mbps && config_node_type(mbps) == CONFIG_DOUBLE) {
        say(out, "throughput: %0.2f mbps\n", config_node_double(mbps));
    }
}

void hmp_print_capabilities(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *row = config_list_at(ret, i);

        say(out, "%s: %s\n", text(row, "capability"), flag(row, "state") ? "on" : "off");
    }
}

void hmp_print_parameters(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    static const Figure rows[] = { { "max-bandwidth", "max-bandwidth", " bytes/second",
                                     1 },
                                   { "downtime-limit", "downtime-limit", " ms", 1 },
                                   { NULL } };

    print_figures(ret, rows, out);
}

/* --- the tree of objects --- */

void hmp_print_qom_list(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    for (guint i = 0; i < config_list_size(ret); i++) {
        const ConfigNode *row = config_list_at(ret, i);

        say(out, "%s (%s)\n", text(row, "name"), text(row, "type"));
    }
}

void hmp_print_qom_value(const ConfigNode *ret, const ConfigNode *args, GString *out)
{
    g_autofree char *json = config_to_json(ret, TRUE);

    say(out, "%s\n", json);
}
