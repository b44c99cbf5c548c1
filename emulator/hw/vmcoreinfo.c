/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest has written is kept, over a migration too, until a reset; whether it is
 * all that there is to say is known when it comes.
 */
#include "config.h"

#include "hw/vmcoreinfo.h"

#include <string.h>

#include "hw/fw-cfg.h"
#include "util/error.h"

#define FILE_NAME  "etc/vmcoreinfo"
#define FORMAT_ELF 1 /* an ELF note; 0: none */

/* The file; little-endian. */
typedef struct CoreInfo {
    guint16 host_format; /* what the host can read */
    guint16 guest_format;
    guint32 size;
    guint64 address; /* physical */
} CoreInfo;
G_STATIC_ASSERT(sizeof(CoreInfo) == 16);

typedef struct VmCoreInfo {
    Device dev;
    guint8 file[sizeof(CoreInfo)];
    gboolean said; /* the guest has written all of it, and says that there is something */
} VmCoreInfo;

static Device *found;

static void written(void *opaque, guint32 offset, guint32 len)
{
    VmCoreInfo *s = opaque;
    CoreInfo info;

    memcpy(&info, s->file, sizeof(info));
    s->said = offset == 0 && len == sizeof(info) && info.guest_format != 0;
}

static void vmcoreinfo_reset(Device *dev)
{
    VmCoreInfo *s = (VmCoreInfo *)dev;
    CoreInfo info = { .host_format = GUINT16_TO_LE(FORMAT_ELF) };

    memcpy(s->file, &info, sizeof(info));
    s->said = FALSE;
}

static gboolean vmcoreinfo_realize(Device *dev, GError **errp)
{
    VmCoreInfo *s = (VmCoreInfo *)dev;
    Device *fw_cfg = fw_cfg_find();

    if (found) {
        return error_set(errp, "at most one vmcoreinfo device is permitted");
    }
    if (!fw_cfg || !fw_cfg_has_dma(fw_cfg)) {
        return error_set(errp, "vmcoreinfo device requires fw_cfg with DMA");
    }
    if (!fw_cfg_add_writable_file(fw_cfg, FILE_NAME, s->file, sizeof(s->file), written, s,
                                  errp)) {
        return FALSE;
    }
    found = dev;
    return TRUE;
}

static void vmcoreinfo_unrealize(Device *dev)
{
    fw_cfg_remove_file(fw_cfg_find(), FILE_NAME);
    found = NULL;
}

static const StateDesc vmcoreinfo_state = {
    .name = "vmcoreinfo",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_ARRAY("file", STATE_BYTES, VmCoreInfo, file, sizeof(CoreInfo)),
            STATE_FIELD("said", STATE_BOOL, VmCoreInfo, said),
            { NULL },
        },
};

const DeviceClass vmcoreinfo_class = {
    .name = "vmcoreinfo",
    .desc = "the guest's kernel says where it describes itself, for dumps",
    .instance_size = sizeof(VmCoreInfo),
    .user_creatable = TRUE,
    .state = &vmcoreinfo_state,
    .realize = vmcoreinfo_realize,
    .reset = vmcoreinfo_reset,
    .unrealize = vmcoreinfo_unrealize,
};
