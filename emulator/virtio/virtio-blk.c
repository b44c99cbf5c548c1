/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-blk (virtio 1.2, section 5.2): properties, features, configuration. */
#include "virtio/virtio-blk.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "device/boot.h"
#include "util/error.h"

#define BIT(n)      (1ull << (n))
#define AUTO_QUEUES G_MAXUINT16 /* num-queues= is not given */

static guint64 blk_features(VirtioDevice *dev)
{
    VirtioBlk *blk = (VirtioBlk *)dev;
    guint64 features = BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_BLK_SIZE) |
                       BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_FLUSH);

    features |= blk->config_wce ? BIT(VIRTIO_BLK_F_CONFIG_WCE) : 0;
    features |= blk->read_only ? BIT(VIRTIO_BLK_F_RO) : 0;
    features |= blk->num_queues > 1 ? BIT(VIRTIO_BLK_F_MQ) : 0;
    features |= blk->discard ? BIT(VIRTIO_BLK_F_DISCARD) : 0;
    features |= blk->write_zeroes ? BIT(VIRTIO_BLK_F_WRITE_ZEROES) : 0;
    return features;
}

static unsigned blk_config(VirtioDevice *dev, guint8 *space)
{
    VirtioBlk *blk = (VirtioBlk *)dev;
    guint64 block = blk->logical_block_size;
    struct virtio_blk_config config = {
        .capacity = GUINT64_TO_LE(block_node_size(blk->node) / BLOCK_SECTOR_SIZE),
        /* of a chain: header and status need a descriptor each */
        .seg_max = GUINT32_TO_LE(blk->queue_size - 2),
        .blk_size = GUINT32_TO_LE(block),
        .physical_block_exp = __builtin_ctz(blk->physical_block_size / block),
        .min_io_size = GUINT16_TO_LE(blk->min_io_size / block),
        .opt_io_size = GUINT32_TO_LE(blk->opt_io_size / block),
        .wce = g_atomic_int_get(&blk->writeback),
        .num_queues = GUINT16_TO_LE(blk->num_queues),
    };

    if (blk->discard) {
        config.max_discard_sectors = GUINT32_TO_LE(blk->max_discard_sectors);
        config.max_discard_seg = GUINT32_TO_LE(1);
        config.discard_sector_alignment =
            GUINT32_TO_LE(blk->discard_granularity / BLOCK_SECTOR_SIZE);
    }
    if (blk->write_zeroes) {
        config.max_write_zeroes_sectors = GUINT32_TO_LE(blk->max_write_zeroes_sectors);
        config.max_write_zeroes_seg = GUINT32_TO_LE(1);
        config.write_zeroes_may_unmap = block_node_can_discard(blk->node);
    }
    memcpy(space, &config, sizeof(config));
    return blk->write_zeroes ? offsetof(struct virtio_blk_config, unused1)
           : blk->discard ? offsetof(struct virtio_blk_config, max_write_zeroes_sectors)
                          : offsetof(struct virtio_blk_config, max_discard_sectors);
}

/* Only the write cache can be written: 5.2.5.1. */
static void blk_config_write(VirtioDevice *dev, unsigned offset, unsigned size,
                             guint64 value)
{
    VirtioBlk *blk = (VirtioBlk *)dev;

    if (blk->config_wce && size == 1 &&
        offset == offsetof(struct virtio_blk_config, wce)) {
        g_atomic_int_set(&blk->writeback, value & 1);
    }
}

/* A driver that cannot flush needs each write to be on the medium: 5.2.6.2. */
static gboolean blk_prepare(VirtioDevice *dev, guint64 features, GError **errp)
{
    VirtioBlk *blk = (VirtioBlk *)dev;

    blk->write_through =
        !(features & (BIT(VIRTIO_BLK_F_FLUSH) | BIT(VIRTIO_BLK_F_CONFIG_WCE)));
    return TRUE;
}

/* Or has become active here, perhaps with the size that it had at the source. */
static void blk_resized(void *opaque)
{
    VirtioBlk *blk = opaque;
    guint64 size = block_node_size(blk->node);

    if (size != blk->told_size) {
        blk->told_size = size;
        virtio_device_config_changed(&blk->dev);
    }
}

static gboolean check_power_of_two(const VirtioBlk *blk, const char *name, guint64 value,
                                   GError **errp)
{
    if (value < BLOCK_SECTOR_SIZE || value > 2 * 1024 * 1024 || (value & (value - 1))) {
        return error_set(errp,
                         "Property '%s.%s' doesn't take value %" G_GUINT64_FORMAT
                         " (a power of two from 512 to 2 MiB)",
                         device_user_name(&blk->dev.device), name, value);
    }
    return TRUE;
}

/* Sizes: what was not set follows the medium. */
static gboolean check_geometry(VirtioBlk *blk, GError **errp)
{
    guint32 sector = block_node_sector_size(blk->node);

    blk->logical_block_size = blk->logical_block_size ? blk->logical_block_size : sector;
    blk->physical_block_size =
        blk->physical_block_size ? blk->physical_block_size : blk->logical_block_size;
    if (!check_power_of_two(blk, "logical_block_size", blk->logical_block_size, errp) ||
        !check_power_of_two(blk, "physical_block_size", blk->physical_block_size, errp)) {
        return FALSE;
    }
    if (blk->logical_block_size > blk->physical_block_size) {
        return error_set(errp,
                         "Property '%s.logical_block_size' value %" G_GUINT64_FORMAT
                         " is above physical_block_size %" G_GUINT64_FORMAT,
                         device_user_name(&blk->dev.device), blk->logical_block_size,
                         blk->physical_block_size);
    }
    if (blk->discard_granularity == 0 || blk->discard_granularity == G_MAXUINT32) {
        blk->discard_granularity = blk->logical_block_size;
    }
    if (blk->discard_granularity % blk->logical_block_size ||
        blk->min_io_size % blk->logical_block_size ||
        blk->opt_io_size % blk->logical_block_size) {
        return error_set(errp,
                         "Properties min_io_size, opt_io_size and discard_granularity "
                         "must be multiples of logical_block_size "
                         "(%" G_GUINT64_FORMAT ")",
                         blk->logical_block_size);
    }
    return TRUE;
}

static gboolean check_options(VirtioBlk *blk, GError **errp)
{
    const char *name = device_user_name(&blk->dev.device);

    if (blk->num_queues == AUTO_QUEUES) {
        blk->num_queues = MAX(blk->dev.auto_queues, 1);
    }
    if (blk->num_queues > VIRTIO_QUEUE_MAX) {
        return error_set(errp, "Property '%s.num-queues' value %u is above %d", name,
                         blk->num_queues, VIRTIO_QUEUE_MAX);
    }
    if (blk->queue_size & (blk->queue_size - 1)) {
        return error_set(errp, "Property '%s.queue-size' value %u is not a power of two",
                         name, blk->queue_size);
    }
    return TRUE;
}

/* StratoVirt's rule for its light machine: a drive of the device's own name. */
static BlockNode *find_drive(VirtioBlk *blk, GError **errp)
{
    const char *drive = blk->drive ? blk->drive : blk->dev.device.id;
    const char *name = device_user_name(&blk->dev.device);
    BlockNode *node = drive ? block_node_find(drive) : NULL;

    if (!node && blk->drive) {
        error_set(errp, "Property '%s.drive' can't find value '%s'", name, blk->drive);
    } else if (!node) {
        error_set(errp, "Property '%s.drive' is not set", name);
    }
    return node;
}

static void blk_acquire(Device *device, DeviceChanged done, void *opaque)
{
    VirtioBlk *blk = (VirtioBlk *)device;
    GError *error = NULL;

    blk->node = find_drive(blk, &error);
    if (!blk->node) {
        done(opaque, error);
        return;
    }
    BlockUser user = { .read_only = block_node_read_only(blk->node),
                       .share_rw = blk->share_rw };
    block_node_take_later(blk->node, &user, done, opaque);
}

static void blk_release(Device *device, DeviceChanged done, void *opaque)
{
    block_node_give_later(((VirtioBlk *)device)->node, done, opaque);
}

static gboolean blk_realize(Device *device, GError **errp)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    blk->node = find_drive(blk, errp);
    if (!blk->node || !check_options(blk, errp) || !check_geometry(blk, errp) ||
        !virtio_device_get_loop(&blk->dev, blk->iothread, errp)) {
        return FALSE;
    }
    blk->read_only = block_node_read_only(blk->node);
    blk->discard = blk->discard && !blk->read_only;
    blk->write_zeroes = blk->write_zeroes && !blk->read_only;
    blk->writeback = blk->write_cache != ON_OFF_AUTO_OFF;
    blk->dev.n_queues = blk->num_queues;
    blk->dev.queue_size = blk->queue_size;

    BlockUser user = { .loop = blk->dev.loop,
                       .read_only = blk->read_only,
                       .share_rw = blk->share_rw,
                       .resized = blk_resized,
                       .batch_done = blk_batch_done,
                       .opaque = blk,
                       .name = device->id ? device->id : device->path,
                       .stats = &blk->stats };
    blk->user = block_node_attach(blk->node, &user, errp);
    if (!blk->user) {
        virtio_device_put_loop(&blk->dev, blk->iothread);
        return FALSE;
    }
    blk->told_size = block_node_size(blk->node);
    return TRUE;
}

static void blk_unrealize(Device *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    blk_free_requests(blk);
    block_node_detach(g_steal_pointer(&blk->user));
    virtio_device_put_loop(&blk->dev, blk->iothread);
}

static void blk_reset(Device *device)
{
    VirtioBlk *blk = (VirtioBlk *)device;

    g_atomic_int_set(&blk->writeback, blk->write_cache != ON_OFF_AUTO_OFF);
}

static char *blk_boot_name(const Device *device)
{
    return g_strdup("disk@0,0");
}

static const StateField state_fields[] = {
    STATE_FIELD("writeback", STATE_BOOL, VirtioBlk, writeback),
    STATE_FIELD("told-size", STATE_U64, VirtioBlk, told_size),
    { NULL },
};

static const StateDesc blk_state = {
    .name = "virtio-blk-device",
    .version = 1,
    .fields = state_fields,
};

#define FIELD(name)    offsetof(VirtioBlk, name)
#define RANGE_MAX      0x3fffff /* sectors: just below 2 GiB */
#define RANGE_MAX_TEXT "4194303"
static const Property properties[] = {
    { "drive", PROP_STRING, FIELD(drive), .help = "node name of the block device" },
    { "serial", PROP_STRING, FIELD(serial), .guest = TRUE,
      .help = "serial number, 20 characters" },
    { "iothread", PROP_STRING, FIELD(iothread), .link = "link<iothread>",
      .help = "iothread that serves the disk" },
    { "num-queues", PROP_U16, FIELD(num_queues), "65535", 1, AUTO_QUEUES, .guest = TRUE,
      .help = "request queues; 65535: one for each vCPU, of virtio-mmio's: one" },
    { "queue-size", PROP_U16, FIELD(queue_size), "256", 4, VIRTQUEUE_MAX_SIZE,
      .guest = TRUE, .help = "entries of a queue, a power of two" },
    { "write-cache", PROP_AUTO, FIELD(write_cache), "auto",
      .help = "off: each write is on the medium when it completes" },
    { "config-wce", PROP_BOOL, FIELD(config_wce), "on", .guest = TRUE,
      .help = "the guest may switch the write cache" },
    { "logical_block_size", PROP_SIZE, FIELD(logical_block_size), .guest = TRUE,
      .help = "bytes; 0: as the medium" },
    { "physical_block_size", PROP_SIZE, FIELD(physical_block_size), .guest = TRUE,
      .help = "bytes; 0: the logical one" },
    { "min_io_size", PROP_SIZE, FIELD(min_io_size), .max = G_MAXUINT16, .guest = TRUE,
      .help = "bytes" },
    { "opt_io_size", PROP_SIZE, FIELD(opt_io_size), .max = G_MAXUINT32, .guest = TRUE,
      .help = "bytes" },
    { "discard_granularity", PROP_SIZE, FIELD(discard_granularity), .max = G_MAXUINT32,
      .guest = TRUE, .help = "bytes; 0, 4294967295: the logical block size" },
    { "discard", PROP_BOOL, FIELD(discard), "on", .guest = TRUE,
      .help = "offer discard" },
    { "write-zeroes", PROP_BOOL, FIELD(write_zeroes), "on", .guest = TRUE,
      .help = "offer write zeroes" },
    { "max-discard-sectors", PROP_U32, FIELD(max_discard_sectors), RANGE_MAX_TEXT, 1,
      RANGE_MAX, .guest = TRUE, .help = "of one request" },
    { "max-write-zeroes-sectors", PROP_U32, FIELD(max_write_zeroes_sectors),
      RANGE_MAX_TEXT, 1, RANGE_MAX, .guest = TRUE, .help = "of one request" },
    { "share-rw", PROP_BOOL, FIELD(share_rw), "off",
      .help = "others may write the image too" },
    { "werror", PROP_ENUM, FIELD(werror), "auto", .names = block_on_error_names,
      .help = BLOCK_WERROR_HELP },
    { "rerror", PROP_ENUM, FIELD(rerror), "auto", .names = block_on_error_names,
      .help = BLOCK_RERROR_HELP },
    { "addr", PROP_STRING, FIELD(addr),
      .help = "in StratoVirt's dialect: the guest's disk N, from 0x0; an unplugged one "
              "is replaced under its driver, so its file systems must be unmounted" },
    PROPERTY_BOOTINDEX(VirtioBlk, bootindex),
    { "request-merging", PROP_BOOL, FIELD(request_merging), "on", .ignored = TRUE,
      .help = "the host's kernel does" },
    { "seg-max-adjust", PROP_BOOL, FIELD(seg_max_adjust), "on", .ignored = TRUE,
      .help = "always" },
    PROPERTY_ONLY("account-failed", PROP_AUTO, "auto|on"),
    PROPERTY_ONLY("account-invalid", PROP_AUTO, "auto|on"),
    PROPERTY_ONLY("backend_defaults", PROP_AUTO, "auto"),
    PROPERTY_ONLY("cyls", PROP_U32, "0"),
    PROPERTY_ONLY("heads", PROP_U32, "0"),
    PROPERTY_ONLY("secs", PROP_U32, "0"),
    PROPERTY_ONLY("lcyls", PROP_U32, "0"),
    PROPERTY_ONLY("lheads", PROP_U32, "0"),
    PROPERTY_ONLY("lsecs", PROP_U32, "0"),
    PROPERTY_ONLY("report-discard-granularity", PROP_BOOL, "on"),
    PROPERTY_ONLY("scsi", PROP_BOOL, "off"),
    PROPERTY_ONLY("x-enable-wce-if-config-wce", PROP_BOOL, "on"),
    { NULL },
};

const VirtioDeviceClass virtio_blk_class = {
    .device = {
        .name = "virtio-blk-device",
        .alias = "virtio-blk-mmio",
        .desc = "Virtio block device",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioBlk),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .state = &blk_state,
        .acquire = blk_acquire,
        .release = blk_release,
        .realize = blk_realize,
        .reset = blk_reset,
        .unrealize = blk_unrealize,
        .boot_name = blk_boot_name,
    },
    .device_id = VIRTIO_ID_BLOCK,
    .features = blk_features,
    .config = blk_config,
    .config_write = blk_config_write,
    .prepare = blk_prepare,
    .handle = blk_handle,
};
