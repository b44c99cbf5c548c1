/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hw/vmgenid.h"

#include <string.h>

#include "hw/fw-cfg.h"
#include "memory/guest.h"
#include "util/error.h"
#include "util/log.h"

typedef struct VmGenId {
    Device dev;
    char *guid; /* as the user says it; of a realized one in small letters */

    guint8 bytes[VMGENID_SIZE];
    guint8 address[8]; /* of the page, little-endian: the guest writes it; 0: none */
    Device *files;     /* fw_cfg, borrowed, when it has ours; or NULL */

    void (*changed)(void *opaque);
    void *opaque;
} VmGenId;

static Device *found;

Device *vmgenid_find(void)
{
    return found;
}

const guint8 *vmgenid_bytes(const Device *dev)
{
    return ((const VmGenId *)dev)->bytes;
}

char *vmgenid_text(const Device *dev)
{
    return g_strdup(((const VmGenId *)dev)->guid);
}

/* Of a GUID the first three groups are little-endian numbers. */
static void parse(const char *text, guint8 bytes[VMGENID_SIZE])
{
    static const guint8 order[VMGENID_SIZE] = { 6,  4,  2,  0,  11, 9,  16, 14,
                                                19, 21, 24, 26, 28, 30, 32, 34 };

    for (unsigned i = 0; i < VMGENID_SIZE; i++) {
        const char *p = text + order[i];

        bytes[i] = g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]);
    }
}

gboolean vmgenid_add_files(Device *dev, Device *fw_cfg, GError **errp)
{
    VmGenId *s = (VmGenId *)dev;
    guint8 page[VMGENID_PAGE_SIZE] = { 0 };

    memcpy(page + VMGENID_PAGE_GUID, s->bytes, VMGENID_SIZE);
    if (!fw_cfg_add_file(fw_cfg, VMGENID_PAGE_FILE, page, sizeof(page), errp)) {
        return FALSE;
    }
    if (!fw_cfg_add_writable_file(fw_cfg, VMGENID_ADDRESS_FILE, s->address,
                                  sizeof(s->address), NULL, NULL, errp)) {
        fw_cfg_remove_file(fw_cfg, VMGENID_PAGE_FILE);
        return FALSE;
    }
    s->files = fw_cfg;
    return TRUE;
}

void vmgenid_set_address(Device *dev, guint64 address)
{
    guint64 le = GUINT64_TO_LE(address);

    memcpy(((VmGenId *)dev)->address, &le, sizeof(le));
}

void vmgenid_set_event(Device *dev, void (*changed)(void *opaque), void *opaque)
{
    VmGenId *s = (VmGenId *)dev;

    s->changed = changed;
    s->opaque = opaque;
}

/* The guest's memory may say another; nothing is there before firmware has placed it. */
static void update_guest(const VmGenId *s)
{
    guint8 there[VMGENID_SIZE];
    guint64 le, at;

    memcpy(&le, s->address, sizeof(le));
    if (le == 0 ||
        __builtin_add_overflow(GUINT64_FROM_LE(le), (guint64)VMGENID_PAGE_GUID, &at)) {
        return;
    }
    if (!guest_read(dma_space_memory(), at, there, sizeof(there)) ||
        memcmp(there, s->bytes, sizeof(there)) == 0) {
        return;
    }
    if (!guest_write(dma_space_memory(), at, s->bytes, sizeof(s->bytes))) {
        log_warn("vmgenid: the guest has no memory at 0x%" G_GINT64_MODIFIER "x", at);
    } else if (s->changed) {
        s->changed(s->opaque);
    }
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    update_guest(opaque);
    return TRUE;
}

static void vmgenid_reset(Device *dev)
{
    vmgenid_set_address(dev, 0);
}

static gboolean vmgenid_realize(Device *dev, GError **errp)
{
    VmGenId *s = (VmGenId *)dev;

    if (!fw_cfg_find() || !fw_cfg_has_dma(fw_cfg_find())) {
        return error_set(errp, "vmgenid requires DMA write support in fw_cfg, which this "
                               "machine type does not provide");
    }
    if (found) {
        return error_set(errp, "at most one vmgenid device is permitted");
    }
    if (strcmp(s->guid, "auto") == 0) {
        g_free(s->guid);
        s->guid = g_uuid_string_random();
    } else if (!g_uuid_string_is_valid(s->guid)) {
        return error_set(errp, "Property 'vmgenid.guid' doesn't take value '%s'",
                         s->guid);
    }
    g_autofree char *given = s->guid;

    s->guid = g_ascii_strdown(given, -1);
    parse(s->guid, s->bytes);
    found = dev;
    return TRUE;
}

static void vmgenid_unrealize(Device *dev)
{
    VmGenId *s = (VmGenId *)dev;

    if (s->files) {
        fw_cfg_remove_file(s->files, VMGENID_PAGE_FILE);
        fw_cfg_remove_file(s->files, VMGENID_ADDRESS_FILE);
        s->files = NULL;
    }
    found = NULL;
}

static const Property vmgenid_properties[] = {
    { .name = "guid",
      .type = PROP_STRING,
      .offset = offsetof(VmGenId, guid),
      .def = "auto",
      .help = "the ID, a UUID; auto: a random one" },
    { NULL },
};

static const StateDesc vmgenid_state = {
    .name = "vmgenid",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_ARRAY("address", STATE_BYTES, VmGenId, address, 8),
            { NULL },
        },
    .post_load = post_load,
};

const DeviceClass vmgenid_class = {
    .name = "vmgenid",
    .desc = "VM generation ID: the guest is told that it goes on as another VM",
    .instance_size = sizeof(VmGenId),
    .user_creatable = TRUE,
    .properties = vmgenid_properties,
    .state = &vmgenid_state,
    .realize = vmgenid_realize,
    .reset = vmgenid_reset,
    .unrealize = vmgenid_unrealize,
};
