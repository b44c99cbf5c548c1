/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The balloon, which takes memory from the guest for the host and gives it back. */
#include <libvirt/libvirt.h>

#include "command/kind.h"
#include "command/stats.h"

static gboolean is_none(gconstpointer device)
{
    return ((const DomainBalloon *)device)->model == DOMAIN_BALLOON_NONE;
}

static gboolean on_virtio(gconstpointer device)
{
    return !is_none(device);
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    const DomainBalloon *balloon = device;

    if (!is_none(balloon)) {
        return command_check_virtio_model(machine, (DomainVirtioModel)balloon->model,
                                          errp);
    }
    return domain->current_memory == domain->memory ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "element <currentMemory> of %" G_GUINT64_FORMAT
                         " KiB, less than <memory> of %" G_GUINT64_FORMAT
                         " KiB, is not supported by vireo: there is no balloon",
                         domain->current_memory, domain->memory);
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_BALLOON_VIRTIO_TRANSITIONAL] = "virtio-balloon-pci-transitional",
        [DOMAIN_BALLOON_VIRTIO_NON_TRANSITIONAL] = "virtio-balloon-pci-non-transitional",
        [DOMAIN_BALLOON_NONE] = NULL,
    };

    return drivers[((const DomainBalloon *)device)->model];
}

static gboolean conventional(gconstpointer device)
{
    return ((const DomainBalloon *)device)->model == DOMAIN_BALLOON_VIRTIO_TRANSITIONAL;
}

static void add_switch(JsonObject *props, const char *name, DomainTristate value)
{
    if (value != DOMAIN_TRISTATE_ABSENT) {
        json_object_set_boolean_member(props, name, value == DOMAIN_TRISTATE_YES);
    }
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainBalloon *balloon = device;
    JsonObject *props;

    if (is_none(balloon)) {
        return TRUE;
    }
    props = command_virtio_device(steps, &command_kind_balloon, balloon, &balloon->info);
    add_switch(props, "deflate-on-oom", balloon->autodeflate);
    add_switch(props, "free-page-reporting", balloon->free_page_reporting);
    command_step_device(steps, props);
    return TRUE;
}

JsonObject *command_balloon_property(const DomainBalloon *balloon, const char *name)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s", COMMAND_PERIPHERAL, balloon->info.alias);
    JsonObject *args = util_json_pair("path", path);

    json_object_set_string_member(args, "property", name);
    return args;
}

JsonObject *command_balloon_period(const DomainBalloon *balloon)
{
    JsonObject *args = command_balloon_property(balloon, "guest-stats-polling-interval");

    json_object_set_int_member(args, "value", balloon->period);
    return args;
}

/* How much it may keep is no option. */
static void settle(CommandSteps *steps, gconstpointer device)
{
    const DomainBalloon *balloon = device;
    const Domain *domain = steps->domain;
    JsonObject *args;

    if (is_none(balloon)) {
        return;
    }
    if (balloon->period) {
        command_step(steps, NULL, "qom-set", command_balloon_period(balloon), NULL, NULL);
    }
    if (domain->current_memory < domain->memory) {
        args = json_object_new();
        json_object_set_int_member(args, "value",
                                   (gint64)(domain->current_memory * 1024));
        command_step(steps, NULL, "balloon", args, NULL, NULL);
    }
}

const CommandKind command_kind_balloon = {
    .alias = "balloon",
    .driver = "virtio-balloon",
    .virtio = TRUE,
    .boot = -1,
    .whole = TRUE,
    .on_virtio = on_virtio,
    .driver_of = driver_of,
    .conventional = conventional,
    .absent = is_none,
    .built_in = is_none,
    .complete = complete,
    .settle = settle,
    .steps = steps,
};

/* ---- statistics ---- */

/* In libvirt's order; bytes become KiB. */
static const struct {
    const char *told;
    int tag;
    const char *name;
    guint unit;
} stat_rows[] = {
    { "stat-swap-in", VIR_DOMAIN_MEMORY_STAT_SWAP_IN, "swap_in", 1024 },
    { "stat-swap-out", VIR_DOMAIN_MEMORY_STAT_SWAP_OUT, "swap_out", 1024 },
    { "stat-major-faults", VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT, "major_fault", 1 },
    { "stat-minor-faults", VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT, "minor_fault", 1 },
    { "stat-free-memory", VIR_DOMAIN_MEMORY_STAT_UNUSED, "unused", 1024 },
    { "stat-total-memory", VIR_DOMAIN_MEMORY_STAT_AVAILABLE, "available", 1024 },
    { "stat-available-memory", VIR_DOMAIN_MEMORY_STAT_USABLE, "usable", 1024 },
    { NULL, VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE, "last-update", 1 },
    { "stat-disk-caches", VIR_DOMAIN_MEMORY_STAT_DISK_CACHES, "disk_caches", 1024 },
    { "stat-htlb-pgalloc", VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGALLOC, "hugetlb_pgalloc", 1 },
    { "stat-htlb-pgfail", VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGFAIL, "hugetlb_pgfail", 1 },
};

/* All ones: the guest has not told. */
static gboolean read_number(JsonObject *object, const char *name, gint64 *value)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_INT64) {
        return FALSE;
    }
    *value = json_node_get_int(node);
    return *value >= 0;
}

void command_memory_stats(JsonNode *told, GArray *stats)
{
    JsonObject *all =
        told && JSON_NODE_HOLDS_OBJECT(told) ? json_node_get_object(told) : NULL;
    JsonNode *node = all ? json_object_get_member(all, "stats") : NULL;
    JsonObject *of_guest =
        node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(stat_rows); i++) {
        const char *name = stat_rows[i].told;
        gint64 value;

        if (read_number(name ? of_guest : all, name ? name : "last-update", &value)) {
            CommandMemoryStat stat = { stat_rows[i].tag, stat_rows[i].name,
                                       (guint64)value / stat_rows[i].unit };

            g_array_append_val(stats, stat);
        }
    }
}
