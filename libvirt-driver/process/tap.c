/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/rtnetlink.h"

static gboolean set_error(GError **errp, const char *what, const char *name)
{
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s '%s': %s",
                what, name, g_strerror(errno));
    return FALSE;
}

static gboolean check_name(const char *what, const char *name, GError **errp)
{
    if (strlen(name) < IFNAMSIZ) {
        return TRUE;
    }
    errno = ENAMETOOLONG;
    return set_error(errp, what, name);
}

/* One that was there may be for one queue, or for several: EINVAL if it is not as wanted.
 */
static gboolean fail_queues(const char *name, guint queues, GError **errp)
{
    int error = errno;
    g_autofree char *what = g_strdup_printf("cannot open the tap device with %u queue%s",
                                            MAX(queues, 1), queues > 1 ? "s" : "");

    errno = error;
    return set_error(errp, error == EINVAL ? what : "cannot open the tap device", name);
}

static gboolean attach(int fd, char **name, gboolean create, guint queues, GError **errp)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    const char *wanted = *name ? *name : "vnet%d"; /* the kernel puts a number in */

    if (!check_name("cannot open the tap device", wanted, errp)) {
        return FALSE;
    }
    if (!create && (!*name || if_nametoindex(*name) == 0)) {
        errno = ENODEV;
        return set_error(errp, "cannot open the tap device", wanted);
    }
    ifr.ifr_flags = (short)(ifr.ifr_flags | (queues > 1 ? IFF_MULTI_QUEUE : 0));
    strcpy(ifr.ifr_name, wanted);
    if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
        return fail_queues(wanted, queues, errp);
    }
    g_free(*name);
    *name = g_strndup(ifr.ifr_name, IFNAMSIZ);
    return TRUE;
}

/* One request about the device; the rest of ifr is its argument. */
static gboolean request(unsigned long what, struct ifreq *ifr, const char *name)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;
    gboolean ok;

    g_strlcpy(ifr->ifr_name, name, IFNAMSIZ);
    ok = sock >= 0 && ioctl(sock, what, ifr) == 0;
    error = errno;
    if (sock >= 0) {
        close(sock);
    }
    errno = error;
    return ok;
}

static gboolean take_up(const char *name, GError **errp)
{
    struct ifreq ifr = { 0 };

    if (!request(SIOCGIFFLAGS, &ifr, name)) {
        return set_error(errp, "cannot take up the tap device", name);
    }
    if (ifr.ifr_flags & IFF_UP) {
        return TRUE;
    }
    ifr.ifr_flags |= IFF_UP;
    return request(SIOCSIFFLAGS, &ifr, name) ||
           set_error(errp, "cannot take up the tap device", name);
}

/*
 * A bridge without an address of its own takes the lowest one of its ports: so that it
 * does not change with each VM, the tap's is higher than that of any real interface, and
 * that of the guest but for its first byte, which tells the two apart.
 */
static gboolean set_address(const char *name, const guint8 *guest_mac, GError **errp)
{
    struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

    memcpy(ifr.ifr_hwaddr.sa_data, guest_mac, 6);
    ifr.ifr_hwaddr.sa_data[0] = guest_mac[0] == 0xfe ? (char)0xfa : (char)0xfe;
    return request(SIOCSIFHWADDR, &ifr, name) ||
           set_error(errp, "cannot set the address of the tap device", name);
}

static gboolean set_mtu(const char *name, guint mtu, GError **errp)
{
    struct ifreq ifr = { .ifr_mtu = (int)mtu };

    if (request(SIOCSIFMTU, &ifr, name)) {
        return TRUE;
    }
    int error = errno;
    g_autofree char *what =
        g_strdup_printf("cannot set the MTU %u of the tap device", mtu);
    errno = error;
    return set_error(errp, what, name);
}

/* The port, whose own these are: they go when it leaves the bridge. */
static gboolean stop_learning(int index)
{
    const guint8 off = 0;
    struct rtattr *port;
    RtNetlink r;

    rtnetlink_init(&r, RTM_SETLINK, 0);
    r.link.ifi_family = AF_BRIDGE;
    r.link.ifi_index = index;
    port = rtnetlink_add(&r, IFLA_PROTINFO | NLA_F_NESTED, NULL, 0);
    rtnetlink_add(&r, IFLA_BRPORT_LEARNING, &off, sizeof(off));
    rtnetlink_add(&r, IFLA_BRPORT_UNICAST_FLOOD, &off, sizeof(off));
    rtnetlink_end(&r, port);
    return rtnetlink_run(&r);
}

/* Never forgotten, and no address of the bridge itself. */
static gboolean teach_address(int index, const guint8 *mac)
{
    RtNetlink r;

    rtnetlink_init(&r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    r.neighbour.ndm_family = AF_BRIDGE;
    r.neighbour.ndm_ifindex = index;
    r.neighbour.ndm_state = NUD_NOARP;
    r.neighbour.ndm_flags = NTF_MASTER;
    rtnetlink_add(&r, NDA_LLADDR, mac, 6);
    return rtnetlink_run(&r);
}

/* mtu: the bridge's. What is no bridge has no ports, whatever is asked of it. */
static gboolean check_bridge(const char *bridge, int *mtu, GError **errp)
{
    struct ifreq there = { 0 }, nobody = { .ifr_ifindex = 0 };

    if (!check_name("cannot use the bridge", bridge, errp)) {
        return FALSE;
    }
    if (!request(SIOCGIFMTU, &there, bridge) ||
        (!request(SIOCBRADDIF, &nobody, bridge) && errno == EOPNOTSUPP)) {
        return set_error(errp, "cannot use the bridge", bridge);
    }
    *mtu = there.ifr_mtu;
    return TRUE;
}

static gboolean add_to_bridge(const char *name, const ProcessTap *tap, GError **errp)
{
    struct ifreq port = { .ifr_ifindex = (int)if_nametoindex(name) };
    int index = port.ifr_ifindex, mtu;
    const char *bridge = tap->bridge;

    /* A bridge takes the lowest MTU of its ports. */
    if (!check_bridge(bridge, &mtu, errp) ||
        !set_mtu(name, tap->mtu ? tap->mtu : (guint)mtu, errp)) {
        return FALSE;
    }
    if (!request(SIOCBRADDIF, &port, bridge)) {
        return set_error(errp, "cannot add a tap device to the bridge", bridge);
    }
    return !tap->guest_mac_only ||
           (stop_learning(index) && teach_address(index, tap->guest_mac)) ||
           set_error(errp, "cannot set the addresses of a tap device on the bridge",
                     bridge);
}

/* One queue of the device, which the first one makes. */
static gboolean open_queue(char **name, const ProcessTap *tap, gboolean first,
                           GArray *fds, GError **errp)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return set_error(errp, "cannot open", "/dev/net/tun");
    }
    g_array_append_val(fds, fd);
    return attach(fd, name, tap->create && first, tap->queues, errp);
}

gboolean process_open_tap(char **name, const ProcessTap *tap, GArray *fds, GError **errp)
{
    for (guint i = 0; i < MAX(tap->queues, 1); i++) {
        if (!open_queue(name, tap, i == 0, fds, errp)) {
            return FALSE;
        }
    }
    return (!tap->create || set_address(*name, tap->guest_mac, errp)) &&
           (tap->bridge ? add_to_bridge(*name, tap, errp)
                        : !tap->mtu || set_mtu(*name, tap->mtu, errp)) &&
           take_up(*name, errp);
}

/* It may have been taken away already. */
static gboolean remove_from_bridge(const char *name, const char *bridge, GError **errp)
{
    struct ifreq port = { .ifr_ifindex = (int)if_nametoindex(name) };

    return request(SIOCBRDELIF, &port, bridge) || errno == EINVAL || errno == ENODEV ||
           set_error(errp, "cannot take a tap device from the bridge", bridge);
}

gboolean process_move_tap(const char *name, const ProcessTap *from, const ProcessTap *to,
                          GError **errp)
{
    g_autoptr(GError) err = NULL;
    int mtu;

    if (!check_bridge(to->bridge, &mtu, errp)) { /* before anything has been touched */
        return FALSE;
    }
    if (!remove_from_bridge(name, from->bridge, errp)) {
        return FALSE;
    }
    if (add_to_bridge(name, to, errp)) {
        return TRUE;
    }
    remove_from_bridge(name, to->bridge, NULL); /* it may have joined it */
    if (!add_to_bridge(name, from, &err)) {
        g_message("undoing a change of bridges: %s", err->message);
    }
    return FALSE;
}
