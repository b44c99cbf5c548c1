/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/storage.h"
#include "util/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* How libvirt's cache modes become the properties of nodes. */
static const struct {
    gboolean direct;
    gboolean no_flush;
} cache_modes[] = {
    [DOMAIN_DISK_CACHE_NONE] = { TRUE, FALSE },
    [DOMAIN_DISK_CACHE_WRITETHROUGH] = { FALSE, FALSE },
    [DOMAIN_DISK_CACHE_WRITEBACK] = { FALSE, FALSE },
    [DOMAIN_DISK_CACHE_DIRECTSYNC] = { TRUE, FALSE },
    [DOMAIN_DISK_CACHE_UNSAFE] = { FALSE, TRUE },
};

/* In the order in which nodes are removed: each stands on the next. */
static const char *const suffixes[] = { "-format", "-storage" };

static char *node_name(const DomainStorage *source, const char *suffix)
{
    return g_strdup_printf("libvirt-%u%s", source->node_index, suffix);
}

char *command_format_node(const DomainStorage *source)
{
    return node_name(source, suffixes[0]);
}

char *command_storage_node(const DomainStorage *source)
{
    return node_name(source, suffixes[1]);
}

/* N of a name as ours; 0 when it is none. */
static guint parse_node(const char *node)
{
    guint index = 0;

    return node && sscanf(node, "libvirt-%9u-", &index) == 1 ? index : 0;
}

const DomainDisk *command_disk_of_node(const Domain *domain, const char *node)
{
    guint index = parse_node(node);

    for (guint i = 0; index && i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        for (const DomainStorage *s = &disk->source; s; s = s->backing) {
            if (s->node_index == index) {
                return disk;
            }
        }
    }
    return NULL;
}

GPtrArray *command_unknown_nodes(const Domain *domain, GPtrArray *names)
{
    GPtrArray *unknown = g_ptr_array_new();

    for (guint s = 0; s < G_N_ELEMENTS(suffixes); s++) {
        for (guint i = 0; i < names->len; i++) {
            const char *node = names->pdata[i];

            if (parse_node(node) && g_str_has_suffix(node, suffixes[s]) &&
                !command_disk_of_node(domain, node)) {
                g_ptr_array_add(unknown, (gpointer)node);
            }
        }
    }
    return unknown;
}

gboolean command_storage_check(const DomainDisk *disk, GError **errp)
{
    const DomainStorage *source = &disk->source;

    if (source->slices->len) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "element <devices/disk/source/slices> of disk %s is not "
                             "supported by vireo",
                             disk->target);
    }
    if (source->backing && source->backing->type != DOMAIN_STORAGE_NONE) {
        return rpc_error_set(
            errp, VIR_ERR_CONFIG_UNSUPPORTED,
            "element <devices/disk/backingStore> of disk %s: an image of "
            "format '%s' has no backing file",
            disk->target, xml_disk_format_names[source->format]);
    }
    return TRUE;
}

void command_storage_note(const DomainStorage *source, guint *next_node)
{
    for (; source; source = source->backing) {
        *next_node = MAX(*next_node, source->node_index + 1);
    }
}

/* A raw image ends its chain by itself. */
void command_storage_assign(DomainStorage *source, guint *next_node)
{
    for (; source && source->type != DOMAIN_STORAGE_NONE && source->path;
         source = source->backing) {
        if (!source->node_index) {
            source->node_index = (*next_node)++;
        }
        if (!source->backing && source->format == DOMAIN_DISK_FORMAT_RAW) {
            source->backing = xml_storage_end_new();
            source->backing->detected = TRUE;
        }
    }
}

void command_storage_adopt(DomainStorage *to, const DomainStorage *from)
{
    for (; to && from; to = to->backing, from = from->backing) {
        to->node_index = from->node_index;
    }
}

/* Both nodes of an image carry the cache mode, unless it is the default. */
static void add_cache(JsonObject *node, const DomainDisk *disk)
{
    JsonObject *cache;

    if (disk->cache == DOMAIN_DISK_CACHE_DEFAULT) {
        return;
    }
    cache = json_object_new();
    json_object_set_boolean_member(cache, "direct", cache_modes[disk->cache].direct);
    json_object_set_boolean_member(cache, "no-flush", cache_modes[disk->cache].no_flush);
    json_object_set_object_member(node, "cache", cache);
}

static JsonObject *storage_props(const DomainDisk *disk, const DomainStorage *source,
                                 const char *name, const char *filename)
{
    JsonObject *node = json_object_new();

    json_object_set_string_member(
        node, "driver", source->type == DOMAIN_STORAGE_BLOCK ? "host_device" : "file");
    json_object_set_string_member(node, "filename", filename);
    if (disk->io != DOMAIN_DISK_IO_DEFAULT) {
        json_object_set_string_member(node, "aio", xml_disk_io_names[disk->io]);
    }
    json_object_set_string_member(node, "node-name", name);
    json_object_set_boolean_member(node, "read-only", disk->readonly);
    /* The guest's own, if other VMs may write, too: no image lock can hold. */
    if (disk->shareable && !disk->readonly) {
        json_object_set_string_member(node, "locking", "off");
    }
    if (disk->discard == DOMAIN_DISK_DISCARD_UNMAP) {
        json_object_set_string_member(node, "discard", "unmap");
    }
    add_cache(node, disk);
    return node;
}

static JsonObject *format_props(const DomainDisk *disk, const DomainStorage *source,
                                const char *name, const char *storage)
{
    JsonObject *node = json_object_new();

    json_object_set_string_member(node, "node-name", name);
    json_object_set_boolean_member(node, "read-only", disk->readonly);
    if (disk->discard != DOMAIN_DISK_DISCARD_DEFAULT) {
        json_object_set_string_member(node, "discard",
                                      xml_disk_discard_names[disk->discard]);
    }
    add_cache(node, disk);
    json_object_set_string_member(node, "driver", xml_disk_format_names[source->format]);
    json_object_set_string_member(node, "file", storage);
    return node;
}

static void add_node(CommandSteps *steps, JsonObject *props, const char *name)
{
    command_step(steps, "-blockdev", "blockdev-add", props, "blockdev-del",
                 util_json_pair("node-name", name));
}

void command_storage_steps(CommandSteps *steps, const DomainDisk *disk)
{
    const DomainStorage *source = &disk->source;
    g_autofree char *storage = command_storage_node(source);
    g_autofree char *format = command_format_node(source);
    g_autofree char *filename = command_step_file(
        steps, &(CommandFile){ .set = source->node_index,
                               .path = source->path,
                               .flags = disk->readonly ? O_RDONLY : O_RDWR,
                               .failure = "Cannot access storage file" });

    add_node(steps, storage_props(disk, source, storage, filename), storage);
    add_node(steps, format_props(disk, source, format, storage), format);
}
