/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/vhost-kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

VhostKernel vhost_kernel = { .fd = -1 };

static void set_file(int *files, const struct vhost_vring_file *f)
{
    files[f->index] = f->fd;
}

static void set_table(const struct vhost_memory *table)
{
    vhost_kernel.tables++;
    vhost_kernel.n_regions = table->nregions;
    g_assert_cmpuint(table->nregions, <=, G_N_ELEMENTS(vhost_kernel.regions));
    memcpy(vhost_kernel.regions, table->regions,
           table->nregions * sizeof(table->regions[0]));
}

static int set_ring(unsigned long request, void *argument)
{
    struct vhost_vring_state *state = argument;

    switch (request) {
    case VHOST_SET_VRING_NUM:
        vhost_kernel.num[state->index] = state->num;
        return 0;
    case VHOST_SET_VRING_BASE:
        vhost_kernel.base[state->index] = state->num;
        return 0;
    case VHOST_GET_VRING_BASE:
        state->num = vhost_kernel.base[state->index];
        return 0;
    case VHOST_SET_VRING_ADDR:
        vhost_kernel.addr[state->index] = *(struct vhost_vring_addr *)argument;
        return 0;
    case VHOST_SET_VRING_KICK:
        set_file(vhost_kernel.kick, argument);
        return 0;
    case VHOST_SET_VRING_CALL:
        set_file(vhost_kernel.interrupt, argument);
        return 0;
    case VHOST_NET_SET_BACKEND:
        set_file(vhost_kernel.tap, argument);
        return 0;
    case VHOST_VSOCK_SET_RUNNING:
        vhost_kernel.serves = *(int *)argument;
        return 0;
    case VHOST_VSOCK_SET_GUEST_CID:
        vhost_kernel.cid = *(guint64 *)argument;
        return 0;
    default:
        errno = ENOTTY;
        return -1;
    }
}

static void set_features(guint64 features)
{
    guint64 changed = features ^ vhost_kernel.features;

    if (changed & 1ull << VHOST_F_LOG_ALL) {
        if (features & 1ull << VHOST_F_LOG_ALL) {
            vhost_kernel.log_on++;
        } else {
            vhost_kernel.log_off++;
        }
    }
    vhost_kernel.features = features;
}

static int answer(unsigned long request, void *argument)
{
    if (request == vhost_kernel.refuse) {
        errno = EFAULT;
        return -1;
    }
    switch (request) {
    case VHOST_SET_OWNER:
        vhost_kernel.owned++;
        return 0;
    case VHOST_GET_FEATURES:
        *(guint64 *)argument = vhost_kernel.know;
        return 0;
    case VHOST_SET_FEATURES:
        set_features(*(guint64 *)argument);
        return 0;
    case VHOST_SET_MEM_TABLE:
        set_table(argument);
        return 0;
    case VHOST_SET_LOG_BASE:
        vhost_kernel.log = *(guint64 *)argument;
        vhost_kernel.log_bases++;
        return 0;
    default:
        return set_ring(request, argument);
    }
}

int ioctl(int fd, unsigned long request, ...); /* in place of the library's */
int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;

    va_start(ap, request);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    return fd == vhost_kernel.fd ? answer(request, argument)
                                 : (int)syscall(SYS_ioctl, fd, request, argument);
}
