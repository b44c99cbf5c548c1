/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notes as a table; every name in them is the kernel's own, by these headers. */
#include "rules.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <linux/vfio.h>
#include <linux/vhost.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

const Rule rules[] = {
#include "rules.inc"
};

const unsigned n_rules = sizeof(rules) / sizeof(rules[0]);

unsigned rule_denied_by(const char *name)
{
    static const struct {
        const char *name;
        unsigned by;
    } calls[] = {
        { "socket", DENY_NETWORK }, { "connect", DENY_NETWORK },
        { "bind", DENY_NETWORK },   { "listen", DENY_NETWORK },
        { "openat", DENY_FILES },   { "socketpair", DENY_NETWORK },
        { "unlink", DENY_FILES },
    };

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(name, calls[i].name) == 0) {
            return calls[i].by;
        }
    }
    return 0;
}
