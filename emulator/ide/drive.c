/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all drives have: properties, a medium, and who they say that they are. */
#include <string.h>

#include "device/boot.h"
#include "ide/ide.h"
#include "util/error.h"

#define FIRMWARE_VERSION "2.5+" /* as QEMU's drives call themselves */
#define BLOCK_SIZE_MAX   (2u << 20)
#define GRANULARITY_AUTO G_MAXUINT32

BlockNode *ide_drive_find_node(const IdeDrive *drive, GError **errp)
{
    BlockNode *node = drive->drive ? block_node_find(drive->drive) : NULL;

    if (drive->drive && !node) {
        error_set(errp, "Property '%s.drive' can't find value '%s'",
                  device_user_name(&drive->device), drive->drive);
    }
    return node;
}

static void drive_acquire(Device *device, DeviceChanged done, void *opaque)
{
    IdeDrive *drive = (IdeDrive *)device;
    GError *error = NULL;

    drive->node = ide_drive_find_node(drive, &error);
    if (!drive->node) {
        done(opaque, error);
        return;
    }
    BlockUser user = { .read_only = block_node_read_only(drive->node),
                       .share_rw = drive->share_rw };
    block_node_take_later(drive->node, &user, done, opaque);
}

static void drive_release(Device *device, DeviceChanged done, void *opaque)
{
    IdeDrive *drive = (IdeDrive *)device;

    if (drive->node) {
        block_node_give_later(drive->node, done, opaque);
    } else {
        done(opaque, NULL);
    }
}

/* Or active here, perhaps with the size that it had at the source. */
static void medium_resized(void *opaque)
{
    IdeDrive *drive = opaque;

    if (drive->resized) {
        drive->resized(drive);
    }
}

gboolean ide_drive_attach(IdeDrive *drive, BlockNode *node, gboolean read_only,
                          GError **errp)
{
    Device *device = &drive->device;
    BlockUser user = { .loop = event_loop_main(),
                       .read_only = read_only || block_node_read_only(node),
                       .share_rw = drive->share_rw,
                       .resized = medium_resized,
                       .opaque = drive,
                       .name = device->id ? device->id : device->path,
                       .stats = &drive->stats };

    drive->user = block_node_attach(node, &user, errp);
    if (!drive->user) {
        return FALSE;
    }
    drive->node = node;
    drive->read_only = user.read_only;
    return TRUE;
}

/* The node stays known: it is to be given back. */
void ide_drive_detach(IdeDrive *drive)
{
    if (drive->user) {
        block_node_detach(g_steal_pointer(&drive->user));
    }
}

static void set_names(IdeDrive *drive, const char *model)
{
    const IdePort *port = drive->device.bus->opaque;

    if (!drive->serial) {
        drive->serial = g_strdup_printf("QM%05u", port->serial);
    }
    if (!drive->model) {
        drive->model = g_strdup(model);
    }
    if (!drive->ver) {
        drive->ver = g_strdup(FIRMWARE_VERSION);
    }
}

static gboolean check_sizes(IdeDrive *drive, GError **errp)
{
    guint64 physical = drive->physical_block_size;

    if (drive->logical_block_size != IDE_SECTOR_SIZE) {
        return error_set(errp, "logical_block_size must be %u for IDE", IDE_SECTOR_SIZE);
    }
    if (physical < IDE_SECTOR_SIZE || physical > BLOCK_SIZE_MAX ||
        (physical & (physical - 1))) {
        return error_set(errp,
                         "Property '%s.physical_block_size' doesn't take value "
                         "%" G_GUINT64_FORMAT " (a power of two from 512 to 2 MiB)",
                         device_user_name(&drive->device), physical);
    }
    return drive->discard_granularity == 0 ||
           drive->discard_granularity == IDE_SECTOR_SIZE ||
           error_set(errp, "discard_granularity must be %u for ide", IDE_SECTOR_SIZE);
}

gboolean ide_drive_check(IdeDrive *drive, const char *model, GError **errp)
{
    guint32 medium = drive->node ? block_node_sector_size(drive->node) : IDE_SECTOR_SIZE;

    set_names(drive, model);
    if (!drive->logical_block_size) {
        drive->logical_block_size = IDE_SECTOR_SIZE;
    }
    if (!drive->physical_block_size) {
        drive->physical_block_size = MAX(medium, drive->logical_block_size);
    }
    if (drive->discard_granularity == GRANULARITY_AUTO) {
        drive->discard_granularity = IDE_SECTOR_SIZE;
    }
    return check_sizes(drive, errp);
}

void ide_drive_reset(Device *device)
{
    IdeDrive *drive = (IdeDrive *)device;

    drive->write_cache_on = drive->write_cache != ON_OFF_AUTO_OFF;
}

/* The port, and the drive on its cable. */
static char *drive_boot_name(const Device *device)
{
    const IdePort *port = device->bus->opaque;

    return g_strdup_printf("drive@%x/disk@0", port->number);
}

void ide_put_word(guint8 *page, unsigned word, guint16 value)
{
    page[2 * word] = (guint8)value;
    page[2 * word + 1] = (guint8)(value >> 8);
}

void ide_put_text(guint8 *page, unsigned word, unsigned words, const char *text)
{
    gsize len = strlen(text);

    for (unsigned i = 0; i < 2 * words; i++) {
        page[2 * word + (i ^ 1)] = i < len ? (guint8)text[i] : ' ';
    }
}

void ide_put_checksum(guint8 *page)
{
    guint8 sum = 0;

    for (unsigned i = 0; i < IDE_SECTOR_SIZE - 1; i++) {
        sum += page[i];
    }
    page[IDE_SECTOR_SIZE - 1] = (guint8)-sum;
}

static const StateField fields[] = {
    STATE_FIELD("write-cache", STATE_BOOL, IdeDrive, write_cache_on),
    { NULL },
};

static const StateDesc state = { .name = "ide-device", .version = 1, .fields = fields };

#define FIELD(name) offsetof(IdeDrive, name)
static const Property properties[] = {
    { "drive", PROP_STRING, FIELD(drive), .help = "node name of the block device" },
    { "unit", PROP_U32, FIELD(unit), "4294967295",
      .help = "0: a bus has one drive; if not given, too" },
    { "serial", PROP_STRING, FIELD(serial), .guest = TRUE,
      .help = "serial number, 20 characters; QM and one by the port if not given" },
    { "model", PROP_STRING, FIELD(model), .guest = TRUE,
      .help = "model number, 40 characters" },
    { "ver", PROP_STRING, FIELD(ver), .guest = TRUE,
      .help = "firmware revision, 8 characters; 2.5+ if not given" },
    { "wwn", PROP_U64, FIELD(wwn), "0", .guest = TRUE,
      .help = "World Wide Name; 0: none" },
    { "logical_block_size", PROP_SIZE, FIELD(logical_block_size), .guest = TRUE,
      .help = "bytes; 512" },
    { "physical_block_size", PROP_SIZE, FIELD(physical_block_size), .guest = TRUE,
      .help = "bytes; 0: as the medium" },
    { "discard_granularity", PROP_SIZE, FIELD(discard_granularity), "4294967295",
      .max = G_MAXUINT32, .guest = TRUE,
      .help = "bytes; 512, or 0: no TRIM; 4294967295: 512" },
    { "write-cache", PROP_AUTO, FIELD(write_cache), "auto",
      .help = "off: each write is on the medium when it completes; the guest may switch "
              "it" },
    { "share-rw", PROP_BOOL, FIELD(share_rw), "off",
      .help = "others may write the image too" },
    { "werror", PROP_ENUM, FIELD(werror), "auto", .names = block_on_error_names,
      .help = BLOCK_WERROR_HELP },
    { "rerror", PROP_ENUM, FIELD(rerror), "auto", .names = block_on_error_names,
      .help = BLOCK_RERROR_HELP },
    { "min_io_size", PROP_SIZE, FIELD(min_io_size), .max = G_MAXUINT16, .ignored = TRUE,
      .help = "the guest is not told" },
    { "opt_io_size", PROP_SIZE, FIELD(opt_io_size), .max = G_MAXUINT32, .ignored = TRUE,
      .help = "the guest is not told" },
    PROPERTY_BOOTINDEX(IdeDrive, bootindex),
    PROPERTY_ONLY("account-failed", PROP_AUTO, "auto|on"),
    PROPERTY_ONLY("account-invalid", PROP_AUTO, "auto|on"),
    PROPERTY_ONLY("backend_defaults", PROP_AUTO, "auto"),
    { NULL },
};

const DeviceClass ide_drive_class = {
    .name = "ide-device",
    .abstract = TRUE,
    .bus = IDE_BUS_TYPE,
    .desc = "ATA drive",
    .instance_size = sizeof(IdeDrive),
    .properties = properties,
    .state = &state,
    .acquire = drive_acquire,
    .release = drive_release,
    .reset = ide_drive_reset,
    .boot_name = drive_boot_name,
};
