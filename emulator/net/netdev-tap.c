/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev tap: an interface of the host by name, or descriptors of one. Each pair of
 * queues is a descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/backend.h"
#include "net/tap.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

typedef struct TapQueue {
    char *number;      /* by which the descriptor was claimed; NULL: opened here */
    gboolean restore;  /* it was blocking: others share it */
    gboolean attached; /* the host uses it */
} TapQueue;

typedef struct Tap {
    guint n;
    TapQueue *queues;
    char **vhost_numbers;      /* those of vhostfd and vhostfds; NULL: opened here */
    unsigned header, offloads; /* what was told last; header 0: nothing yet */
} Tap;

typedef struct TapOptions {
    char *ifname, *fd, *fds, *script, *downscript, *vhostfd, *vhostfds;
    int vnet_hdr;
    guint64 sndbuf;
    int vhost;
    gboolean vhostforce;
    guint32 queues;
} TapOptions;

static const Property tap_rows[] = {
    { "ifname", PROP_STRING, offsetof(TapOptions, ifname),
      .help = "The interface, which is made if there is none" },
    { "fd", PROP_STRING, offsetof(TapOptions, fd),
      .help = "A descriptor of it: the number of an inherited one, or getfd's name" },
    { "fds", PROP_STRING, offsetof(TapOptions, fds),
      .help = "Several of them, with ':' between, each one a pair of queues" },
    { "queues", PROP_U32, offsetof(TapOptions, queues), .max = NET_PAIRS_MAX,
      .help = "Pairs of queues of ifname, which is a multiqueue interface with more than "
              "one; default: 1" },
    { "vnet_hdr", PROP_MAYBE, offsetof(TapOptions, vnet_hdr),
      .help = "Whether frames of ifname have a virtio-net header, without which there "
              "are no offloads; default: on" },
    { "sndbuf", PROP_SIZE, offsetof(TapOptions, sndbuf),
      .help = "Bytes that may be on their way to the host; default and 0: no limit" },
    { "script", PROP_STRING, offsetof(TapOptions, script), "no",
      .help = "Only no, or nothing: interfaces are set up outside" },
    { "downscript", PROP_STRING, offsetof(TapOptions, downscript), "no",
      .help = "The same" },
    { "vhost", PROP_MAYBE, offsetof(TapOptions, vhost),
      .help = "Whether the kernel moves the packets of a guest that takes interrupts by "
              "MSI-X; default: off" },
    { "vhostfd", PROP_STRING, offsetof(TapOptions, vhostfd),
      .help = "A descriptor of /dev/vhost-net, as fd is given" },
    { "vhostfds", PROP_STRING, offsetof(TapOptions, vhostfds),
      .help = "As many of them as there are fds" },
    { "vhostforce", PROP_BOOL, offsetof(TapOptions, vhostforce), "off",
      .help =
          "vhost, and it is an error when the host has none, or the card can never be "
          "served by it" },
    { NULL },
};

static gboolean is_no(const char *script)
{
    return g_str_equal(script, "no") || g_str_equal(script, "");
}

static gboolean wants_vhost(const TapOptions *o)
{
    return o->vhost == ON_OFF_AUTO_ON || (o->vhostforce && o->vhost != ON_OFF_AUTO_OFF);
}

/* What makes no sense together, as QEMU says it. */
static gboolean check_together(const TapOptions *o, GError **errp)
{
    if (!!o->ifname + !!o->fd + !!o->fds != 1) {
        return error_set(errp, "netdev tap takes one of 'ifname', 'fd' and 'fds'");
    }
    if (!o->ifname && (o->vnet_hdr != ON_OFF_AUTO_AUTO || o->queues)) {
        return error_set(
            errp, "vnet_hdr= and queues= are invalid with %s=", o->fd ? "fd" : "fds");
    }
    if ((o->vhostfd && o->fds) || (o->vhostfds && !o->fds)) {
        return error_set(errp, "vhostfd= goes with fd=, vhostfds= with fds=");
    }
    if ((o->vhostfd || o->vhostfds) && !wants_vhost(o)) {
        return error_set(errp, "vhostfd(s)= is not valid without vhost");
    }
    return TRUE;
}

/* Options that would change what the guest or the host sees, and are not there. */
static gboolean check_options(const TapOptions *o, GError **errp)
{
    if (!is_no(o->script) || !is_no(o->downscript)) {
        return error_set(errp, "Parameters 'script' and 'downscript' only take 'no': "
                               "interfaces are set up outside");
    }
    return check_together(o, errp);
}

/* The numbers of the descriptors, or as many NULLs as there are queues to open. */
static char **split_numbers(const TapOptions *o, guint *n, GError **errp)
{
    char **numbers;

    if (o->ifname) {
        *n = MAX(o->queues, 1);
        return g_new0(char *, *n + 1);
    }
    numbers = o->fd ? g_new0(char *, 2) : g_strsplit(o->fds, ":", -1);
    if (o->fd) {
        numbers[0] = g_strdup(o->fd);
    }
    *n = g_strv_length(numbers);
    if (*n == 0 || *n > NET_PAIRS_MAX) {
        error_set(errp, "Parameter 'fds': %u descriptors, of 1 to %d", *n, NET_PAIRS_MAX);
        g_strfreev(numbers);
        return NULL;
    }
    return numbers;
}

/* Takes over number; n: of how many. */
static gboolean add_queue(NetBackend *net, const TapOptions *o, char *number, guint n,
                          GError **errp)
{
    Tap *tap = net->opaque;
    g_autofree char *ifname = NULL;
    gboolean header, wanted = o->vnet_hdr != ON_OFF_AUTO_OFF;
    int fd = number ? fd_claim(number, errp)
                    : tap_open(o->ifname, wanted, o->queues > 1, errp);

    if (fd < 0) {
        if (number) {
            g_prefix_error(errp, "Parameter '%s': ", o->fd ? "fd" : "fds");
        } else if (o->queues) {
            g_prefix_error(errp, "netdev '%s' with queues=%u: ", net->id, o->queues);
        }
        g_free(number);
        return FALSE;
    }
    net->fds[tap->n] = fd;
    tap->queues[tap->n++] = (TapQueue){ .number = number, .attached = TRUE };
    if (!tap_check(fd, number, &ifname, &header, errp)) {
        g_prefix_error(errp, "Parameter '%s': ",
                       o->fd    ? "fd"
                       : o->fds ? "fds"
                                : "ifname");
        return FALSE;
    }
    if (n > 1 && !tap_takes_queues(fd, errp)) {
        g_prefix_error(errp, "Parameter 'fds' with %u descriptors: ", n);
        return FALSE;
    }
    if (tap->n > 1 && header != net->has_header) {
        return error_set(errp, "vnet_hdr not consistent across given tap fds");
    }
    net->has_header = header;
    return !o->sndbuf || tap_set_sndbuf(fd, o->sndbuf, errp);
}

static void free_vhost(NetBackend *net, gboolean failed)
{
    Tap *tap = net->opaque;

    for (guint i = 0; net->vhost_fds && i < tap->n && net->vhost_fds[i] >= 0; i++) {
        if (failed && tap->vhost_numbers) {
            fd_unclaim(net->vhost_fds[i], tap->vhost_numbers[i]);
        } else {
            close(net->vhost_fds[i]);
        }
    }
    g_clear_pointer(&net->vhost_fds, g_free);
    g_clear_pointer(&tap->vhost_numbers, g_strfreev);
}

static int open_vhost(GError **errp)
{
    int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        error_set(errp, "tap: open vhost char device failed: /dev/vhost-net: %s%s",
                  error_text(errno),
                  errno == ENOENT ? " (the host's module vhost_net is not loaded)" : "");
    }
    return fd;
}

static gboolean add_vhost(NetBackend *net, const TapOptions *o, GError **errp)
{
    Tap *tap = net->opaque;
    const char *given = o->vhostfd ? o->vhostfd : o->vhostfds;

    tap->vhost_numbers = given ? g_strsplit(given, ":", -1) : NULL;
    if (given && g_strv_length(tap->vhost_numbers) != tap->n) {
        return error_set(errp, "The number of fds passed does not match the number of "
                               "vhostfds passed");
    }
    net->vhost_fds = g_new(int, tap->n);
    memset(net->vhost_fds, 0xff, tap->n * sizeof(int));
    for (guint i = 0; i < tap->n; i++) {
        net->vhost_fds[i] =
            given ? fd_claim(tap->vhost_numbers[i], errp) : open_vhost(errp);
        if (net->vhost_fds[i] < 0) {
            g_prefix_error(errp, "%s",
                           !given       ? ""
                           : o->vhostfd ? "Parameter 'vhostfd': "
                                        : "Parameter 'vhostfds': ");
            return FALSE;
        }
    }
    return TRUE;
}

/* A host without vhost serves as well, and says so. */
static gboolean add_vhost_or_not(NetBackend *net, const TapOptions *o, GError **errp)
{
    g_autoptr(GError) error = NULL;

    net->vhost_required = o->vhostforce && wants_vhost(o);
    net->vhost_forced = o->vhostforce || o->vhostfd || o->vhostfds;
    if (!wants_vhost(o) || add_vhost(net, o, &error)) {
        return TRUE;
    }
    if (net->vhost_forced) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return FALSE;
    }
    free_vhost(net, TRUE);
    log_warn("netdev '%s': %s; vireo moves the packets itself", net->id, error->message);
    return TRUE;
}

/* failed: the descriptors that were claimed can be claimed again. */
static void free_queues(NetBackend *net, gboolean failed)
{
    Tap *tap = net->opaque;

    for (guint i = 0; i < tap->n; i++) {
        if (failed && tap->queues[i].number) {
            fd_unclaim(net->fds[i], tap->queues[i].number);
        } else {
            fd_close_restored(net->fds[i], tap->queues[i].restore);
        }
        g_free(tap->queues[i].number);
    }
    free_vhost(net, failed);
    g_free(tap->queues);
    g_free(tap);
    g_clear_pointer(&net->fds, g_free);
}

static gboolean add_queues(NetBackend *net, const TapOptions *o, char **numbers, guint n,
                           GError **errp)
{
    for (guint i = 0; i < n; i++) {
        if (!add_queue(net, o, g_steal_pointer(&numbers[i]), n, errp)) {
            for (i++; i < n; i++) {
                g_free(numbers[i]);
            }
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean open_tap(NetBackend *net, const void *options, GError **errp)
{
    const TapOptions *o = options;
    guint n;

    if (!check_options(o, errp)) {
        return FALSE;
    }
    char **numbers = split_numbers(o, &n, errp);
    if (!numbers) {
        return FALSE;
    }
    Tap *tap = net->opaque = g_new0(Tap, 1);
    tap->queues = g_new0(TapQueue, n);
    net->fds = g_new(int, n);
    gboolean ok = add_queues(net, o, numbers, n, errp) && add_vhost_or_not(net, o, errp);
    g_free(numbers);
    if (!ok) {
        free_queues(net, TRUE);
        return FALSE;
    }
    for (guint i = 0; i < n; i++) {
        tap->queues[i].restore = fd_make_nonblocking(net->fds[i]);
    }
    net->pairs = n;
    net->info =
        o->ifname
            ? g_strdup_printf("ifname=%s,script=no,downscript=no", o->ifname)
            : g_strdup_printf("%s=%s", o->fd ? "fd" : "fds", o->fd ? o->fd : o->fds);
    net->has_offloads = net->has_header && tap_has_offloads(net->fds[0]);
    return TRUE;
}

/* Of a tap one descriptor speaks for all; of a macvtap, each one for itself. */
static gboolean set_header(NetBackend *net, unsigned length, unsigned offloads,
                           GError **errp)
{
    Tap *tap = net->opaque;

    for (guint i = 0; i < tap->n; i++) {
        if (tap->queues[i].attached &&
            !tap_set_header(net->fds[i], length, offloads, errp)) {
            return FALSE;
        }
    }
    tap->header = length;
    tap->offloads = offloads;
    return TRUE;
}

static gboolean attach(NetBackend *net, guint i, gboolean on, GError **errp)
{
    Tap *tap = net->opaque;

    if (tap->queues[i].attached == on) {
        return TRUE;
    }
    if (!tap_attach(net->fds[i], on)) {
        return error_set_errno(errp, errno, "tap: queue %u of %u", i, tap->n);
    }
    tap->queues[i].attached = on;
    return !on || !tap->header ||
           tap_set_header(net->fds[i], tap->header, tap->offloads, errp);
}

static gboolean set_pairs(NetBackend *net, guint active, GError **errp)
{
    for (guint i = 0; i < net->pairs; i++) {
        if (!attach(net, i, i < active, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void free_tap(NetBackend *net)
{
    free_queues(net, FALSE);
}

static const NetBackendOps tap_ops = { .set_header = set_header,
                                       .set_pairs = set_pairs,
                                       .free = free_tap };

const NetDriver net_driver_tap = {
    .type = { "tap", "a tap interface of the host", tap_rows, sizeof(TapOptions) },
    .ops = &tap_ops,
    .open = open_tap,
};
