/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of block/ know of a node and of its loop; for them alone. */
#ifndef VIREO_BLOCK_NODE_H
#define VIREO_BLOCK_NODE_H

#include "block/block.h"

typedef struct BlockLoop BlockLoop;

/* What somebody does with a node, and may let others do. The bits are those of QEMU's
 * locks. */
enum {
    BLOCK_PERM_CONSISTENT_READ = 1 << 0,
    BLOCK_PERM_WRITE = 1 << 1,
    BLOCK_PERM_WRITE_UNCHANGED = 1 << 2,
    BLOCK_PERM_RESIZE = 1 << 3,
    BLOCK_PERM_ALL = 0xf,
};
#define BLOCK_PERM_COUNT 4

typedef struct BlockDriver {
    KindType type; /* its rows: of node->options, which are read before all else */
    /*
     * How a node comes, step by step; NULL where there is nothing to do.
     * configure: looks at its options, and finds its child or configures it. begin: all
     * above and below is configured; opens what only the main loop can. open: asks the
     * host, on a thread that has this node and nothing else, not its child either; what
     * has failed is closed. opened: those below are open; looks whether they fit.
     */
    gboolean (*configure)(BlockNode *node, GError **errp);
    gboolean (*begin)(BlockNode *node, GError **errp);
    gboolean (*open)(BlockNode *node, GError **errp);
    gboolean (*opened)(BlockNode *node, GError **errp);
    /*
     * blockdev-reopen: fresh has been read, and may take the node's place? It configures
     * it, without children, for open(); then, on that thread, fresh gets the locks that
     * the node has. NULL: nodes of the driver stay as they are; it has no image.
     */
    gboolean (*reopen)(BlockNode *node, BlockNode *fresh, GError **errp);
    gboolean (*take_locks)(BlockNode *fresh, const BlockNode *node, GError **errp);
    /*
     * And how it goes: what has been written is on the medium; the host has back what
     * open() got, if it did, both on such a thread; memory.
     */
    gboolean (*sync)(BlockNode *node, GError **errp);
    void (*close)(BlockNode *node);
    void (*free)(BlockNode *node);
    /*
     * Of a node with an image, on such a thread: its locks, from what it has to what it
     * shall have, all or none; how large it is.
     */
    gboolean (*lock)(BlockNode *node, guint old_perm, guint old_shared, guint perm,
                     guint shared, GError **errp);
    gboolean (*measure)(BlockNode *node, guint64 *size, GError **errp);
    /* On such a thread, nothing in flight: makes it longer or shorter. NULL: cannot. */
    gboolean (*truncate)(BlockNode *node, guint64 size, GError **errp);
    /* Any thread: is what is written behind its end there then? NULL: never. */
    gboolean (*can_grow)(const BlockNode *node);
    /*
     * Of a format, on such a thread: it reads what is its own in the image, whose locks
     * it has; it writes what it has not written yet, and forgets it all, errors or not.
     */
    gboolean (*activate)(BlockNode *node, GError **errp);
    gboolean (*inactivate)(BlockNode *node, GError **errp);
    /* Main loop, without asking the host: the sizes below are known. NULL: so is its own.
     */
    gboolean (*refresh_size)(BlockNode *node, GError **errp);
    /*
     * Does request, which is within the node's size, at request->pos; or passes it on by
     * block_node_submit(). In the loop of the request's user.
     */
    void (*submit)(BlockNode *node, BlockRequest *request);
    /*
     * One for which submit has called block_request_watch() is done below: in the loop of
     * its user.
     */
    void (*ended)(BlockNode *node, BlockRequest *request, BlockFrame *frame);
    /*
     * The same, all of it, on a thread that may wait; any op, from request->moved on. 0
     * or -errno; request->done is not called. Passes it on by block_node_blocking().
     */
    int (*blocking)(BlockNode *node, BlockRequest *request);
    /* Main loop: what query-block tells of the image, of an active node. NULL: nothing. */
    void (*query)(const BlockNode *node, ConfigNode *image);
    /* blocking() may wait for requests that loops have sent to what is below. */
    gboolean waits;
    /* Main loop: the image has been taken over; what was lost before is written anew. */
    void (*activated)(BlockNode *node);
    /* Main loop: a descriptor of the image, to be closed, for fstat(); -1: there is none.
     */
    int (*dup_fd)(const BlockNode *node);
} BlockDriver;

/* How far a user is. */
typedef enum BlockHold {
    BLOCK_HOLD_TAKEN, /* the host is asked, for a user that comes: hold.c */
    BLOCK_HOLD_HELD,  /* it has been taken: that user attaches now, or it is given back */
    BLOCK_HOLD_ATTACHED,
    BLOCK_HOLD_LEFT,  /* perhaps locked still: block_node_give_later() */
    BLOCK_HOLD_GIVEN, /* the host gets it back */
    BLOCK_HOLD_GONE,  /* in no list any more; its loop frees it */
} BlockHold;

/* What a node is to who uses it. */
typedef enum BlockRole {
    BLOCK_ROLE_USER,
    BLOCK_ROLE_FILTERED, /* all of it, or a part, as it is */
    BLOCK_ROLE_FILE,     /* a format's image */
    BLOCK_ROLE_DATA_FILE,
    BLOCK_ROLE_BACKING,
} BlockRole;

struct BlockChild {
    BlockNode *node;
    BlockNode *parent; /* NULL: a user's */
    BlockRole role;
    guint perm, shared; /* what it does with the node, and lets others do */
    BlockChild *next_parent, *next_child;

    /* a user's */
    BlockHold hold;
    BlockUser user;
    BlockLoop *loop;
    unsigned in_flight; /* its requests, done() not yet called; in the loop */
    gboolean completed; /* some done() was called in this round of the loop */
    BlockChild *next_completed;
    struct ThrottleGroup *throttle; /* atomic: its limits, or NULL */
    guint drains; /* it keeps its requests, and tells these when nothing is in flight */
    GSList *drains_waiting;
    BlockRequest *kept, *kept_last;
    guint refs; /* main loop: others than its owner; the last one frees it */
};

struct BlockNode {
    const BlockDriver *driver;
    gboolean anonymous; /* given inline: goes with its parent */
    gboolean of_drive;  /* -drive has made it */
    gboolean transient; /* a drive's medium: goes when that has let it go */
    gboolean guessed;   /* raw, unless the image begins as of another format, which no
                           guest may make it do */
    BlockChild *parents, *children;
    BlockNode
        *child; /* the one that it is, or has, the data of; of its children; or NULL */

    /* options of all drivers */
    char *name;
    gboolean read_only, auto_read_only;
    gboolean direct;   /* cache.direct: O_DIRECT */
    gboolean no_flush; /* cache.no-flush: flushes do nothing */
    int discard;       /* what was asked for */
    int detect_zeroes;
    void *options; /* the driver's own */

    gboolean unmap; /* discards reach what is below */

    const char *filename; /* of one that has an image: the options' */
    void *state;          /* the driver's own */

    guint64 size;
    guint32 sector_size;     /* logical, of the medium */
    guint64 wr_highest;      /* stats.c: where the last byte written ends */
    guint64 write_threshold; /* atomic; 0: none */
    gboolean active;
    gboolean wanted; /* it is active, or to be so: its needs count */
    /* Of one with an image: which locks it has; the others are perm.c's. */
    guint held_perm, held_unshared;
    gboolean claimed; /* and the host is asked for others */
    guint asked; /* by so many is the host asked for something of the node: it stays */
};

extern const BlockDriver block_driver_file;
extern const BlockDriver block_driver_host_device;
extern const BlockDriver block_driver_raw;
extern const BlockDriver block_driver_null;
extern const BlockDriver block_driver_throttle;
extern const BlockDriver block_driver_qcow2;
extern const BlockDriver block_driver_test;

/*
 * block.c: the driver is told when the request is done; what it keeps in the frame is its
 * own until then. In the request's loop, from submit().
 */
BlockFrame *block_request_watch(BlockNode *node, BlockRequest *request);
void block_request_unwatch(BlockRequest *request); /* the last one, still in submit() */
void block_request_ended(BlockRequest *request);
/* To node, at request->pos; for drivers that pass requests on. */
void block_node_submit(BlockNode *node, BlockRequest *request);
/* On a thread that may wait: as block_node_submit(). */
int block_node_blocking(BlockNode *node, BlockRequest *request);
/* Any thread: done(ret) will be called in the loop of the request's user. */
void block_node_complete(BlockRequest *request, int ret);
GSList *block_nodes(void); /* in the order of their creation */
void block_node_list(BlockNode *node);
void block_node_unlist(BlockNode *node);
BlockNode *block_node_bottom(const BlockNode *node);
/* The sizes of a node and those below it, from below. */
gboolean block_node_refresh_size(BlockNode *node, GError **errp);

/* resize.c: as BlockDriver.truncate. */
gboolean block_node_truncate(BlockNode *node, guint64 size, GError **errp);
/* Sizes have changed: those above follow, users are told. FALSE: one does not fit. */
gboolean block_nodes_follow(GError **errp);
/* reopen.c: an option of block_kind, which it takes, names the child that is there. */
gboolean block_reopen_check_child(const BlockNode *node, ConfigNode **ref, GError **errp);

/* child.c: edges. Main loop; parent NULL: of a user. */
BlockChild *block_child_new(BlockNode *node, BlockNode *parent, BlockRole role);
void block_child_free(BlockChild *child);
BlockChild *block_child_ref(BlockChild *child);
void block_child_unref(BlockChild *child);
BlockNode *block_child_node(const BlockNode *node, BlockRole role); /* or NULL */
/* Of those that are attached the first one after that (NULL: of all), or NULL. */
BlockChild *block_node_next_user(const BlockNode *node, const BlockChild *after);
/*
 * What query-block and query-blockstats list of it: its users but removable drives, which
 * are listed for themselves; NULL for one that -drive has made and nobody has.
 */
typedef void (*BlockListed)(BlockNode *node, const BlockChild *user, void *opaque);
void block_node_foreach_listed(BlockNode *node, BlockListed fn, void *opaque);
/* It is told of: a disk. */
static inline gboolean block_user_is_disk(const BlockChild *c)
{
    return c->user.stats != NULL;
}
/* Is there, or comes or goes, a user or a parent? Or a user. */
gboolean block_node_in_use(const BlockNode *node);
gboolean block_node_has_user(const BlockNode *node);
/* The first user that is so far; like: and has the same needs. Or NULL. */
BlockChild *block_user_find(const BlockNode *node, BlockHold hold, const BlockUser *like);
/* One that comes: BLOCK_HOLD_TAKEN. NULL when it does not go together with the others. */
BlockChild *block_user_new(BlockNode *node, const BlockUser *user, GError **errp);
gboolean block_node_may_attach(BlockNode *node, const BlockUser *user, GError **errp);
void block_node_forget_left(BlockNode *node);

/*
 * drain.c: until it is ended nothing is in flight at the node: done is called when that
 * is so, later. Main loop. The others are the users': in their loops, but for left, and
 * of a user that is drained.
 */
typedef struct BlockDrain BlockDrain;
BlockDrain *block_drain_begin(const BlockNode *node, void (*done)(void *opaque),
                              void *opaque);
void block_drain_end(BlockDrain *drain);
void block_drain_keep(BlockChild *user, BlockRequest *request);
void block_drain_idle(BlockChild *user);
void block_drain_user_left(BlockChild *user);

/* perm.c: what a user needs and shares; the sum of a node's; all below it anew. */
void block_user_perms(const BlockUser *user, guint *perm, guint *shared);
void block_node_perms(const BlockNode *node, guint *perm, guint *shared);
gboolean block_perms_refresh(BlockNode *node, GError **errp);
const char *block_perm_name(unsigned bit);

/* claim.c: what the host is asked for images. Main loop, but for the calls. */
typedef struct BlockClaim BlockClaim;
typedef enum BlockClaimKind {
    BLOCK_CLAIM_USERS, /* the locks are to be as the users are now */
    BLOCK_CLAIM_TAKE,  /* inactive ones become active */
    BLOCK_CLAIM_GIVE,  /* active ones have become inactive: all is given back */
} BlockClaimKind;
/* Beside: on the thread, before, and when open has done its work, after all else. */
typedef struct BlockClaimCalls {
    gboolean (*open)(gpointer data, GError **errp);
    void (*end)(gpointer data, const GError *error);
    void (*drop)(gpointer data); /* nobody waits any more */
} BlockClaimCalls;
typedef void (*BlockClaimed)(void *opaque, GError *error); /* owns it */
BlockClaim *block_claim_new(BlockClaimKind kind);
void block_claim_set_calls(BlockClaim *claim, const BlockClaimCalls *calls,
                           gpointer data);
void block_claim_add(BlockClaim *claim, BlockNode *node);       /* the images below it */
void block_claim_add_name(BlockClaim *claim, const char *name); /* a gate: event/gate.h */
/* One of a format that is taken, or given; children before their parents. */
void block_claim_add_format(BlockClaim *claim, BlockNode *node);
/* Takes the claim. done: now or later. */
void block_claim_later(BlockClaim *claim, BlockClaimed done, void *opaque);
/* What was asked for has not come back, and does not: the process ends. */
gboolean block_claim_ended(void);
/* A node that was claimed by somebody else is not any more. */
void block_claims_go_on(void);
/* At start. */
gboolean block_claim_run_now(BlockClaim *claim, GError **errp);
gboolean block_claim_now(BlockNode *node, GError **errp);

/* options.c */
enum { DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP };
extern const char *const detect_zeroes_names[]; /* of them; ends with NULL */
const BlockDriver *block_driver_find(ConfigNode *config, GError **errp);
/* parent: of a node that is given inline. */
gboolean block_options_read(BlockNode *node, ConfigNode *config, const BlockNode *parent,
                            BlockRole role, GError **errp);
void block_options_clear(BlockNode *node);

/*
 * add.c: a child of the node, by name or from an inline object: an option of block_kind,
 * which it takes. One that has the node's data is node->child.
 */
gboolean block_child_configure(BlockNode *node, ConfigNode **ref, BlockRole role,
                               GError **errp);
/* Of one that is in no list. */
void block_node_close(BlockNode *node);
void block_node_free(BlockNode *node);

/* format.c: of an open file; any thread. Refuses what begins as another format does. */
gboolean block_check_format(BlockNode *file, GError **errp);

/* Does what begins so begin as another format's image? */
gboolean block_is_header(const struct iovec *iov, unsigned n);

/* active.c */
gboolean block_activity_changes(void); /* nobody comes or goes now */

/* Copies the part of src from byte skip on; returns the number of pieces. */
unsigned iov_slice(struct iovec *dst, unsigned max, const struct iovec *src, unsigned n,
                   guint64 skip);

/* stats.c: something is written up to @end. Any thread. */
void block_node_note_write(BlockNode *node, guint64 end);

/* threshold.c: any thread. Where the node's is, and that a write ends beyond it. */
guint64 block_write_threshold(const BlockNode *node);
void block_node_check_threshold(BlockNode *node, guint64 end);

/* lock.c: locks of other processes, compatible with QEMU's; as BlockDriver.lock. */
typedef struct BlockLocks {
    guint perm, unshared;
} BlockLocks;
gboolean block_lock(int fd, const char *filename, BlockLocks old, BlockLocks new,
                    GError **errp);
/* Those that another descriptor of ours has. */
gboolean block_lock_also(int fd, const char *filename, BlockLocks locks, GError **errp);

/* loop.c: what the users of one event loop share; made by the first of them. */
BlockLoop *block_loop_get(EventLoop *loop, GError **errp);
void block_loop_put(BlockLoop *loop);
/* Of a file node: file.h. In the loop. */
void block_loop_submit(BlockRequest *request);
/* Any thread: request->done(ret) will be called in the loop. */
void block_loop_complete(BlockLoop *loop, BlockRequest *request, int ret);
void block_loop_plug(BlockLoop *loop);
void block_loop_unplug(BlockLoop *loop);

/* worker.c: threads that do what a request's node does blocking, then complete it. */
void block_worker_submit(BlockRequest *request);
void block_worker_cleanup(void);

/* uring.c: an io_uring, restricted to the operations used here. */
typedef struct BlockUring BlockUring;
BlockUring *block_uring_new(int eventfd); /* NULL: not available */
void block_uring_free(BlockUring *uring);
/* Of a file node. FALSE: full; try again after block_uring_reap(). */
gboolean block_uring_queue(BlockUring *uring, BlockRequest *request);
/* FALSE: the kernel does not take all of them now; try again. */
gboolean block_uring_submit(BlockUring *uring);
/* The next finished request and the kernel's result, or NULL. */
BlockRequest *block_uring_reap(BlockUring *uring, int *res);

#endif
