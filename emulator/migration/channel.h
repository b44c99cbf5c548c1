/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipe that a migration goes through: a socket, or one end of a pipe that
 * libvirt gave as fd:. Blocking calls for the migration threads, which another
 * thread can end with mig_channel_cancel().
 */
#ifndef VIREO_MIGRATION_CHANNEL_H
#define VIREO_MIGRATION_CHANNEL_H

#include <sys/uio.h>

#include <glib.h>

typedef struct MigChannel MigChannel;

/*
 * Takes over fd, also when it fails (no descriptor to cancel with); -1: comes later, by
 * mig_channel_set_fd().
 */
MigChannel *mig_channel_new(int fd, GError **errp);
void mig_channel_set_fd(MigChannel *ch, int fd);
void mig_channel_free(MigChannel *ch);
/* The thread that moves bytes is done: the other side sees the end now. */
void mig_channel_close(MigChannel *ch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigChannel, mig_channel_free)

/* Moves all bytes, or fails; iov is used up. */
gboolean mig_channel_writev(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp);
/*
 * From now on mig_channel_lendv() does not copy, if it can. The writer's; only where the
 * other side says when it has read all, and nothing goes on before with what is lent.
 */
void mig_channel_lend(MigChannel *ch);
/* The first is copied; the others are guest memory, see loan.h. */
gboolean mig_channel_lendv(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp);
gboolean mig_channel_readv(MigChannel *ch, struct iovec *iov, unsigned n, GError **errp);
gboolean mig_channel_write(MigChannel *ch, const void *buf, size_t len, GError **errp);
gboolean mig_channel_read(MigChannel *ch, void *buf, size_t len, GError **errp);

/* Waits for another descriptor (-1: just for ms), or fails with "cancelled". */
gboolean mig_channel_wait(MigChannel *ch, int fd, short events, int ms, GError **errp);

/* The reader's: all that is read until it is set anew has to come within ms; 0: no limit.
 */
void mig_channel_set_deadline(MigChannel *ch, unsigned ms);
/* Bytes per second from now on; 0: no limit. Any thread. */
void mig_channel_set_limit(MigChannel *ch, guint64 bytes_per_second);
/* Any thread, once: every call under way or to come fails with "cancelled". */
void mig_channel_cancel(MigChannel *ch);
gboolean mig_channel_cancelled(MigChannel *ch);
/* Whether the other side can answer (a socket can, a pipe cannot). */
gboolean mig_channel_duplex(const MigChannel *ch);
guint64 mig_channel_written(MigChannel *ch);

#define MIGRATION_ERROR (migration_error_quark())
GQuark migration_error_quark(void);
enum {
    MIGRATION_ERROR_FAILED,
    MIGRATION_ERROR_CANCELLED,
    MIGRATION_ERROR_WRITE,   /* the other side has gone: it may have said why */
    MIGRATION_ERROR_REFUSED, /* what the destination has answered */
};

#endif
