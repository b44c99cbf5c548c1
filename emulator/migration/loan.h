/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that go into a socket without being copied: they are put into a pipe by
 * reference, and from there into the socket. Until the other side has read them they
 * are the pages themselves, so it may see what is written to them meanwhile.
 */
#ifndef VIREO_MIGRATION_LOAN_H
#define VIREO_MIGRATION_LOAN_H

#include <sys/types.h>
#include <sys/uio.h>

#include <glib.h>

typedef struct MigLoan MigLoan;

/* NULL: no descriptors left. */
MigLoan *mig_loan_new(void);
void mig_loan_free(MigLoan *loan);

/*
 * Moves some of the n vectors into the socket, without waiting; the next call has to
 * continue where this one has come to. How many bytes went, or -1 with errno: EAGAIN,
 * EINTR, or what this socket or this memory cannot do.
 */
ssize_t mig_loan_move(MigLoan *loan, int socket, const struct iovec *iov, unsigned n);

#endif
