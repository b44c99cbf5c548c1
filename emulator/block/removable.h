/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives whose medium comes and goes: their trays and media, for the monitor.
 *
 * The tray is open or closed, by the guest's command or by the host's hand; the guest may
 * lock it, so that the host has to ask. The medium is a block node, of which the drive is
 * the user while it is in; the host puts it in and takes it out while the tray is open.
 * All main loop, under the machine lock; event DEVICE_TRAY_MOVED.
 */
#ifndef VIREO_BLOCK_REMOVABLE_H
#define VIREO_BLOCK_REMOVABLE_H

#include "block/block.h"

typedef struct Removable Removable;
typedef struct MediumChange MediumChange;

/* What the drive hears of. None may add or remove a drive. */
typedef struct RemovableClass {
    /* The host has opened the tray, or closed it, with or without a medium. */
    void (*moved)(Removable *r);
    /* It was to be opened, but is locked: the guest is to be asked. */
    void (*eject_requested)(Removable *r);
    /*
     * r->medium is another one, or none, or has another size. Requests that are under way
     * go on to their end; no further one is made of a medium that is not here any more.
     */
    void (*medium_changed)(Removable *r);
} RemovableClass;

/* A part of the drive, which sets these before it is added, and keeps them as they are:
 */
struct Removable {
    const RemovableClass *klass;
    const char *name; /* its id, or its path where it has none */
    const char *path;
    const char *drive; /* the name that -drive has given it, or NULL */
    BlockStats *stats;
    gboolean share_rw; /* as BlockUser's */

    /* The guest's, too: of the drive's state. */
    gboolean tray_open, locked;

    /* For all to read: the medium that is in, whether the tray is open or not. */
    BlockNode *medium;
    BlockChild *user; /* the drive, of it; NULL: there is none */

    /* removable.c's */
    BlockNode *released; /* was in when the drive was removed */
    MediumChange *change;
    gboolean read_only; /* as the last medium was added */
};

/*
 * At the drive's realize, with the medium or without (NULL), and at its unrealize.
 * Remove: nothing is in flight; the medium comes out. Acquire, release: as a device's, of
 * a drive that is plugged at run time.
 */
gboolean removable_add(Removable *r, BlockNode *medium, GError **errp);
void removable_remove(Removable *r);
void removable_acquire(Removable *r, BlockNode *medium, BlockChanged done, void *opaque);
void removable_release(Removable *r, BlockChanged done, void *opaque);

/*
 * At start: -drive media=cdrom has said that there is a drive of this name, with a medium
 * (which goes when it is taken out) or without. A device may be it; none has to be.
 */
void removable_name_drive(const char *name, BlockNode *medium);
gboolean removable_is_drive_name(const char *name);
/* The guest moves the tray. */
void removable_move_tray(Removable *r, gboolean open);

/* The monitor's. NULL: there is no such drive. */
Removable *removable_find(const char *path);
Removable *removable_find_drive(const char *drive);
/*
 * Open: FALSE with an error when it is locked, and the guest has been asked; force: it
 * opens all the same. Nothing to do where it is so already.
 */
gboolean removable_open_tray(Removable *r, gboolean force, GError **errp);
void removable_close_tray(Removable *r);
/*
 * The medium comes out when nothing is in flight, and its image is given back; one that
 * block_node_add_medium_later() has added then goes. The tray must be open.
 */
void removable_take_out_later(Removable *r, BlockChanged done, void *opaque);
/* The node goes in, which nobody uses; the tray must be open, and empty. */
void removable_insert_later(Removable *r, const char *node, BlockChanged done,
                            void *opaque);

typedef enum RemovableMode {
    REMOVABLE_RETAIN, /* as the medium before; without one, read-only */
    REMOVABLE_READ_ONLY,
    REMOVABLE_READ_WRITE,
} RemovableMode;
extern const char *const removable_mode_names[];
/*
 * A medium of an image file: it is opened, the tray (force: as above), what is in comes
 * out, it goes in, the tray closes. When the new one cannot be had, nothing has happened.
 * format: the driver's name, NULL: raw, unless it begins as another format does.
 */
typedef struct RemovableImage {
    const char *filename, *format;
    RemovableMode mode;
    gboolean force;
} RemovableImage;
void removable_change_later(Removable *r, const RemovableImage *image, BlockChanged done,
                            void *opaque);

/* For query-block and query-blockstats: all drives, in the order of their adding. */
void removable_foreach(void (*fn)(const Removable *r, void *opaque), void *opaque);

#endif
