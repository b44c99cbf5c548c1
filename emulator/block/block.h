/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block nodes: `-blockdev` and blockdev-add make them, by node-name.
 *
 * A node is active or inactive: an inactive one (migration destination) neither
 * locks nor reads its image. Requests are made on the event loop that the node is
 * bound to (an iothread's, or the main one) and complete there by callback.
 */
#ifndef VIREO_BLOCK_BLOCK_H
#define VIREO_BLOCK_BLOCK_H

#include <sys/uio.h>

#include "config/kind.h"
#include "config/object.h"
#include "event/loop.h"

/* Images are made of sectors; a file with a ragged end reads as zeros beyond it. */
#define BLOCK_SECTOR_SIZE 512u

typedef struct BlockNode BlockNode;
typedef struct BlockChild BlockChild; /* an edge of the graph: somebody's use of a node */
typedef struct BlockStats BlockStats; /* stats.h */
typedef void (*BlockDone)(void *opaque, int ret);          /* 0 or -errno */
typedef void (*BlockChanged)(void *opaque, GError *error); /* owns it; NULL: done */

typedef enum BlockOp {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
} BlockOp;

/* What one node keeps of a request that it has passed on. */
typedef struct BlockFrame BlockFrame;
struct BlockFrame {
    BlockFrame *up;
    BlockNode *node;
    guint64 data[8];
};

/* Embedded in the caller's request: no allocation per I/O. */
typedef struct BlockRequest BlockRequest;
struct BlockRequest {
    BlockOp op;              /* as it was asked for when it is done */
    gboolean fua;            /* write: on stable storage when done */
    gboolean unmap;          /* write zeroes: may deallocate */
    const struct iovec *iov; /* the caller's, until done */
    unsigned n_iov;
    guint64 offset, bytes; /* of read and write: bytes is the sum of iov */
    BlockDone done;
    void *opaque;
    /* the nodes' own, from submit to done */
    BlockChild *user; /* who asked, and is told of the end */
    BlockNode *node;  /* the one that has it now; in the end the one that does the I/O */
    BlockOp asked;
    gboolean internal;         /* a format's own: image.h */
    BlockFrame *frames, frame; /* the last one first; room for one */
    guint64 pos;               /* offset there */
    guint64 moved;             /* bytes done so far */
    int ret;
    BlockRequest *next;
    /* serialise.c: the blocks that a write touches, [first, end), perhaps in part */
    gboolean serialised, partial;
    gboolean waits; /* on a thread, for its turn */
    guint64 first, end;
    BlockRequest *after, **link;
};

/* Who uses a node. */
typedef struct BlockUser {
    EventLoop *loop;    /* where requests are made and complete */
    gboolean read_only; /* what the user needs; fails when the node allows less */
    gboolean share_rw;  /* other processes may write the image too */
    void (*resized)(void *opaque); /* or activated; main loop; NULL: never mind */
    /*
     * Main loop: the node is active; of a user that writes all of it then. The VM does
     * not go on before done is called, now or later, with an error (done's) for which it
     * must not. NULL: has nothing to do.
     */
    void (*activated)(void *opaque, BlockChanged done, void *done_opaque);
    void (*batch_done)(void *opaque); /* the loop: after some requests' done() */
    void *opaque;
    /* For query-block(stats); both live as long as the user. NULL: not told of. */
    const char *name;   /* the device's id, or its path where it has none */
    BlockStats *stats;  /* of a disk or drive; NULL: nothing is counted */
    const char *drive;  /* the name that -drive has given a removable one; NULL: none */
    gboolean removable; /* it is one of removable.h, which tells of it */
} BlockUser;

/* The block drivers. */
extern const Kind block_kind;
/* -object throttle-group: throttle.h */
extern const ObjectType object_throttle_group;

/*
 * Main loop, under the machine lock. At start: a node is there, or not, when
 * block_node_add() returns. Later the host is asked beside the main loop, and `changed`
 * is called now or when it has answered; until then a node that comes, or goes, cannot be
 * found, and its name is taken. One that goes is flushed.
 */
BlockNode *block_node_add(ConfigNode *config, GError **errp);
/*
 * At start, of the options of a node that -drive makes, before block_node_add(): guessed:
 * a qcow2 image that was not said to be raw is one. What the header of such an image
 * names is opened with it, as QEMU does; of -blockdev that is given, or nothing.
 */
gboolean block_drive_complete(ConfigNode *node, gboolean guessed, GError **errp);
/* At start: -drive has made it, and its name is the drive's for the monitor. */
void block_node_set_drive(BlockNode *node);
/* What the monitor knows as "device": "" where no -drive says it. Borrowed. */
const char *block_node_drive(const BlockNode *node);
/*
 * At start, of a node that is there and was not said to be raw: refuses an image that
 * begins as one of another format does, and warns of one that may be written; the guest
 * is kept from making it begin so. A destination does not read it.
 */
gboolean block_check_raw(const char *name, GError **errp);
/*
 * At start, of an active node that a user is attached to: its content, whoever asks
 * waits.
 */
gboolean block_read_at_start(BlockNode *node, guint64 offset, void *buf, guint64 len,
                             GError **errp);
void block_node_add_later(ConfigNode *config, BlockChanged changed, void *opaque);
/*
 * A medium for a drive (removable.h), from options without a name: it gets one. It goes
 * when the drive has let it go. check: as block_check_raw(). done gets the node, or an
 * error, which it owns.
 */
typedef void (*BlockOpened)(void *opaque, BlockNode *node, GError *error);
void block_node_add_medium_later(ConfigNode *config, gboolean check, BlockOpened done,
                                 void *opaque);
void block_node_del_later(const char *name, BlockChanged changed, void *opaque);
/* Nodes get other options, of the list's maps, all or none: blockdev-reopen. */
void block_nodes_reopen_later(const ConfigNode *list, BlockChanged done, void *opaque);
BlockNode *block_node_find(const char *name);
const char *block_node_name(const BlockNode *node);
/* A user of this name has been told of (below). */
gboolean block_user_exists(const char *name);

/*
 * A user (a disk) of the node, beside others as far as what they need and share goes
 * together: makes its requests in a loop of its own, and locks the images, unless they
 * have been taken before or the node is inactive. What is detached still has them, until
 * they are given back, or the node is closed. Main loop, under the machine lock. NULL: it
 * fails; else until it is detached.
 */
BlockChild *block_node_attach(BlockNode *node, const BlockUser *user, GError **errp);
void block_node_detach(BlockChild *user); /* nothing in flight any more */
/*
 * At run time: before attach, for a user that needs so much, and after detach, or when
 * the user does not come after all. The host is asked beside the main loop; the node is
 * in use until done is called, now or later. Take: has taken nothing when it fails. Give:
 * its error says that the process ends.
 */
void block_node_take_later(BlockNode *node, const BlockUser *user, BlockChanged done,
                           void *opaque);
void block_node_give_later(BlockNode *node, BlockChanged done, void *opaque);

/*
 * Makes the node longer or shorter, with what is below; its users are told. The host is
 * asked beside the main loop; meanwhile no request is under way.
 */
void block_node_resize_later(BlockNode *node, guint64 size, BlockChanged done,
                             void *opaque);
/* By its name, or by that of the device that uses it (either may be NULL). */
BlockNode *block_node_lookup(const char *device, const char *name, GError **errp);

guint64 block_node_size(const BlockNode *node);         /* bytes, whole sectors */
const char *block_node_filename(const BlockNode *node); /* as it was given; borrowed */
gboolean block_node_read_only(const BlockNode *node);
/* The image is this process's: not yet, or no more, around a migration. */
gboolean block_node_is_active(const BlockNode *node);
/* The sector size of the medium: what a disk should show as its logical one. */
guint32 block_node_sector_size(const BlockNode *node);
gboolean block_node_can_discard(const BlockNode *node);

/* In the user's loop. done() is never called from inside block_submit(). */
void block_submit(BlockChild *user, BlockRequest *request);
/* Around several submits: they reach the kernel together. Nests. */
void block_plug(BlockChild *user);
void block_unplug(BlockChild *user);

/*
 * Migration: all nodes at once, nothing in flight. Flush: those in use for writing,
 * side by side, each on its own loop; done (main loop, now or later) gets the first
 * error, which it owns, or NULL. Inactivate: give up image locks. Activate: take
 * them, and wait for the users' activated(); fails by name when another process still
 * holds one, or a user fails, and then all are inactive. Both ask the host beside the
 * main loop; no user comes meanwhile. With -incoming nodes are created inactive.
 */
void block_flush_all(void (*done)(void *opaque, GError *error), void *opaque);
void block_set_start_inactive(gboolean inactive);
gboolean block_starts_inactive(void);
void block_inactivate_all(BlockChanged done, void *opaque);
void block_activate_all(BlockChanged done, void *opaque);

/*
 * blockdev-set-active: a node and those that it alone has below it, or (NULL) all. None
 * is given away that a VM uses which runs.
 */
void block_node_set_active_later(const char *name, gboolean active, BlockChanged done,
                                 void *opaque);

/* Event BLOCK_WRITE_THRESHOLD when a write of the node goes beyond; 0: never. Main loop.
 */
gboolean block_node_set_threshold(const char *name, guint64 threshold, GError **errp);

/* Now or later: nodes, or NULL and an error; both are done()'s. */
typedef void (*BlockQueried)(void *opaque, ConfigNode *nodes, GError *error);
void block_query_named_nodes(BlockQueried done, void *opaque);
void block_query_disks(BlockQueried done, void *opaque); /* query-block */
/* query-blockstats: of the users, or of all nodes. */
ConfigNode *block_query_stats(gboolean nodes);
void block_cleanup(void);

#endif
