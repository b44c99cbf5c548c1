/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets between guest and host: vhost-vsock, whose device the daemon opens. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command/kind.h"

#define VHOST_VSOCK "/dev/vhost-vsock"

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    DomainVsock *vsock = device;

    if (vsock->model == DOMAIN_VIRTIO_DEFAULT) {
        vsock->model = DOMAIN_VIRTIO_EITHER;
    }
    if (vsock->automatic == DOMAIN_TRISTATE_ABSENT) {
        vsock->automatic = vsock->cid ? DOMAIN_TRISTATE_NO : DOMAIN_TRISTATE_YES;
    }
    if (vsock->automatic == DOMAIN_TRISTATE_NO && !vsock->cid) {
        return rpc_error_set(errp, VIR_ERR_XML_ERROR,
                             "missing attribute address in element <devices/vsock/cid "
                             "auto='no'>");
    }
    return command_check_virtio_model(machine, vsock->model, errp);
}

static gboolean check_new(const Domain *domain, gconstpointer device, GError **errp)
{
    return !domain->vsocks->len || rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                                                 "the domain already has a vsock device");
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_VIRTIO_TRANSITIONAL] = "vhost-vsock-pci-transitional",
        [DOMAIN_VIRTIO_NON_TRANSITIONAL] = "vhost-vsock-pci-non-transitional",
    };

    return drivers[((const DomainVsock *)device)->model];
}

static gboolean conventional(gconstpointer device)
{
    return ((const DomainVsock *)device)->model == DOMAIN_VIRTIO_TRANSITIONAL;
}

/* The kernel keeps a number for as long as somebody has the descriptor. */
static int take_cid(int fd, guint cid)
{
    __u64 number = cid;

    return ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &number) == 0 ? 0 : errno;
}

/* The first that nobody has. */
static int choose_cid(int fd, guint *cid)
{
    guint next = DOMAIN_CID_MIN;
    int error;

    while ((error = take_cid(fd, next)) == EADDRINUSE && next < G_MAXUINT32 - 1) {
        next++;
    }
    *cid = next;
    return error;
}

static gboolean prepare_host(const CommandHost *host, const Domain *domain,
                             gpointer device, GArray *fds, GError **errp)
{
    DomainVsock *vsock = device;
    int fd = open(VHOST_VSOCK, O_RDWR | O_CLOEXEC), error;

    if (fd < 0) {
        return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR,
                             "unable to open vhost-vsock device '" VHOST_VSOCK "': %s",
                             g_strerror(errno));
    }
    g_array_append_val(fds, fd); /* closed with the others, also when that fails */
    error = vsock->automatic == DOMAIN_TRISTATE_YES ? choose_cid(fd, &vsock->cid)
                                                    : take_cid(fd, vsock->cid);
    return !error ||
           rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "failed to set guest cid %u: %s",
                         vsock->cid, g_strerror(error));
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainVsock *vsock = device;
    g_autofree char *fd = command_step_fd(steps, vsock->info.alias, 0, errp);
    JsonObject *props;

    if (!fd) {
        return FALSE;
    }
    props = command_virtio_device(steps, &command_kind_vsock, vsock, &vsock->info);
    json_object_set_int_member(props, "guest-cid", vsock->cid);
    json_object_set_string_member(props, "vhostfd", fd);
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_vsock = {
    .alias = "vsock",
    .driver = "vhost-vsock",
    .virtio = TRUE,
    .pluggable = TRUE,
    .boot = -1,
    .driver_of = driver_of,
    .conventional = conventional,
    .check_new = check_new,
    .complete = complete,
    .prepare_host = prepare_host,
    .steps = steps,
};
