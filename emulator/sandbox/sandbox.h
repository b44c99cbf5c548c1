/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp: what the process may ask of the kernel. On by default;
 * -disable-seccomp or -sandbox off turn it off.
 *
 * The main thread's filter is loaded before the guest runs and is inherited by
 * every thread started later; sandbox_enter_thread() then narrows it to what that
 * kind of thread needs. What the filter does not know ends the process, with the
 * call in the kernel's log.
 */
#ifndef VIREO_SANDBOX_SANDBOX_H
#define VIREO_SANDBOX_SANDBOX_H

#include <glib.h>

/*
 * network: whether new sockets may be made (-sandbox network=allow|deny). Denied
 * ones fail with EPERM, so that the option that wanted one says so.
 */
gboolean sandbox_enter(gboolean network, GError **errp);
/* The hook for thread_set_start_hook(); does nothing before sandbox_enter(). */
void sandbox_enter_thread(const char *kind);

#endif
