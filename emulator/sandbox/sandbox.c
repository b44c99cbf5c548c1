/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the filters that gen-filters.c has made.
 *
 * #syscalls start: seccomp(0=SECCOMP_SET_MODE_FILTER)
 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filters.h"
#include "util/error.h"
#include "util/log.h"

#define PROGRAM(filter)                                                                  \
    {                                                                                    \
        G_N_ELEMENTS(filter), (struct sock_filter *)(filter)                             \
    }

static const struct sock_fprog main_programs[] = {
    [0] = PROGRAM(filter_main),
    [SANDBOX_NETWORK] = PROGRAM(filter_main_offline),
    [SANDBOX_FILES] = PROGRAM(filter_main_closed),
    [SANDBOX_NETWORK | SANDBOX_FILES] = PROGRAM(filter_main_offline_closed),
};

static const struct {
    const char *kind;
    struct sock_fprog program;
} thread_programs[] = {
    { "vcpu", PROGRAM(filter_vcpu) }, { "iothread", PROGRAM(filter_io) },
    { "worker", PROGRAM(filter_io) }, { "migration", PROGRAM(filter_migration) },
    { "slow", PROGRAM(filter_slow) }, { "user", PROGRAM(filter_user) },
};

static const struct sock_fprog resolver_program = PROGRAM(filter_resolver);

static gboolean enabled;
static SandboxDenied denied;

static gboolean load(const struct sock_fprog *program, GError **errp)
{
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) != 0) {
        return error_set_errno(errp, errno, "-sandbox on: cannot load a seccomp filter");
    }
    return TRUE;
}

gboolean sandbox_prepare(SandboxDenied what, GError **errp)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_set_errno(errp, errno, "-sandbox on");
    }
    enabled = TRUE;
    denied = what;
    return TRUE;
}

gboolean sandbox_enter(GError **errp)
{
    return !enabled || load(&main_programs[denied], errp);
}

void sandbox_enter_thread(const char *kind)
{
    g_autoptr(GError) err = NULL;

    for (guint i = 0; enabled && i < G_N_ELEMENTS(thread_programs); i++) {
        if (strcmp(kind, thread_programs[i].kind) == 0 &&
            !load(&thread_programs[i].program, &err)) {
            /* No memory: better no thread than one that may do anything. */
            log_error("thread '%s': %s", kind, err->message);
            abort();
        }
    }
}

const struct sock_fprog *sandbox_resolver_filter(void)
{
    return enabled ? &resolver_program : NULL;
}
