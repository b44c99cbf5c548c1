/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks: block nodes, virtio-blk, and drives on SATA. */
#include <string.h>

#include "command/kind.h"
#include "command/storage.h"

/* The property that the guest sees of each cache mode, "on" or "off". */
static const char *const write_cache[] = {
    [DOMAIN_DISK_CACHE_NONE] = "on",      [DOMAIN_DISK_CACHE_WRITETHROUGH] = "off",
    [DOMAIN_DISK_CACHE_WRITEBACK] = "on", [DOMAIN_DISK_CACHE_DIRECTSYNC] = "off",
    [DOMAIN_DISK_CACHE_UNSAFE] = "on",
};

/* werror=, rerror= */
static const char *const on_error[] = {
    [DOMAIN_DISK_ERROR_REPORT] = "report",
    [DOMAIN_DISK_ERROR_STOP] = "stop",
    [DOMAIN_DISK_ERROR_IGNORE] = "ignore",
    [DOMAIN_DISK_ERROR_ENOSPACE] = "enospc",
};

static gboolean is_virtio(gconstpointer device)
{
    return ((const DomainDisk *)device)->bus == DOMAIN_DISK_BUS_VIRTIO;
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_VIRTIO_TRANSITIONAL] = "virtio-blk-pci-transitional",
        [DOMAIN_VIRTIO_NON_TRANSITIONAL] = "virtio-blk-pci-non-transitional",
    };

    return is_virtio(device) ? drivers[((const DomainDisk *)device)->model]
                             : command_drive_driver(device);
}

static gboolean conventional(gconstpointer device)
{
    return ((const DomainDisk *)device)->model == DOMAIN_VIRTIO_TRANSITIONAL;
}

static int boot_of(gconstpointer device)
{
    return ((const DomainDisk *)device)->device == DOMAIN_DISK_DEVICE_CDROM
               ? DOMAIN_BOOT_CDROM
               : DOMAIN_BOOT_HD;
}

static const char *not_pluggable(gconstpointer device)
{
    return is_virtio(device) ? NULL : "disk bus 'sata' cannot be hotplugged.";
}

static const char *not_unpluggable(gconstpointer device)
{
    return is_virtio(device) ? NULL
           : ((const DomainDisk *)device)->device == DOMAIN_DISK_DEVICE_CDROM
               ? "disk device type 'cdrom' cannot be detached"
               : "This type of disk cannot be hot unplugged";
}

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainDisk *disk = device;

    if (disk->iothread > domain->iothreads) {
        return rpc_error_set(
            errp, VIR_ERR_CONFIG_UNSUPPORTED,
            "disk %s has iothread='%u', but the domain has <iothreads>%u", disk->target,
            disk->iothread, domain->iothreads);
    }
    return command_storage_check(disk, errp) &&
           command_check_virtio_model(machine, disk->model, errp) &&
           (is_virtio(disk) || command_complete_drive(machine, disk, errp));
}

/* "vdc" -> "virtio-disk2", as libvirt has it. */
static char *own_alias(gconstpointer device)
{
    return is_virtio(device)
               ? g_strdup_printf("%s%u", command_kind_disk.alias, xml_disk_index(device))
               : command_drive_alias(device);
}

static void note(gconstpointer device, guint *next_node)
{
    command_storage_note(&((const DomainDisk *)device)->source, next_node);
}

static void assign(gpointer device, guint *next_node)
{
    command_storage_assign(&((DomainDisk *)device)->source, next_node);
}

static void adopt(gpointer device, gconstpointer from)
{
    command_storage_adopt(&((DomainDisk *)device)->source,
                          &((const DomainDisk *)from)->source);
}

/* Another image is another disk, but for removable ones, which we have none of. */
static gboolean check_update(gconstpointer device, gconstpointer to, GError **errp)
{
    const DomainStorage *now = &((const DomainDisk *)device)->source;
    const DomainStorage *wanted = &((const DomainDisk *)to)->source;

    return (now->type == wanted->type && g_strcmp0(now->path, wanted->path) == 0) ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "disk %s: the source can be changed while the domain runs only "
                         "of removable drives",
                         ((const DomainDisk *)device)->target);
}

/* As libvirt: reads follow writes, but for enospace, which is of writes only. */
static DomainDiskError read_policy(const DomainDisk *disk)
{
    return !disk->rerror_policy && disk->error_policy != DOMAIN_DISK_ERROR_ENOSPACE
               ? disk->error_policy
               : disk->rerror_policy;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainDisk *disk = device;
    g_autofree char *node = disk->source.path ? command_format_node(&disk->source) : NULL;
    g_autofree char *iothread =
        disk->iothread ? g_strdup_printf("iothread%u", disk->iothread) : NULL;
    g_autofree char *wwn =
        disk->wwn
            ? g_strconcat(g_str_has_prefix(disk->wwn, "0x") ? "" : "0x", disk->wwn, NULL)
            : NULL;
    /* The first values of the enumerations, "not said", have no name. */
    const UtilJsonMember props[] = {
        UTIL_JSON_TEXT_IF("iothread", iothread),
        UTIL_JSON_TEXT_IF("drive", node),
        UTIL_JSON_NUMBER_IF("bootindex", boot_index),
        UTIL_JSON_TEXT_IF("write-cache", write_cache[disk->cache]),
        UTIL_JSON_TEXT_IF("serial", disk->serial),
        UTIL_JSON_TEXT_IF("wwn", wwn),
        UTIL_JSON_NUMBER_IF("rotation_rate", disk->rotation_rate),
        UTIL_JSON_TEXT_IF("werror", on_error[disk->error_policy]),
        UTIL_JSON_TEXT_IF("rerror", on_error[read_policy(disk)]),
    };
    JsonObject *object =
        is_virtio(disk)
            ? command_virtio_device(steps, &command_kind_disk, disk, &disk->info)
            : command_drive_device(disk);

    if (disk->source.path) {
        command_storage_steps(steps, disk);
    }
    command_step_device(steps, util_json_add(object, props, G_N_ELEMENTS(props)));
    return TRUE;
}

const CommandKind command_kind_disk = {
    .alias = "virtio-disk",
    .driver = "virtio-blk",
    .virtio = TRUE,
    .pluggable = TRUE,
    .updatable = TRUE,
    .boot = DOMAIN_BOOT_HD,
    .boot_of = boot_of,
    .on_virtio = is_virtio,
    .driver_of = driver_of,
    .conventional = conventional,
    .not_pluggable = not_pluggable,
    .not_unpluggable = not_unpluggable,
    .complete = complete,
    .own_alias = own_alias,
    .note = note,
    .assign = assign,
    .adopt = adopt,
    .check_update = check_update,
    .steps = steps,
    .stats_name = "block",
    .stats_question = "query-blockstats",
    .stats = command_disk_stats,
};

GPtrArray *command_medium(DomainDisk *disk, guint *next)
{
    CommandSteps steps;

    command_steps_init(&steps, NULL, TRUE, NULL);
    *next = MAX(*next, 1);
    command_storage_assign(&disk->source, next);
    command_storage_steps(&steps, disk);
    return steps.list;
}

char *command_medium_node(const DomainDisk *disk)
{
    return command_format_node(&disk->source);
}

GPtrArray *command_medium_removed(const DomainDisk *disk)
{
    CommandSteps made, undo;

    command_steps_init(&made, NULL, TRUE, NULL);
    command_steps_init(&undo, NULL, TRUE, NULL);
    if (disk->source.path && disk->source.node_index) {
        command_storage_steps(&made, disk);
    }
    command_reverse_lasting(&undo, made.list);
    g_ptr_array_unref(made.list);
    return undo.list;
}

gboolean command_check_migration_safe(const Domain *domain, GError **errp)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        if (!disk->readonly && disk->cache != DOMAIN_DISK_CACHE_NONE &&
            disk->cache != DOMAIN_DISK_CACHE_DIRECTSYNC) {
            return rpc_error_set(
                errp, VIR_ERR_MIGRATE_UNSAFE,
                "Migration may lead to data corruption if disks use cache "
                "other than none or directsync: disk %s has cache='%s'",
                disk->target, xml_disk_cache_names[disk->cache]);
        }
    }
    return TRUE;
}
