/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connecting by TCP, in a network that has hardly any addresses. */
#include "process/listen.h"

#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/skip.h"

#define LONG_MS 60000

/* The loopback interface is up; it has an address of IPv6, which is no loopback address,
 * in the place of another interface. */
static gboolean make_network(void)
{
    struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
    struct in6_ifreq address = { .ifr6_prefixlen = 64 };
    int fd =
        unshare(CLONE_NEWNET) == 0 ? socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    gboolean ok;

    address.ifr6_addr.s6_addr[0] = 0xfd;
    address.ifr6_addr.s6_addr[15] = 1;
    address.ifr6_ifindex = fd < 0 ? 0 : (int)if_nametoindex("lo");
    ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0 &&
         ioctl(fd, SIOCSIFADDR, &address) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static void check_connection(const char *host)
{
    g_autoptr(GError) error = NULL;
    guint port;
    int listener = process_listen_tcp(host, 49152, 49215, &port, &error), fd;

    g_assert_no_error(error);
    g_assert_cmpint(listener, >=, 0);
    fd = process_connect_tcp(host, port, LONG_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    close(listener);
}

/* No interface needs an address of a family for a loopback address of it. */
static void test_loopback(void)
{
    if (!make_network()) {
        skip_case("no network of its own");
        return;
    }
    check_connection("127.0.0.1");
    check_connection("::1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process-listen/loopback", test_loopback);
    return skip_run();
}
