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

enum {
    PERM_CONSISTENT_READ = 1 << 0,
    PERM_WRITE = 1 << 1,
};
#define LOCK_PERM_BASE   100
#define LOCK_SHARED_BASE 200
#define LOCK_PERM_COUNT  2

static const char *const perm_names[LOCK_PERM_COUNT] = { "consistent read", "write" };

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

static gboolean lock_mask(int fd, off_t base, unsigned mask, const char *filename,
                          GError **errp)
{
    for (unsigned i = 0; i < LOCK_PERM_COUNT; i++) {
        if ((mask & (1u << i)) &&
            lock_byte(fd, F_OFD_SETLK, F_RDLCK, base + i, NULL) < 0) {
            error_set(errp, "Failed to lock image '%s': %s", filename, error_text(errno));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_mask(int fd, off_t base, unsigned mask, const char *what,
                           const char *filename, GError **errp)
{
    for (unsigned i = 0; i < LOCK_PERM_COUNT; i++) {
        if ((mask & (1u << i)) && byte_is_taken(fd, base + i)) {
            error_set(errp,
                      "Failed to get %s\"%s\" lock: another process is using the "
                      "image '%s'",
                      what, perm_names[i], filename);
            return FALSE;
        }
    }
    return TRUE;
}

/*
 * Takes what a disk takes: reading (and writing), and, without share_rw, that
 * nobody else writes. fd must be open for reading.
 */
gboolean block_lock(int fd, const char *filename, gboolean write, gboolean share_rw,
                    GError **errp)
{
    unsigned used = PERM_CONSISTENT_READ | (write ? PERM_WRITE : 0);
    unsigned unshared = share_rw ? 0 : PERM_WRITE;

    if (lock_mask(fd, LOCK_PERM_BASE, used, filename, errp) &&
        lock_mask(fd, LOCK_SHARED_BASE, unshared, filename, errp) &&
        check_mask(fd, LOCK_SHARED_BASE, used, "", filename, errp) &&
        check_mask(fd, LOCK_PERM_BASE, unshared, "shared ", filename, errp)) {
        return TRUE;
    }
    block_unlock(fd);
    return FALSE;
}

void block_unlock(int fd)
{
    for (unsigned i = 0; i < LOCK_PERM_COUNT; i++) {
        lock_byte(fd, F_OFD_SETLK, F_UNLCK, LOCK_PERM_BASE + i, NULL);
        lock_byte(fd, F_OFD_SETLK, F_UNLCK, LOCK_SHARED_BASE + i, NULL);
    }
}
