/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links are made and deleted by rtnetlink(7), their packets come from /dev/tapN, where N
 * is the index of the link. */
#include "process/macvtap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/rtnetlink.h"

#define NAMES_MAX 1024 /* of macvtap0, ... that are tried */

static gboolean set_error(GError **errp, const char *what, const char *name)
{
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s '%s': %s",
                what, name, g_strerror(errno));
    return FALSE;
}

static gboolean create(const char *name, guint32 lower, const ProcessMacvtap *macvtap)
{
    static const char kind[] = "macvtap";
    guint32 mode = macvtap->mode;
    struct rtattr *info, *data;
    RtNetlink r;

    rtnetlink_init(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    r.link.ifi_flags = r.link.ifi_change = IFF_UP;
    rtnetlink_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
    rtnetlink_add(&r, IFLA_LINK, &lower, sizeof(lower));
    rtnetlink_add(&r, IFLA_ADDRESS, macvtap->mac, 6);
    info = rtnetlink_add(&r, IFLA_LINKINFO, NULL, 0);
    rtnetlink_add(&r, IFLA_INFO_KIND, kind, sizeof(kind) - 1);
    data = rtnetlink_add(&r, IFLA_INFO_DATA, NULL, 0);
    rtnetlink_add(&r, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
    rtnetlink_end(&r, data);
    rtnetlink_end(&r, info);
    return rtnetlink_run(&r);
}

/* In passthrough mode it begins with the address of the device below, which from here on
 * has the guest's; the kernel puts that back when the macvtap goes. */
static gboolean set_address(const char *name, const ProcessMacvtap *macvtap)
{
    RtNetlink r;

    rtnetlink_init(&r, RTM_NEWLINK, 0);
    r.link.ifi_index = (int)if_nametoindex(name);
    rtnetlink_add(&r, IFLA_ADDRESS, macvtap->mac, 6);
    return rtnetlink_run(&r);
}

gboolean process_delete_macvtap(const char *name, GError **errp)
{
    RtNetlink r;

    rtnetlink_init(&r, RTM_DELLINK, 0);
    r.link.ifi_index = (int)if_nametoindex(name);
    return r.link.ifi_index == 0 || rtnetlink_run(&r) || errno == ENODEV ||
           set_error(errp, "cannot delete the macvtap device", name);
}

/* ---- making one ---- */

/* Sets *name if it is NULL. */
static gboolean make(char **name, const ProcessMacvtap *macvtap, GError **errp)
{
    guint32 lower = if_nametoindex(macvtap->dev);

    if (lower == 0) {
        return set_error(errp, "cannot use the network device", macvtap->dev);
    }
    if (*name) {
        return create(*name, lower, macvtap) ||
               set_error(errp, "cannot make the macvtap device", *name);
    }
    for (guint i = 0; i < NAMES_MAX; i++) {
        g_autofree char *tried = g_strdup_printf("macvtap%u", i);

        if (create(tried, lower, macvtap)) {
            *name = g_steal_pointer(&tried);
            return TRUE;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return set_error(errp, "cannot make a macvtap device on", macvtap->dev);
}

/* A node in /dev may be that of another network namespace, whose links have numbers of
 * their own: it has to be the device that has just been made. */
static gboolean is_ours(int fd, const char *name, const guint8 *mac)
{
    struct ifreq ifr = { 0 };

    return ioctl(fd, SIOCGIFHWADDR, &ifr) == 0 &&
           strncmp(ifr.ifr_name, name, IFNAMSIZ) == 0 &&
           memcmp(ifr.ifr_hwaddr.sa_data, mac, 6) == 0;
}

static gboolean open_queue(const char *name, const ProcessMacvtap *macvtap, GArray *fds,
                           GError **errp)
{
    guint index = if_nametoindex(name);
    g_autofree char *path = g_strdup_printf("/dev/tap%u", index);
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return set_error(errp, "cannot open", path);
    }
    g_array_append_val(fds, fd);
    if (!is_ours(fd, name, macvtap->mac)) {
        errno = ENODEV;
        return set_error(errp, "cannot open the macvtap device", name);
    }
    ifr.ifr_flags = (short)(ifr.ifr_flags | (macvtap->queues > 1 ? IFF_MULTI_QUEUE : 0));
    g_strlcpy(ifr.ifr_name, name, IFNAMSIZ);
    return ioctl(fd, TUNSETIFF, &ifr) == 0 ||
           set_error(errp, "cannot open the macvtap device", name);
}

gboolean process_open_macvtap(char **name, const ProcessMacvtap *macvtap, GArray *fds,
                              GError **errp)
{
    if (*name && strlen(*name) >= IFNAMSIZ) {
        errno = ENAMETOOLONG;
        return set_error(errp, "cannot make the macvtap device", *name);
    }
    if (!make(name, macvtap, errp)) {
        return FALSE;
    }
    if (macvtap->mode == PROCESS_MACVTAP_PASSTHROUGH && !set_address(*name, macvtap)) {
        set_error(errp, "cannot set the MAC address of the macvtap device", *name);
        process_delete_macvtap(*name, NULL);
        return FALSE;
    }
    for (guint i = 0; i < MAX(macvtap->queues, 1); i++) {
        if (!open_queue(*name, macvtap, fds, errp)) {
            process_delete_macvtap(*name, NULL);
            return FALSE;
        }
    }
    return TRUE;
}
