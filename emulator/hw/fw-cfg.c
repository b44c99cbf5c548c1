/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware configuration's ports. Items: fw-cfg-items.c; DMA: fw-cfg-dma.c. */
#include "config.h"

#include <string.h>

#include "hw/fw-cfg-internal.h"
#include "util/error.h"

#define DEFAULT_FILE_SLOTS 0x20
#define MIN_FILE_SLOTS     0x10

#define ID_PORTS 1
#define ID_DMA   2

/* Both ports are one to QEMU: bytes are of the item, a word that is written selects. */
static guint64 port_read(void *opaque, guint64 offset, unsigned size)
{
    FwCfg *s = opaque;
    GBytes *bytes = size == 1 ? fw_cfg_selected(s) : NULL;
    gsize len;
    const guint8 *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;

    return data && s->offset < len ? data[s->offset++] : 0;
}

static void port_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    if (size == 2 && offset == 0) {
        fw_cfg_select(opaque, (guint16)value);
    }
}

static const RegionOps port_ops = {
    .read = port_read,
    .write = port_write,
    .min_size = 1,
    .max_size = 2,
};

gboolean fw_cfg_has_dma(const Device *dev)
{
    return ((const FwCfg *)dev)->dma_enabled;
}

static Device *found; /* there is one at most */

Device *fw_cfg_find(void)
{
    return found;
}

static void fw_cfg_init(Device *dev)
{
    FwCfg *s = (FwCfg *)dev;

    fw_cfg_items_init(s);
}

static gboolean fw_cfg_realize(Device *dev, GError **errp)
{
    FwCfg *s = (FwCfg *)dev;

    s->ports = region_new_io("fwcfg", 2, &port_ops, s);
    if (!address_map_put(address_map_io(), &s->ports, FW_CFG_PORT, errp)) {
        return FALSE;
    }
    if (s->dma_enabled && !fw_cfg_dma_realize(s, errp)) {
        address_map_take(&s->ports);
        return FALSE;
    }
    fw_cfg_set_bytes(dev, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_set_number(dev, FW_CFG_ID, ID_PORTS | (s->dma_enabled ? ID_DMA : 0), 4);
    found = dev;
    return TRUE;
}

static void fw_cfg_reset(Device *dev)
{
    FwCfg *s = (FwCfg *)dev;

    fw_cfg_items_reset(s);
    fw_cfg_select(s, FW_CFG_SIGNATURE);
    s->dma_high = 0;
}

static void fw_cfg_unrealize(Device *dev)
{
    FwCfg *s = (FwCfg *)dev;

    found = NULL;
    fw_cfg_dma_unrealize(s);
    address_map_take(&s->ports);
}

static void fw_cfg_finalize(Device *dev)
{
    g_free(((FwCfg *)dev)->names);
    fw_cfg_items_free((FwCfg *)dev);
}

/* --- migration --- */

static gboolean pre_save(void *opaque, GError **errp)
{
    FwCfg *s = opaque;

    if (!s->names) {
        s->names = g_malloc(MAX_NAMES);
    }
    s->names_len = 0;
    for (guint i = 0; i < s->files->len; i++) {
        const FwCfgFile *file = s->files->pdata[i];
        gsize len = strlen(file->name) + 1;

        memcpy(s->names + s->names_len, file->name, len);
        s->names_len += len;
    }
    return TRUE;
}

/* Of a card that only one host has: it has been unplugged on the other. */
static gboolean may_differ(const char *name)
{
    return g_str_has_prefix(name, FW_CFG_CARD_ROMS);
}

/* The next name in the stream that counts, from *at on; "": there is none. */
static const char *next_theirs(const FwCfg *s, guint32 *at)
{
    while (*at < s->names_len) {
        const char *name = (const char *)s->names + *at;

        *at += strlen(name) + 1;
        if (!may_differ(name)) {
            return name;
        }
    }
    return "";
}

static const char *next_ours(const FwCfg *s, guint *at)
{
    while (*at < s->files->len) {
        const FwCfgFile *file = s->files->pdata[(*at)++];

        if (!may_differ(file->name)) {
            return file->name;
        }
    }
    return "";
}

/*
 * Keys are places in the order of names: of sets that are not the same, files would be
 * mixed up. What is in them and how long they are may differ.
 */
static gboolean check_names(const FwCfg *s, GError **errp)
{
    const char *theirs, *ours;
    guint32 at = 0;
    guint i = 0;

    if (s->names_len && s->names[s->names_len - 1]) {
        return error_set(errp, "fw_cfg: the stream's last file has no name");
    }
    do {
        theirs = next_theirs(s, &at);
        ours = next_ours(s, &i);
    } while (*ours && strcmp(theirs, ours) == 0);
    if (!*theirs && !*ours) {
        return TRUE;
    }
    if (*theirs && (!*ours || strcmp(theirs, ours) < 0)) {
        g_autofree char *name = error_printable(theirs, strlen(theirs));

        return error_set(errp, "fw_cfg: only the source has file '%s'", name);
    }
    return error_set(errp, "fw_cfg: the source does not have file '%s'", ours);
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    FwCfg *s = opaque;
    gboolean same = check_names(s, errp);

    g_clear_pointer(&s->names, g_free);
    if (!same) {
        return FALSE;
    }
    for (guint i = 0; i < s->files->len; i++) {
        const FwCfgFile *file = s->files->pdata[i];

        if (file->made && memcmp(file->made->name, file->name, strlen(file->name) + 1)) {
            return error_set(errp, "fw_cfg: the stream has another file than '%s'",
                             file->name);
        }
    }
    fw_cfg_forget_sizes(s);
    fw_cfg_look_again(s);
    return TRUE;
}

static const StateDesc made_state = {
    .name = "fw_cfg_file",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_ARRAY("name", STATE_BYTES, FwCfgMade, name, FW_CFG_NAME_MAX + 1),
            STATE_COUNTED("data", STATE_BYTES, FwCfgMade, data, FW_CFG_MADE_MAX, len,
                          .indirect = TRUE, .optional = TRUE),
            { NULL },
        },
};

static const StateDesc fw_cfg_state = {
    .name = "fw_cfg",
    .version = 1,
    .fields =
        (const StateField[]){
            STATE_FIELD("key", STATE_U16, FwCfg, key),
            STATE_FIELD("offset", STATE_U32, FwCfg, offset),
            STATE_FIELD("dma-high", STATE_U32, FwCfg, dma_high),
            STATE_COUNTED("files", STATE_BYTES, FwCfg, names, MAX_NAMES, names_len,
                          .indirect = TRUE),
            STATE_COUNTED("made", STATE_STRUCT, FwCfg, made, 0, n_made, .indirect = TRUE,
                          .nested = &made_state, .stride = sizeof(FwCfgMade)),
            { NULL },
        },
    .pre_save = pre_save,
    .post_load = post_load,
};

static const Property fw_cfg_properties[] = {
    { .name = "dma_enabled",
      .type = PROP_BOOL,
      .offset = offsetof(FwCfg, dma_enabled),
      .def = "on",
      .guest = TRUE,
      .help = "items can be read by DMA" },
    { .name = "x-file-slots",
      .type = PROP_U16,
      .offset = offsetof(FwCfg, file_slots),
      .def = G_STRINGIFY(DEFAULT_FILE_SLOTS),
      .min = MIN_FILE_SLOTS,
      .max = MAX_FILES,
      .guest = TRUE,
      .help = "how many files there may be" },
    { NULL },
};

const DeviceClass fw_cfg_class = {
    .name = "fw_cfg_io",
    .desc = "firmware configuration, ports 510h to 51Bh",
    .instance_size = sizeof(FwCfg),
    .properties = fw_cfg_properties,
    .state = &fw_cfg_state,
    .init = fw_cfg_init,
    .realize = fw_cfg_realize,
    .reset = fw_cfg_reset,
    .quiesce = fw_cfg_quiesce,
    .unrealize = fw_cfg_unrealize,
    .finalize = fw_cfg_finalize,
};
