/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the filters that gen-filters.c has made. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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

static const struct sock_fprog main_program = PROGRAM(filter_main);
static const struct sock_fprog offline_program = PROGRAM(filter_main_offline);

static const struct {
    const char *kind;
    struct sock_fprog program;
} thread_programs[] = {
    { "vcpu", PROGRAM(filter_vcpu) },
    { "iothread", PROGRAM(filter_io) },
    { "worker", PROGRAM(filter_io) },
    { "migration", PROGRAM(filter_migration) },
};

/*
 * AddressSanitizer looks for leaks at exit, with a process that traces this one: what
 * it calls is its own affair, and no filter could allow it and still be one.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

static gboolean entered;

static gboolean load(const struct sock_fprog *program, GError **errp)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) != 0) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "-sandbox on: loading the seccomp filter failed: %s",
                    error_text(errno));
        return FALSE;
    }
    return TRUE;
}

gboolean sandbox_enter(gboolean network, GError **errp)
{
#ifdef SANITIZED
    log_warn("-sandbox on: not in a build with AddressSanitizer; nothing is filtered");
    return TRUE;
#endif
    entered = load(network ? &main_program : &offline_program, errp);
    return entered;
}

void sandbox_enter_thread(const char *kind)
{
    g_autoptr(GError) err = NULL;

    for (guint i = 0; entered && i < G_N_ELEMENTS(thread_programs); i++) {
        if (strcmp(kind, thread_programs[i].kind) == 0 &&
            !load(&thread_programs[i].program, &err)) {
            /* The inherited filter still holds. */
            log_warn("sandbox: thread '%s': %s", kind, err->message);
        }
    }
}
