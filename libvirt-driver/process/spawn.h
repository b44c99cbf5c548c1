/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the process of a VM: its own session, stdin from /dev/null, stdout and stderr
 * to a log, exactly the named descriptors inherited under their own numbers, its PID
 * written to a locked file. The child is set up by async-signal-safe code between
 * clone and exec, in the parent's memory while its thread waits: no fork of the daemon.
 */
#pragma once
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct ProcessSpawn {
    const char *path; /* absolute */
    char *const *argv;
    char *const *envp;
    const int *fds; /* inherited; all others are closed */
    guint n_fds;
    int log_fd;     /* becomes stdout and stderr */
    int pidfile_fd; /* inherited too; gets the PID, see process/pidfile.h; -1: none */
    int cgroup_fd;  /* of cgroup.procs, which the child joins; -1: none */
    gboolean bound; /* it is killed when the calling thread ends, as with the daemon */
} ProcessSpawn;

/*
 * Starts the process and returns once it has been executed: *pid is its number, *pidfd a
 * descriptor of it, owned by the caller. It is a child of the daemon; reap it with
 * process_reap. Fails, with the step in the error (G_FILE_ERROR), when any step before
 * or the exec itself failed; nothing runs then.
 */
gboolean process_spawn(const ProcessSpawn *spawn, pid_t *pid, int *pidfd, GError **errp);

/*
 * A descriptor of a process that need not be a child; -1 with errno when there is none.
 */
int process_open(pid_t pid);

/*
 * When a process has started, in ticks since the boot: with its number it names the
 * process for good. 0 when that cannot be found out. For a child of ours only before it
 * has been reaped.
 */
guint64 process_start_time(pid_t pid);

/*
 * Raises the limit of open descriptors to what the hard one allows. Processes that are
 * spawned get the one from before.
 */
void process_raise_fd_limit(void);

/* Sends a signal; FALSE with errno, which is ESRCH when the process has ended. */
gboolean process_signal(int pidfd, int signal);

/* Waits until the process has ended; FALSE after timeout_ms. */
gboolean process_wait(int pidfd, int timeout_ms);

/* Reaps a process that has ended, if it is a child. What waitid said, in words, or NULL
 * when that is not known; to be freed. */
char *process_reap(int pidfd);

/* User and system time of a process in nanoseconds; 0 when it is gone. */
guint64 process_cpu_time(pid_t pid);

/* Its memory that is resident, KiB; 0: not known. */
guint64 process_resident_memory(pid_t pid);

G_END_DECLS
