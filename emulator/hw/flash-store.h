/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of a flash: in memory, where the guest reads and executes it, and on a
 * block node, where every change is written before the guest goes on.
 *
 * Nobody waits under the machine lock: the access that has made a change is held
 * (access_hold()) until the host has written. Changes are written one after the other, in
 * their order, from the main loop. All of it under the machine lock.
 */
#ifndef VIREO_HW_FLASH_STORE_H
#define VIREO_HW_FLASH_STORE_H

#include "block/block.h"
#include "memory/ram.h"

typedef struct FlashStore {
    /* The user's, before flash_store_open(). */
    void (*failed)(void *opaque, guint8 tag); /* a change could not be written, or kept */
    void *opaque;

    RamBlock *ram; /* its size is the node's */
    gboolean read_only;
    BlockNode *node;
    BlockChild *user; /* the store, of it */
    /* the store's own */
    GQueue writes;                /* FlashWrite; the first one is under way */
    gboolean unsettled;           /* written, perhaps not yet on stable storage */
    guint64 lost_first, lost_end; /* bytes that could not be written; empty: none */
    guint8 lost_tag;
    GSList *quiescing;      /* who waits until there are no writes */
    BlockChanged activated; /* who waits for the content in the image; or NULL */
    void *activated_opaque;
    GError *activated_error; /* what it has to hear of */
} FlashStore;

/*
 * At start: attaches to the node, of which it must be the only user, and reads it, or
 * leaves the content to the stream of a migration. name: of the RAM, which is registered.
 * There is nothing to be closed when it fails. path: the device's, for query-block.
 */
gboolean flash_store_open(FlashStore *s, BlockNode *node, const char *name,
                          const char *path, GError **errp);
void flash_store_close(FlashStore *s); /* quiesced */
/*
 * The content has been changed there: it is written, and may be lost only with the host,
 * before the access that is being made is over. tag: for failed().
 */
void flash_store_changed(FlashStore *s, guint64 offset, guint64 len, guint8 tag);
/*
 * All changes so far are on stable storage before the access is over; what could not be
 * written is tried again. What fails is heard of after the access: see failed().
 */
void flash_store_settle(FlashStore *s, guint8 tag);
/* As DeviceClass.quiesce. What could not be written is tried once more. */
void flash_store_quiesce(FlashStore *s, void (*done)(void *opaque), void *opaque);

#endif
