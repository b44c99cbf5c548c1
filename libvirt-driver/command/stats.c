/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/kind.h"

#define SECTOR 512 /* of st_blocks */

/* ---- one device ---- */

static gboolean set_error(GError **errp, const char *path)
{
    return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot look at '%s': %s", path,
                         g_strerror(errno));
}

static gboolean size_of_device(const char *path, guint64 *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    int error = errno;

    if (fd >= 0) {
        close(fd);
    }
    *size = (guint64)end;
    errno = error;
    return end >= 0;
}

gboolean command_disk_sizes(const DomainDisk *disk, CommandSizes *sizes, GError **errp)
{
    const char *path = disk->source.path;
    struct stat st;

    if (stat(path, &st) < 0) {
        return set_error(errp, path);
    }
    if (S_ISBLK(st.st_mode)) {
        if (!size_of_device(path, &sizes->capacity)) {
            return set_error(errp, path);
        }
        sizes->allocation = sizes->physical = sizes->capacity;
        return TRUE;
    }
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return set_error(errp, path);
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
    *stats = (NetdevStats){ .rx = tap.tx, .tx = tap.rx };
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

void command_disk_stats(gconstpointer device, guint index, RpcParams *params)
{
    const char *prefix = command_kind_disk.stats_name;
    const DomainDisk *disk = device;
    CommandSizes s;

    add_text(params, prefix, index, "name", disk->target);
    add_text(params, prefix, index, "path", disk->source.path);
    if (command_disk_sizes(disk, &s, NULL)) {
        const Value values[] = { { "allocation", s.allocation },
                                 { "capacity", s.capacity },
                                 { "physical", s.physical } };

        add_values(params, prefix, index, values, G_N_ELEMENTS(values));
    }
}

void command_net_stats(gconstpointer device, guint index, RpcParams *params)
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

void command_device_stats(const Domain *domain, DomainDeviceType type, RpcParams *params)
{
    const CommandKind *kind = command_kind(type);
    GPtrArray *devices = xml_domain_devices(domain, type);
    g_autofree char *count = g_strconcat(kind->stats_name, ".count", NULL);

    rpc_params_add_uint(params, count, devices->len);
    for (guint i = 0; i < devices->len; i++) {
        kind->stats(devices->pdata[i], i, params);
    }
}
