/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp: what the process may ask of the kernel. On by default;
 * -disable-seccomp or -sandbox off turn it off.
 *
 * Each kind of thread has its own filter. A thread loads it when it starts, the main
 * one when the start is done and before the guest runs: what only the command line
 * makes happen is in no filter. A thread that is started after that has the main
 * thread's as well, which therefore allows what all kinds need. What a filter does not
 * know ends the process, with the call in the kernel's log.
 *
 * The filters are made from the notes in the sources; see notes.py.
 */
#ifndef VIREO_SANDBOX_SANDBOX_H
#define VIREO_SANDBOX_SANDBOX_H

#include <glib.h>

struct sock_fprog;

/* What may no longer be done once the start is done. */
typedef enum SandboxDenied {
    SANDBOX_NETWORK = 1 << 0, /* -sandbox network=deny: making sockets */
    SANDBOX_FILES = 1 << 1,   /* -sandbox files=deny: opening and removing by name */
} SandboxDenied;

/*
 * From now on threads narrow themselves. What is denied fails with EPERM, so that the
 * command that wanted it says so.
 */
gboolean sandbox_prepare(SandboxDenied denied, GError **errp);
/* The main thread's filter. Does nothing before sandbox_prepare(). */
gboolean sandbox_enter(GError **errp);
/* The hook for thread_set_start_hook(); does nothing before sandbox_prepare(). */
void sandbox_enter_thread(const char *kind);
/* For resolver_start(): NULL before sandbox_prepare(). */
const struct sock_fprog *sandbox_resolver_filter(void);

#endif
