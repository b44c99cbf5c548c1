/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls migration: pipe2 fcntl vmsplice splice close
 */
#include "migration/loan.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* what the kernel gives everyone */

struct MigLoan {
    int pipe[2]; /* read, write */
    gsize held;  /* bytes in it */
};

MigLoan *mig_loan_new(void)
{
    int fds[2];
    MigLoan *loan;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        return NULL;
    }
    fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES); /* or what it has: more calls */
    loan = g_new0(MigLoan, 1);
    loan->pipe[0] = fds[0];
    loan->pipe[1] = fds[1];
    return loan;
}

void mig_loan_free(MigLoan *loan)
{
    if (loan) {
        close(loan->pipe[0]);
        close(loan->pipe[1]);
        g_free(loan);
    }
}

ssize_t mig_loan_move(MigLoan *loan, int socket, const struct iovec *iov, unsigned n)
{
    ssize_t ret;

    if (loan->held == 0) {
        ret = vmsplice(loan->pipe[1], iov, MIN(n, IOV_MAX), SPLICE_F_NONBLOCK);
        if (ret <= 0) {
            return ret;
        }
        loan->held = ret;
    }
    ret = splice(loan->pipe[0], NULL, socket, NULL, loan->held, SPLICE_F_NONBLOCK);
    loan->held -= MAX(ret, 0);
    return ret;
}
