/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: openat fcntl ioctl(TUNGETIFF) ioctl(TUNSETIFF) ioctl(TUNGETFILTER)
 *     ioctl(TUNATTACHFILTER) ioctl(TUNDETACHFILTER) ioctl(TUNGETFEATURES)
 * #syscalls main: ioctl(TUNSETSNDBUF) -- rare: sndbuf= alone
 *
 * The guest's driver chooses, by a register:
 * #syscalls main,vcpu: ioctl(TUNSETOFFLOAD)
 * #syscalls main,vcpu: ioctl(TUNSETVNETHDRSZ) ioctl(TUNSETVNETLE)
 * #syscalls main: ioctl(TUNSETQUEUE)
 * #syscalls vcpu: ioctl(TUNSETQUEUE) -- rare: a guest on KVM with several pairs
 */
#include "net/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

/* Of TUNSETIFF, whose errors mean something of their own. */
static const char *what_to_do(int errnum)
{
    switch (errnum) {
    case EPERM:
        return " (it is another user's, or there is none and CAP_NET_ADMIN is lacking)";
    case EBUSY:
        return " (somebody else has it open)";
    case EINVAL:
        return " (it is no tap, or it was made for one queue and is wanted with several, "
               "or the other way round)";
    case E2BIG:
        return " (all its queues are in use)";
    default:
        return "";
    }
}

int tap_open(const char *ifname, gboolean header, gboolean queues, GError **errp)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | (header ? IFF_VNET_HDR : 0) |
                                      (queues ? IFF_MULTI_QUEUE : 0) };
    autofd int fd = -1;

    if (!*ifname) {
        error_set(errp, "Parameter 'ifname' is empty");
        return -1;
    }
    if (strlen(ifname) >= IFNAMSIZ) {
        error_set(errp, "Parameter 'ifname' value '%s' is longer than %d characters",
                  ifname, IFNAMSIZ - 1);
        return -1;
    }
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        error_set(errp, "Could not open /dev/net/tun: %s%s", error_text(errno),
                  errno == ENOENT ? " (the host's module tun is not loaded)" : "");
        return -1;
    }
    g_strlcpy(ifr.ifr_name, ifname, IFNAMSIZ);
    if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
        error_set(errp, "Could not configure tap interface '%s': %s%s", ifname,
                  error_text(errno), what_to_do(errno));
        return -1;
    }
    return fd_steal(&fd);
}

/*
 * TUNGETIFF reports IFF_NOFILTER, which is the same bit as IFF_NO_PI, for a tap without
 * a socket filter: with one that lets everything pass, the bit says what it should.
 * A filter that somebody else has set stays, and its owner's word is taken.
 */
static gboolean has_packet_information(int fd, const struct ifreq *seen)
{
    struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, G_MAXUINT32);
    struct sock_fprog program = { .len = 1, .filter = &pass }, theirs = { 0 };
    struct ifreq ifr = *seen;

    if (!(ifr.ifr_flags & IFF_NO_PI)) {
        return TRUE;
    }
    if (ioctl(fd, TUNGETFILTER, &theirs) < 0 || theirs.len ||
        ioctl(fd, TUNATTACHFILTER, &program) < 0) {
        return FALSE;
    }
    gboolean told = ioctl(fd, TUNGETIFF, &ifr) == 0;
    ioctl(fd, TUNDETACHFILTER, NULL);
    return told && !(ifr.ifr_flags & IFF_NO_PI);
}

gboolean tap_check(int fd, const char *number, char **ifname, gboolean *has_header,
                   GError **errp)
{
    struct ifreq ifr = { 0 };

    if (ioctl(fd, TUNGETIFF, &ifr) < 0 || !(ifr.ifr_flags & IFF_TAP)) {
        return error_set(errp, "descriptor %s is not a tap device",
                         number ? number : "of it");
    }
    if (has_packet_information(fd, &ifr)) {
        return error_set(errp, "tap device '%.*s' was opened without IFF_NO_PI", IFNAMSIZ,
                         ifr.ifr_name);
    }
    *has_header = (ifr.ifr_flags & IFF_VNET_HDR) != 0;
    *ifname = g_strndup(ifr.ifr_name, IFNAMSIZ);
    return TRUE;
}

gboolean tap_set_header(int fd, unsigned length, unsigned offloads, GError **errp)
{
    int size = length, little_endian = 1;

    if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0) {
        return error_set_errno(errp, errno, "tap: a header of %d bytes", size);
    }
    if (ioctl(fd, TUNSETVNETLE, &little_endian) < 0 && G_BYTE_ORDER != G_LITTLE_ENDIAN) {
        return error_set_errno(errp, errno, "tap: a little-endian header");
    }
    if (ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads) < 0) {
        return error_set_errno(errp, errno, "tap: offloads 0x%x", offloads);
    }
    return TRUE;
}

gboolean tap_has_offloads(int fd)
{
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)TUN_F_CSUM) == 0 &&
           ioctl(fd, TUNSETOFFLOAD, 0ul) == 0;
}

/* A macvtap, which could not be a tun, has several queues without the flag. */
gboolean tap_takes_queues(int fd, GError **errp)
{
    struct ifreq ifr = { 0 };
    unsigned known = 0;

    if (ioctl(fd, TUNGETFEATURES, &known) < 0 || !(known & IFF_TUN) ||
        ioctl(fd, TUNGETIFF, &ifr) < 0 || (ifr.ifr_flags & IFF_MULTI_QUEUE)) {
        return TRUE;
    }
    return error_set(errp,
                     "tap device '%.*s' was made for one queue (without "
                     "IFF_MULTI_QUEUE)",
                     IFNAMSIZ, ifr.ifr_name);
}

gboolean tap_attach(int fd, gboolean on)
{
    struct ifreq ifr = { .ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

    return ioctl(fd, TUNSETQUEUE, &ifr) == 0;
}

gboolean tap_set_sndbuf(int fd, guint64 bytes, GError **errp)
{
    int size = bytes && bytes < G_MAXINT ? (int)bytes : G_MAXINT;

    return ioctl(fd, TUNSETSNDBUF, &size) == 0 ||
           error_set_errno(errp, errno, "Parameter 'sndbuf'");
}
