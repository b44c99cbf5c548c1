/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image locks: open-file-description locks (fcntl(2)) on single bytes.
 *
 * The scheme is the one QEMU uses, so that both exclude each other. Byte 100 + n
 * is read-locked by a process that uses permission n, byte 200 + n by one that
 * does not let others use it; whoever takes a permission checks that nobody
 * withholds it, and the other way round. Read locks need no write access, and
 * die with the last descriptor.
 *
 * #syscalls main,slow: fcntl
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "block/node.h"
#include "util/error.h"

#define LOCK_PERM_BASE   100
#define LOCK_SHARED_BASE 200

static int lock_byte(int fd, int cmd, short type, off_t byte, struct flock *out)
{
    struct flock fl = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
    };
    int ret;

    do {
        ret = fcntl(fd, cmd, &fl);
    } while (ret < 0 && errno == EINTR);
    if (out) {
        *out = fl;
    }
    return ret;
}

/* TRUE when somebody else holds a lock on the byte. */
static gboolean byte_is_taken(int fd, off_t byte)
{
    struct flock fl;

    return lock_byte(fd, F_OFD_GETLK, F_WRLCK, byte, &fl) == 0 && fl.l_type != F_UNLCK;
}

static void unlock_mask(int fd, off_t base, guint mask)
{
    for (unsigned i = 0; i < BLOCK_PERM_COUNT; i++) {
        if (mask & (1u << i)) {
            lock_byte(fd, F_OFD_SETLK, F_UNLCK, base + i, NULL);
        }
    }
}

static gboolean lock_mask(int fd, off_t base, guint mask, const char *filename,
                          GError **errp)
{
    for (unsigned i = 0; i < BLOCK_PERM_COUNT; i++) {
        if ((mask & (1u << i)) &&
            lock_byte(fd, F_OFD_SETLK, F_RDLCK, base + i, NULL) < 0) {
            return error_set(errp, "Failed to lock image '%s': %s", filename,
                             error_text(errno));
        }
    }
    return TRUE;
}

static gboolean check_mask(int fd, off_t base, guint mask, const char *what,
                           const char *filename, GError **errp)
{
    for (unsigned i = 0; i < BLOCK_PERM_COUNT; i++) {
        if ((mask & (1u << i)) && byte_is_taken(fd, base + i)) {
            error_set(errp,
                      "Failed to get %s\"%s\" lock: another process is using the "
                      "image '%s'",
                      what, block_perm_name(i), filename);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean block_lock_also(int fd, const char *filename, BlockLocks locks, GError **errp)
{
    return lock_mask(fd, LOCK_PERM_BASE, locks.perm, filename, errp) &&
           lock_mask(fd, LOCK_SHARED_BASE, locks.unshared, filename, errp);
}

/* What comes is locked and looked at before what goes is given up. */
gboolean block_lock(int fd, const char *filename, BlockLocks old, BlockLocks new,
                    GError **errp)
{
    BlockLocks more = { new.perm & ~old.perm, new.unshared & ~old.unshared };

    if (lock_mask(fd, LOCK_PERM_BASE, more.perm, filename, errp) &&
        lock_mask(fd, LOCK_SHARED_BASE, more.unshared, filename, errp) &&
        check_mask(fd, LOCK_SHARED_BASE, more.perm, "", filename, errp) &&
        check_mask(fd, LOCK_PERM_BASE, more.unshared, "shared ", filename, errp)) {
        unlock_mask(fd, LOCK_PERM_BASE, old.perm & ~new.perm);
        unlock_mask(fd, LOCK_SHARED_BASE, old.unshared & ~new.unshared);
        return TRUE;
    }
    unlock_mask(fd, LOCK_PERM_BASE, more.perm);
    unlock_mask(fd, LOCK_SHARED_BASE, more.unshared);
    return FALSE;
}
