/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/kind.h"
#include "process/open.h"

#define SECTOR 512 /* of st_blocks */

/* What a list waits for one image: less when some storage is known not to answer. */
#define LIST_LOOK_MS  1000
#define LIST_HURRY_MS 100

/* ---- one device ---- */

static gboolean set_error(GError **errp, const char *path, int error)
{
    return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot look at '%s': %s", path,
                         g_strerror(error));
}

/* 0 or an errno. */
static int size_of_device(const char *path, guint timeout_ms, guint64 *size)
{
    int fd = process_open_file(path, O_RDONLY | O_NONBLOCK, timeout_ms), error;
    off_t end;

    if (fd < 0) {
        return -fd;
    }
    end = lseek(fd, 0, SEEK_END);
    error = end < 0 ? errno : 0;
    close(fd);
    *size = (guint64)end;
    return error;
}

gboolean command_disk_sizes(const DomainDisk *disk, guint timeout_ms, CommandSizes *sizes,
                            GError **errp)
{
    const char *path = disk->source.path;
    struct stat st;
    int error;

    if (!path) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "disk '%s' does not currently have a source assigned",
                             disk->target);
    }
    error = -process_stat_file(path, &st, timeout_ms);
    if (error) {
        return set_error(errp, path, error);
    }
    if (S_ISBLK(st.st_mode)) {
        error = size_of_device(path, timeout_ms, &sizes->capacity);
        sizes->allocation = sizes->physical = sizes->capacity;
        return error == 0 || set_error(errp, path, error);
    }
    if (!S_ISREG(st.st_mode)) {
        return set_error(errp, path, EINVAL);
    }
    *sizes = (CommandSizes){
        .capacity = (guint64)st.st_size,
        .allocation = (guint64)st.st_blocks * SECTOR,
        .physical = (guint64)st.st_size,
    };
    return TRUE;
}

gboolean command_interface_stats(const DomainInterface *interface, NetdevStats *stats,
                                 GError **errp)
{
    g_autoptr(GError) err = NULL;
    NetdevStats tap;

    if (!interface->target) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "the interface has no tap");
    }
    if (!process_netdev_stats(interface->target, &tap, &err)) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "%s", err->message);
    }
    /* A macvtap is on the guest's side already. */
    *stats = xml_interface_actual(interface) == DOMAIN_INTERFACE_DIRECT
                 ? tap
                 : (NetdevStats){ .rx = tap.tx, .tx = tap.rx };
    return TRUE;
}

const DomainDisk *command_find_disk(const Domain *domain, const char *name)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        if (strcmp(disk->target, name) == 0 || g_strcmp0(disk->source.path, name) == 0) {
            return disk;
        }
    }
    return NULL;
}

const DomainInterface *command_find_interface(const Domain *domain, const char *name)
{
    for (guint i = 0; i < domain->interfaces->len; i++) {
        const DomainInterface *interface = domain->interfaces->pdata[i];
        char mac[18];

        xml_mac_format(interface->mac, mac);
        if (g_strcmp0(interface->target, name) == 0 ||
            g_ascii_strcasecmp(mac, name) == 0) {
            return interface;
        }
    }
    return NULL;
}

/* ---- what the emulator counts ---- */

static const struct {
    const char *member; /* of query-blockstats */
    const char *param;  /* of virDomainBlockStatsFlags */
    const char *stat;   /* of virConnectGetAllDomainStats */
} counters[] = {
    [COMMAND_READ_REQUESTS] = { "rd_operations", VIR_DOMAIN_BLOCK_STATS_READ_REQ,
                                "rd.reqs" },
    [COMMAND_READ_BYTES] = { "rd_bytes", VIR_DOMAIN_BLOCK_STATS_READ_BYTES, "rd.bytes" },
    [COMMAND_READ_TIME] = { "rd_total_time_ns", VIR_DOMAIN_BLOCK_STATS_READ_TOTAL_TIMES,
                            "rd.times" },
    [COMMAND_WRITE_REQUESTS] = { "wr_operations", VIR_DOMAIN_BLOCK_STATS_WRITE_REQ,
                                 "wr.reqs" },
    [COMMAND_WRITE_BYTES] = { "wr_bytes", VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES,
                              "wr.bytes" },
    [COMMAND_WRITE_TIME] = { "wr_total_time_ns", VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES,
                             "wr.times" },
    [COMMAND_FLUSH_REQUESTS] = { "flush_operations", VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ,
                                 "fl.reqs" },
    [COMMAND_FLUSH_TIME] = { "flush_total_time_ns",
                             VIR_DOMAIN_BLOCK_STATS_FLUSH_TOTAL_TIMES, "fl.times" },
    [COMMAND_WRITTEN_UP_TO] = { "wr_highest_offset", NULL, NULL }, /* see add_sizes() */
};

static JsonObject *find_entry(const DomainDisk *disk, JsonNode *told)
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(told) ? json_node_get_array(told) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        JsonObject *entry =
            JSON_NODE_HOLDS_OBJECT(element) ? json_node_get_object(element) : NULL;

        if (command_is_named(&disk->info, util_json_string(entry, "qdev"))) {
            return util_json_object(entry, "stats");
        }
    }
    return NULL;
}

gboolean command_disk_counts(const DomainDisk *disk, JsonNode *told,
                             CommandCounts *counts, GError **errp)
{
    JsonObject *entry = find_entry(disk, told);

    if (!entry) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "the emulator tells nothing of disk %s", disk->target);
    }
    for (guint i = 0; i < COMMAND_COUNTERS; i++) {
        counts->of[i] += MAX(util_json_int(entry, counters[i].member), 0);
    }
    return TRUE;
}

void command_counts_params(const CommandCounts *counts, RpcParams *params, guint max)
{
    guint n = 0;

    G_STATIC_ASSERT(COMMAND_COUNT_PARAMS == COMMAND_COUNTERS - 1);
    for (guint i = 0; i < COMMAND_COUNTERS; i++) {
        if (counters[i].param && n++ < max) {
            rpc_params_add_llong(params, counters[i].param, counts->of[i]);
        }
    }
}

/* ---- all ---- */

typedef struct Value {
    const char *name;
    guint64 value;
} Value;

static void add_values(RpcParams *params, const char *prefix, guint index,
                       const Value *values, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autofree char *name =
            g_strdup_printf("%s.%u.%s", prefix, index, values[i].name);

        rpc_params_add_ullong(params, name, values[i].value);
    }
}

static void add_text(RpcParams *params, const char *prefix, guint index, const char *what,
                     const char *text)
{
    g_autofree char *name = g_strdup_printf("%s.%u.%s", prefix, index, what);

    if (text) {
        rpc_params_add_string(params, name, text);
    }
}

static void add_counts(RpcParams *params, guint index, const CommandCounts *counts)
{
    for (guint i = 0; i < COMMAND_COUNTERS; i++) {
        if (counters[i].stat) {
            const Value value = { counters[i].stat, (guint64)counts->of[i] };

            add_values(params, command_kind_disk.stats_name, index, &value, 1);
        }
    }
}

/* Of a disk that runs, what is allocated is what it has been written up to. */
static void add_sizes(RpcParams *params, guint index, const DomainDisk *disk,
                      const CommandCounts *counts)
{
    guint timeout_ms = process_stuck_files() ? LIST_HURRY_MS : LIST_LOOK_MS;
    CommandSizes s;

    if (command_disk_sizes(disk, timeout_ms, &s, NULL)) {
        guint64 allocation =
            counts ? (guint64)counts->of[COMMAND_WRITTEN_UP_TO] : s.allocation;
        const Value values[] = { { "allocation", allocation },
                                 { "capacity", s.capacity },
                                 { "physical", s.physical } };

        add_values(params, command_kind_disk.stats_name, index, values,
                   G_N_ELEMENTS(values));
    }
}

void command_disk_stats(gconstpointer device, guint index, JsonNode *told,
                        RpcParams *params)
{
    const char *prefix = command_kind_disk.stats_name;
    const DomainDisk *disk = device;
    CommandCounts counts = { 0 };
    gboolean counted = told && command_disk_counts(disk, told, &counts, NULL);

    add_text(params, prefix, index, "name", disk->target);
    add_text(params, prefix, index, "path", disk->source.path);
    if (counted) {
        add_counts(params, index, &counts);
    }
    add_sizes(params, index, disk, counted ? &counts : NULL);
}

void command_net_stats(gconstpointer device, guint index, JsonNode *told,
                       RpcParams *params)
{
    const char *prefix = command_kind_interface.stats_name;
    const DomainInterface *interface = device;
    NetdevStats s;

    add_text(params, prefix, index, "name", interface->target);
    if (command_interface_stats(interface, &s, NULL)) {
        const Value values[] = {
            { "rx.bytes", s.rx.bytes }, { "rx.pkts", s.rx.packets },
            { "rx.errs", s.rx.errors }, { "rx.drop", s.rx.dropped },
            { "tx.bytes", s.tx.bytes }, { "tx.pkts", s.tx.packets },
            { "tx.errs", s.tx.errors }, { "tx.drop", s.tx.dropped }
        };

        add_values(params, prefix, index, values, G_N_ELEMENTS(values));
    }
}

const char *command_stats_question(DomainDeviceType type)
{
    return command_kind(type)->stats_question;
}

void command_device_stats(const Domain *domain, DomainDeviceType type, JsonNode *told,
                          RpcParams *params)
{
    const CommandKind *kind = command_kind(type);
    GPtrArray *devices = xml_domain_devices(domain, type);
    g_autofree char *count = g_strconcat(kind->stats_name, ".count", NULL);

    rpc_params_add_uint(params, count, devices->len);
    for (guint i = 0; i < devices->len; i++) {
        kind->stats(devices->pdata[i], i, told, params);
    }
}
