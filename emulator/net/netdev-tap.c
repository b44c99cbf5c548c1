/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -netdev tap: an interface of the host by name, or a descriptor of one. */
#include <unistd.h>

#include "net/backend.h"
#include "net/tap.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct Tap {
    char *ifname;
    gboolean restore; /* the descriptor was blocking: others share it */
} Tap;

typedef struct TapOptions {
    char *ifname, *fd, *script, *downscript;
    gboolean vhost;
    guint32 queues;
} TapOptions;

static const Property tap_rows[] = {
    { "ifname", PROP_STRING, offsetof(TapOptions, ifname),
      .help = "The interface, which is made if there is none" },
    { "fd", PROP_STRING, offsetof(TapOptions, fd),
      .help = "A descriptor of it: the number of an inherited one, or getfd's name" },
    { "script", PROP_STRING, offsetof(TapOptions, script), "no",
      .help = "Only no: interfaces are set up outside" },
    { "downscript", PROP_STRING, offsetof(TapOptions, downscript), "no",
      .help = "Only no" },
    { "vhost", PROP_BOOL, offsetof(TapOptions, vhost), "off",
      .help = "Only off is supported" },
    { "queues", PROP_U32, offsetof(TapOptions, queues), "1", .min = 1,
      .help = "Only one is supported" },
    { NULL },
};

/* Options that would change what the guest or the host sees, and are not there. */
static gboolean refuse_unsupported(const TapOptions *o, GError **errp)
{
    if (o->vhost) {
        return error_set(errp, "Parameter 'vhost' value 'on' is not supported: netdev "
                               "tap is served by the emulator");
    }
    if (o->queues != 1) {
        return error_set(errp,
                         "Parameter 'queues' value %u is not supported: netdev tap has "
                         "one queue",
                         o->queues);
    }
    if (!g_str_equal(o->script, "no") || !g_str_equal(o->downscript, "no")) {
        return error_set(errp, "Parameters 'script' and 'downscript' only take 'no': "
                               "interfaces are set up outside");
    }
    if (!o->ifname == !o->fd) {
        return error_set(errp, "netdev tap takes either 'ifname' or 'fd'");
    }
    return TRUE;
}

static gboolean open_tap(NetBackend *net, const void *options, GError **errp)
{
    const TapOptions *o = options;
    Tap *tap;
    int fd;

    if (!refuse_unsupported(o, errp)) {
        return FALSE;
    }
    fd = o->ifname ? tap_open(o->ifname, errp) : fd_claim(o->fd, errp);
    if (fd < 0) {
        g_prefix_error(errp, o->ifname ? "" : "Parameter 'fd': ");
        return FALSE;
    }
    tap = g_new0(Tap, 1);
    if (!tap_check(fd, &tap->ifname, &net->has_header, errp)) {
        if (o->ifname) {
            close(fd);
        } else {
            fd_unclaim(fd, o->fd);
        }
        g_free(tap);
        return FALSE;
    }
    tap->restore = fd_make_nonblocking(fd);
    net->pairs = 1;
    net->fds = g_new(int, 1);
    net->fds[0] = fd;
    net->has_offloads = net->has_header && tap_has_offloads(fd);
    net->opaque = tap;
    return TRUE;
}

static gboolean set_header(NetBackend *net, unsigned length, unsigned offloads,
                           GError **errp)
{
    return tap_set_header(net->fds[0], length, offloads, errp);
}

static void free_tap(NetBackend *net)
{
    Tap *tap = net->opaque;

    fd_close_restored(net->fds[0], tap->restore);
    g_free(tap->ifname);
    g_free(tap);
    g_free(net->fds);
}

static const NetBackendOps tap_ops = { .set_header = set_header, .free = free_tap };

const NetDriver net_driver_tap = {
    .type = { "tap", "a tap interface of the host", tap_rows, sizeof(TapOptions) },
    .ops = &tap_ops,
    .open = open_tap,
};
