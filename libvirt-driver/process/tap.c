/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

static gboolean attach(int fd, char **name, gboolean create, GError **errp)
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
    strcpy(ifr.ifr_name, wanted);
    if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
        return set_error(errp, "cannot open the tap device", wanted);
    }
    g_free(*name);
    *name = g_strndup(ifr.ifr_name, IFNAMSIZ);
    return TRUE;
}

static gboolean take_up(const char *name, GError **errp)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq ifr = { 0 };
    gboolean ok;

    strcpy(ifr.ifr_name, name);
    ok = sock >= 0 && ioctl(sock, SIOCGIFFLAGS, &ifr) == 0;
    if (ok && !(ifr.ifr_flags & IFF_UP)) {
        ifr.ifr_flags |= IFF_UP;
        ok = ioctl(sock, SIOCSIFFLAGS, &ifr) == 0;
    }
    if (!ok) {
        set_error(errp, "cannot take up the tap device", name);
    }
    if (sock >= 0) {
        close(sock);
    }
    return ok;
}

static gboolean add_to_bridge(const char *name, const char *bridge, GError **errp)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq ifr = { .ifr_ifindex = (int)if_nametoindex(name) };
    gboolean ok = check_name("cannot use the bridge", bridge, errp);

    if (ok) {
        strcpy(ifr.ifr_name, bridge);
        ok = sock >= 0 && ioctl(sock, SIOCBRADDIF, &ifr) == 0;
        if (!ok) {
            set_error(errp, "cannot add a tap device to the bridge", bridge);
        }
    }
    if (sock >= 0) {
        close(sock);
    }
    return ok;
}

int process_open_tap(char **name, const char *bridge, gboolean create, GError **errp)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        set_error(errp, "cannot open", "/dev/net/tun");
        return -1;
    }
    if (!attach(fd, name, create, errp) ||
        (bridge && !add_to_bridge(*name, bridge, errp)) || !take_up(*name, errp)) {
        close(fd);
        return -1;
    }
    return fd;
}
