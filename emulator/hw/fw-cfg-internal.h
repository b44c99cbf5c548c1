/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fw-cfg.c, fw-cfg-items.c and fw-cfg-dma.c share. Machine lock. */
#ifndef VIREO_HW_FW_CFG_INTERNAL_H
#define VIREO_HW_FW_CFG_INTERNAL_H

#include "event/lock.h"
#include "hw/fw-cfg.h"
#include "memory/address-map.h"

#define KEY_INVALID 0xffff
#define KEY_WRITE   0x4000 /* once, to write by the data port; it says nothing now */
#define KEY_MASK    0x3fff

#define MAX_MADE  16
#define MAX_FILES (KEY_MASK - FW_CFG_FILE_FIRST)
#define MAX_NAMES (MAX_FILES * (FW_CFG_NAME_MAX + 1)) /* bytes */

/* What has been made of a file since the reset, for the stream; no bytes: nothing. */
typedef struct FwCfgMade {
    guint8 name[FW_CFG_NAME_MAX + 1];
    guint8 *data;
    guint32 len;

    gboolean sized; /* size is what it had when the guest last asked */
    guint32 size;

    FwCfgMake make;
    void *opaque;
} FwCfgMade;

typedef struct FwCfgFile {
    char *name;
    GBytes *bytes;   /* of one that is made or can be written: NULL */
    FwCfgMade *made; /* NULL: it is none */

    guint8 *data; /* the owner's, that can be written; NULL: it cannot */
    guint32 len;
    FwCfgWritten written; /* NULL: nobody wants to know */
    void *opaque;
} FwCfgFile;

/* Who wants to know when no transfer is under way. */
typedef struct FwCfgWaiting {
    void (*done)(void *opaque);
    void *opaque;
} FwCfgWaiting;

typedef struct FwCfg {
    Device dev;
    guint16 file_slots;
    gboolean dma_enabled;

    Region *ports, *dma;
    GBytes *fixed[2][FW_CFG_FILE_FIRST]; /* generic ones, the architecture's */
    GPtrArray *files;                    /* FwCfgFile, by name; the key follows from it */
    FwCfgMade *made;                     /* has room for MAX_MADE */
    guint32 n_made;
    guint64 sized_at; /* device_tree_changes() of the sizes */
    guint8 *names;    /* of the stream: those of all files, each with its NUL */
    guint32 names_len;

    guint16 key;
    guint32 offset;
    GBytes *selected; /* contents of key; NULL: not looked for yet, or there is none */
    gboolean looked;  /* for selected */

    guint32 dma_high; /* half of an address */
    GQueue transfers; /* the first one is under way */
    GArray *waiting;  /* FwCfgWaiting; NULL: nobody */
} FwCfg;

/* fw-cfg-items.c */
void fw_cfg_items_init(FwCfg *s);
void fw_cfg_items_free(FwCfg *s);
void fw_cfg_items_reset(FwCfg *s); /* forgets what was made */
/* FALSE: there can be no item with that key. */
gboolean fw_cfg_select(FwCfg *s, guint16 key);
void fw_cfg_forget_sizes(FwCfg *s);
/* Another state has been loaded: the contents are to be looked for again. */
void fw_cfg_look_again(FwCfg *s);
/* The contents of the item that is selected; NULL: there is none. Borrowed. */
GBytes *fw_cfg_selected(FwCfg *s);
/*
 * What is selected, if it can be written, and all of the len bytes from the offset on are
 * in it; NULL: not so.
 */
const FwCfgFile *fw_cfg_to_write(const FwCfg *s, guint32 len);

/* fw-cfg-dma.c */
gboolean fw_cfg_dma_realize(FwCfg *s, GError **errp);
void fw_cfg_dma_unrealize(FwCfg *s);
void fw_cfg_quiesce(Device *dev, void (*done)(void *opaque), void *opaque);

#endif
