/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of disks: `-object throttle-group`, the driver "throttle",
 * block_set_io_throttle.
 *
 * A group has limits of bytes and of requests a second, each of all, of reads or of
 * writes; those who are in it share them. A limit may be exceeded in bursts: up to `max`
 * a second for `length` seconds, for which one has to have stayed below it before. What
 * is beyond waits, reads and writes apart, and each user has its turn. Flushes never
 * wait; and nothing does while the VM stands still, or while a node is drained.
 */
#ifndef VIREO_BLOCK_THROTTLE_H
#define VIREO_BLOCK_THROTTLE_H

#include "block/node.h"

/* Values beyond are refused: QEMU's. */
#define THROTTLE_MAX 1000000000000000ull

typedef enum ThrottleKind {
    THROTTLE_BPS_TOTAL,
    THROTTLE_BPS_READ,
    THROTTLE_BPS_WRITE,
    THROTTLE_IOPS_TOTAL,
    THROTTLE_IOPS_READ,
    THROTTLE_IOPS_WRITE,
    THROTTLE_KINDS
} ThrottleKind;

typedef struct ThrottleLimit {
    guint64 average; /* a second; 0: none */
    guint64 max;     /* a second, in a burst; 0: no bursts, but for a tenth of a second */
    guint64 length;  /* of a burst, seconds */
} ThrottleLimit;

typedef struct ThrottleConfig {
    ThrottleLimit limits[THROTTLE_KINDS];
    guint64 iops_size; /* a request of more bytes counts as several; 0: never */
} ThrottleConfig;

typedef struct ThrottleGroup ThrottleGroup;

/* As block_set_io_throttle and query-block call them: "bps", "iops_rd" ... */
extern const char *const throttle_names[THROTTLE_KINDS];
/*
 * The limits of a disk, by its id or path; group NULL: one of its own name. Without any
 * limit it leaves its group.
 */
gboolean block_user_set_throttle(const char *name, const ThrottleConfig *config,
                                 const char *group, GError **errp);
/* Those of a user (or NULL) into what query-block says. */
void throttle_query(const BlockChild *user, ConfigNode *info);

/* Lengths of 1, nothing else. */
void throttle_config_init(ThrottleConfig *config);
gboolean throttle_config_check(const ThrottleConfig *config, GError **errp);
gboolean throttle_config_limits(const ThrottleConfig *config); /* is there a limit? */

/*
 * Main loop. A group lives to the end of the process, and those of a user by their name
 * are made by the first. Users: those who are in it.
 */
ThrottleGroup *throttle_group_find(const char *name); /* an object; or NULL */
ThrottleGroup *throttle_group_get(const char *name);  /* one of users, or an object */
void throttle_group_set(ThrottleGroup *group, const ThrottleConfig *config);
const ThrottleConfig *throttle_group_config(const ThrottleGroup *group);
const char *throttle_group_name(const ThrottleGroup *group);
void throttle_group_use(ThrottleGroup *group, int more);
/* An object's. */
gboolean throttle_group_create(const char *name, const ThrottleConfig *config,
                               GError **errp);
gboolean throttle_group_destroy(const char *name, GError **errp);
void throttle_cleanup(void);

/*
 * In the request's loop. TRUE: it waits, and goes on to next by block_node_submit() when
 * it is its turn; FALSE: that is now.
 */
gboolean throttle_wait(ThrottleGroup *group, BlockNode *next, BlockRequest *request);
/* Any thread: counts it without waiting; those that come later wait for it. */
void throttle_count(ThrottleGroup *group, const BlockRequest *request);
/* Any thread: those of the user that wait go on now. */
void throttle_release(const BlockChild *user);

#endif
