/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems and disks as the guest knows them. */
#include "agent/reply.h"
#include "util/json.h"

static void disk_free(gpointer opaque)
{
    AgentDisk *disk = opaque;

    g_free(disk->serial);
    g_free(disk->device);
    g_free(disk->bus_type);
    g_free(disk);
}

static void filesystem_free(gpointer opaque)
{
    AgentFilesystem *fs = opaque;

    g_free(fs->name);
    g_free(fs->mountpoint);
    g_free(fs->type);
    g_ptr_array_unref(fs->disks);
    g_free(fs);
}

static AgentDisk *parse_disk(JsonObject *object)
{
    JsonObject *pci = util_json_object(object, "pci-controller");
    AgentDisk *disk = g_new0(AgentDisk, 1);

    disk->serial = g_strdup(util_json_string(object, "serial"));
    disk->device = g_strdup(util_json_string(object, "dev"));
    disk->bus_type = g_strdup(util_json_string(object, "bus-type"));
    disk->bus = util_json_int(object, "bus");
    disk->target = util_json_int(object, "target");
    disk->unit = util_json_int(object, "unit");
    disk->pci_domain = util_json_int(pci, "domain");
    disk->pci_bus = util_json_int(pci, "bus");
    disk->pci_slot = util_json_int(pci, "slot");
    disk->pci_function = util_json_int(pci, "function");
    return disk;
}

/* Elements that are no objects are left out: agents of other systems say little of them.
 */
static GPtrArray *parse_disks(JsonArray *list)
{
    GPtrArray *disks = g_ptr_array_new_with_free_func(disk_free);
    guint n = list ? MIN(json_array_get_length(list), AGENT_LIST_MAX) : 0;

    for (guint i = 0; i < n; i++) {
        JsonNode *node = json_array_get_element(list, i);

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            g_ptr_array_add(disks, parse_disk(json_node_get_object(node)));
        }
    }
    return disks;
}

GPtrArray *agent_parse_filesystems(JsonNode *reply, GError **errp)
{
    static const char command[] = "guest-get-fsinfo";
    JsonArray *list = agent_reply_list(reply, command, errp);
    g_autoptr(GPtrArray) filesystems = g_ptr_array_new_with_free_func(filesystem_free);
    guint n = list ? json_array_get_length(list) : 0;

    for (guint i = 0; i < n; i++) {
        JsonObject *object = agent_list_object(list, i);
        AgentFilesystem *fs = g_new0(AgentFilesystem, 1);

        fs->name = g_strdup(util_json_string(object, "name"));
        fs->mountpoint = g_strdup(util_json_string(object, "mountpoint"));
        fs->type = g_strdup(util_json_string(object, "type"));
        fs->total_bytes = util_json_int(object, "total-bytes");
        fs->used_bytes = util_json_int(object, "used-bytes");
        fs->disks = parse_disks(util_json_array(object, "disk"));
        g_ptr_array_add(filesystems, fs);
        if (!fs->name || !fs->mountpoint || !fs->type) {
            agent_reply_wrong(command, "name, mountpoint or type is missing", errp);
            return NULL;
        }
    }
    return list ? g_steal_pointer(&filesystems) : NULL;
}

/* Adds PREFIX.NAME, if there is a value. */
static void add_text(RpcParams *params, const char *prefix, const char *name,
                     const char *value)
{
    g_autofree char *field = g_strdup_printf("%s.%s", prefix, name);

    if (value) {
        rpc_params_add_string(params, field, value);
    }
}

static void add_bytes(RpcParams *params, const char *prefix, const char *name,
                      gint64 value)
{
    g_autofree char *field = g_strdup_printf("%s.%s", prefix, name);

    if (value >= 0) {
        rpc_params_add_ullong(params, field, (guint64)value);
    }
}

static void add_count(RpcParams *params, const char *prefix, guint count)
{
    g_autofree char *field = g_strdup_printf("%s.count", prefix);

    rpc_params_add_uint(params, field, count);
}

void agent_add_filesystems(const GPtrArray *filesystems, AgentDiskName *name,
                           gpointer opaque, RpcParams *params)
{
    add_count(params, "fs", filesystems->len);
    for (guint i = 0; i < filesystems->len; i++) {
        const AgentFilesystem *fs = filesystems->pdata[i];
        g_autofree char *prefix = g_strdup_printf("fs.%u", i);
        g_autofree char *disks = g_strdup_printf("fs.%u.disk", i);

        add_text(params, prefix, "name", fs->name);
        add_text(params, prefix, "mountpoint", fs->mountpoint);
        add_text(params, prefix, "fstype", fs->type);
        add_bytes(params, prefix, "total-bytes", fs->total_bytes);
        add_bytes(params, prefix, "used-bytes", fs->used_bytes);
        add_count(params, disks, fs->disks->len);
        for (guint j = 0; j < fs->disks->len; j++) {
            const AgentDisk *disk = fs->disks->pdata[j];
            g_autofree char *one = g_strdup_printf("fs.%u.disk.%u", i, j);

            add_text(params, one, "alias", name(disk, opaque));
            add_text(params, one, "serial", disk->serial);
            add_text(params, one, "device", disk->device);
        }
    }
}

/* Of a guest's device mapper and partitions: what it stands on. */
static void add_dependencies(RpcParams *params, guint i, JsonArray *list)
{
    guint n = list ? MIN(json_array_get_length(list), AGENT_LIST_MAX) : 0;
    g_autofree char *prefix = g_strdup_printf("disk.%u.dependency", i);

    if (n == 0) {
        return;
    }
    add_count(params, prefix, n);
    for (guint j = 0; j < n; j++) {
        g_autofree char *one = g_strdup_printf("%s.%u", prefix, j);
        JsonNode *node = json_array_get_element(list, j);

        if (JSON_NODE_HOLDS_VALUE(node) &&
            json_node_get_value_type(node) == G_TYPE_STRING) {
            add_text(params, one, "name", json_node_get_string(node));
        }
    }
}

static void add_address(RpcParams *params, const char *prefix, JsonObject *address,
                        AgentDiskName *name, gpointer opaque)
{
    AgentDisk *disk = address ? parse_disk(address) : NULL;

    if (disk) {
        add_text(params, prefix, "serial", disk->serial);
        add_text(params, prefix, "alias", name(disk, opaque));
        add_text(params, prefix, "guest_bus", disk->bus_type);
        disk_free(disk);
    }
}

gboolean agent_add_disks(JsonNode *reply, AgentDiskName *name, gpointer opaque,
                         RpcParams *params, GError **errp)
{
    static const char command[] = "guest-get-disks";
    JsonArray *list = agent_reply_list(reply, command, errp);
    guint n = list ? json_array_get_length(list) : 0;

    if (!list) {
        return FALSE;
    }
    add_count(params, "disk", n);
    for (guint i = 0; i < n; i++) {
        JsonObject *object = agent_list_object(list, i);
        g_autofree char *prefix = g_strdup_printf("disk.%u", i);
        g_autofree char *partition = g_strdup_printf("disk.%u.partition", i);

        if (!util_json_string(object, "name") ||
            !json_object_has_member(object, "partition")) {
            return agent_reply_wrong(command, "name or partition is missing", errp);
        }
        add_text(params, prefix, "name", util_json_string(object, "name"));
        rpc_params_add_boolean(params, partition, util_json_bool(object, "partition"));
        add_dependencies(params, i, util_json_array(object, "dependencies"));
        add_address(params, prefix, util_json_object(object, "address"), name, opaque);
        add_text(params, prefix, "guest_alias", util_json_string(object, "alias"));
    }
    return TRUE;
}
