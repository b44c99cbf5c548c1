/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User networks in the real emulator, with its filters: a guest by hand that speaks ARP,
 * DHCP, UDP and TCP with the host behind them, over virtio-net.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/net-host.h"

/* Tests */

#define VM "-machine microvm -m 16M "

static QTest *start(NetGuest *d, const char *options)
{
    QTest *q =
        qtest_start(VM "-netdev user,id=n%s -device virtio-net-device,netdev=n", options);

    start_guest(q, d);
    return q;
}

static void test_arp(void)
{
    NetGuest d;
    QTest *q = start(&d, "");

    expect_host(&d, GUEST, HOST);
    expect_host(&d, GUEST, HOST + 1);
    qtest_stop(q);
}

/* What is sent while the cable is pulled is lost: the answer is to the later question. */
static void test_link(void)
{
    guint8 frame[2000];
    NetGuest d;
    QTest *q = start(&d, "");

    expect_host(&d, GUEST, HOST);
    qmp(q, "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"n\",\"up\":false}}");
    send_arp(&d, 1, GUEST, HOST + 1);
    qmp(q, "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"n\",\"up\":true}}");
    send_arp(&d, 1, GUEST, HOST);
    receive(&d, frame, is_arp_reply);
    g_assert_cmphex(get32(frame + ETH + 14), ==, HOST);
    qtest_stop(q);
}

/* The option of a DHCP message, with its length in front; NULL: it has none. */
static const guint8 *dhcp_option(const guint8 *frame, gsize len, guint8 option)
{
    for (const guint8 *p = frame + ETH + IP + UDP + 240; p + 1 < frame + len;
         p += 2 + p[1]) {
        if (*p == option || *p == 0xff) {
            return *p == option ? p + 1 : NULL;
        }
    }
    return NULL;
}

static void test_dhcp(void)
{
    static const guint8 options[] = { 99, 130, 83, 99, 53, 1, 1, 255 };
    guint8 discover[300] = { 1, 1, 6, 0, 1, 2, 3, 4 }, frame[2000];
    NetGuest d;
    QTest *q = start(&d, ",net=10.9.8.0/24,dhcpstart=10.9.8.77,hostname=bird,"
                         "dnssearch=a.example,dnssearch=b.example");

    memcpy(discover + 28, guest_mac, 6);
    memcpy(discover + 236, options, sizeof(options));
    send_udp(&d, 0, 68, 0xffffffff, 67, discover, sizeof(discover));
    gsize len = receive(&d, frame, is_udp);
    g_assert_cmpuint(get16(frame + ETH + IP + 2), ==, 68);
    g_assert_cmphex(get32(frame + ETH + IP + UDP + 16), ==, 0x0a09084d);
    g_assert_cmphex(get32(frame + ETH + 12), ==, 0x0a090802);
    const guint8 *name = dhcp_option(frame, len, 12);
    const guint8 *dns = dhcp_option(frame, len, 6);
    g_assert_cmpmem(name + 1, name[0], "bird", 4);
    g_assert_cmphex(get32(dns + 1), ==, 0x0a090803);
    const guint8 *search = dhcp_option(frame, len, 119);
    g_assert_nonnull(search);
    g_assert_nonnull(memmem(search + 1, search[0], "\1b", 2)); /* the second one */
    qtest_stop(q);
}

/* To a server on the host and back; with restrict=on it never gets there. */
static void test_udp(void)
{
    guint8 frame[2000], text[16];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    NetGuest d;
    QTest *q = start(&d, "");
    guint16 port;
    int server = host_socket(SOCK_DGRAM, &port);

    expect_host(&d, GUEST, HOST); /* and it knows the guest */
    send_udp(&d, GUEST, 1000, HOST, port, "chirp", 5);
    g_assert_cmpint(
        recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&from, &len), ==, 5);
    g_assert_cmpmem(text, 5, "chirp", 5);
    g_assert_cmpint(sendto(server, "tweet", 5, 0, (struct sockaddr *)&from, len), ==, 5);
    receive(&d, frame, is_udp);
    g_assert_cmphex(get32(frame + ETH + 12), ==, HOST);
    g_assert_cmpuint(get16(frame + ETH + IP), ==, port);
    g_assert_cmpuint(get16(frame + ETH + IP + 2), ==, 1000);
    g_assert_cmpmem(frame + ETH + IP + UDP, 5, "tweet", 5);
    qtest_stop(q);

    q = start(&d, ",restrict=on");
    expect_host(&d, GUEST, HOST);
    send_udp(&d, GUEST, 1000, HOST, port, "chirp", 5);
    expect_host(&d, GUEST, HOST); /* what was before it has been dealt with */
    g_assert_cmpint(recv(server, text, sizeof(text), MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
    close(server);
    qtest_stop(q);
}

/* A datagram in pieces gets there; what is no part of any does no harm. */
static void test_fragments(void)
{
    static const guint16 alone[] = { 1, 0x1fff, 0x3fff, 0x2001, 0xa000 };
    enum { PART = 1400, TEXT = 2 * PART };
    guint8 datagram[UDP + TEXT] = { 0x03, 0xe8 }, got[TEXT + 1];
    NetGuest d;
    QTest *q = start(&d, "");
    guint16 port;
    int server = host_socket(SOCK_DGRAM, &port);

    expect_host(&d, GUEST, HOST);
    datagram[2] = port >> 8;
    datagram[3] = port & 0xff;
    datagram[4] = sizeof(datagram) >> 8;
    datagram[5] = sizeof(datagram) & 0xff;
    for (guint i = UDP; i < sizeof(datagram); i++) {
        datagram[i] = (guint8)i;
    }
    for (guint i = 0; i <= G_N_ELEMENTS(alone); i++) {
        send_fragment(&d, 7, 0x2000, GUEST, HOST, datagram, PART);
        send_fragment(&d, 7, 0x2000 | PART / 8, GUEST, HOST, datagram + PART, PART);
        if (i < G_N_ELEMENTS(alone)) {
            send_fragment(&d, 100 + i, alone[i], GUEST, HOST, datagram, 16);
            send_fragment(&d, 100 + i, alone[i], GUEST, HOST, datagram, PART);
        }
        send_fragment(&d, 7, 2 * PART / 8, GUEST, HOST, datagram + 2 * PART, UDP);
        g_assert_cmpint(recv(server, got, sizeof(got), 0), ==, TEXT);
        g_assert_cmpmem(got, TEXT, datagram + UDP, TEXT);
        expect_host(&d, GUEST, HOST);
    }
    close(server);
    qtest_stop(q);
}

static unsigned descriptors(QTest *q)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", qtest_pid(q));
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

/* A socket of the host for each of the guest's is not missing to the emulator. */
static void test_descriptors(void)
{
    enum { FLOWS = 40 };
    guint8 text[16];
    NetGuest d;
    guint16 port;

    if (syscall(SYS_close_range, ~0u, ~0u, CLOSE_RANGE_UNSHARE) != 0) {
        g_test_skip("the host does not part tables of descriptors");
        return;
    }
    QTest *q = start(&d, "");
    int server = host_socket(SOCK_DGRAM, &port);
    expect_host(&d, GUEST, HOST);
    unsigned before = descriptors(q);
    for (unsigned i = 0; i < FLOWS; i++) {
        send_udp(&d, GUEST, 1000 + i, HOST, port, "chirp", 5);
        g_assert_cmpint(recv(server, text, sizeof(text), 0), ==, 5);
    }
    g_assert_cmpuint(descriptors(q), ==, before);
    close(server);
    qtest_stop(q);
}

static void test_forward(void)
{
    guint16 port = free_port();
    g_autofree char *options = g_strdup_printf(
        ",hostfwd=tcp:127.0.0.1:%u-:22,hostfwd=udp:127.0.0.1:%u-:53", port, port);
    NetGuest d;
    QTest *q = start(&d, options);

    expect_host(&d, GUEST, HOST);
    talk(&d, port, 22);
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    guint16 own;
    guint8 frame[2000];
    int client = host_socket(SOCK_DGRAM, &own);
    g_assert_cmpint(sendto(client, "hop", 3, 0, (struct sockaddr *)&to, sizeof(to)), ==,
                    3);
    receive(&d, frame, is_udp);
    g_assert_cmpuint(get16(frame + ETH + IP + 2), ==, 53);
    g_assert_cmpmem(frame + ETH + IP + UDP, 3, "hop", 3);
    close(client);
    qtest_stop(q);
}

/* The guest connects to the host; a port where nobody listens resets. */
static void test_connect(void)
{
    Flow f = { .from = GUEST, .to = HOST, .port = 2000, .seq = 100 };
    guint8 frame[2000], text[16];
    NetGuest d;
    QTest *q = start(&d, "");
    int server = host_socket(SOCK_STREAM, &f.to_port);

    g_assert_cmpint(listen(server, 1), ==, 0);
    expect_host(&d, GUEST, HOST);
    send_segment(&d, &f, SYN, "");
    receive(&d, frame, is_tcp);
    g_assert_cmphex(frame[ETH + IP + 13], ==, SYN | ACK);
    g_assert_cmpuint(get32(frame + ETH + IP + 8), ==, 101);
    answer(&d, frame, PSH_ACK, 101, "knock");
    int client = accept(server, NULL, NULL);
    g_assert_cmpint(recv(client, text, sizeof(text), 0), ==, 5);
    g_assert_cmpmem(text, 5, "knock", 5);
    close(client);
    close(server);

    f.port = 2001;
    send_segment(&d, &f, SYN, "");
    do {
        receive(&d, frame, is_tcp);
    } while (get16(frame + ETH + IP + 2) != 2001);
    g_assert_cmphex(frame[ETH + IP + 13] & RST, ==, RST);
    qtest_stop(q);
}

#define NAMES "/etc/resolv.conf"

/* What the guest asks the name server goes to the host's. */
static void test_names(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(53),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    guint8 frame[2000], text[16];
    NetGuest d;
    QTest *q = start(&d, "");
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(server, (struct sockaddr *)&at, len), ==, 0);
    expect_host(&d, GUEST, HOST + 1);
    send_udp(&d, GUEST, 1000, HOST + 1, 53, "who?", 4);
    g_assert_cmpint(recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&at, &len),
                    ==, 4);
    g_assert_cmpint(sendto(server, "me", 2, 0, (struct sockaddr *)&at, len), ==, 2);
    receive(&d, frame, is_udp);
    g_assert_cmphex(get32(frame + ETH + 12), ==, HOST + 1);
    g_assert_cmpmem(frame + ETH + IP + UDP, 2, "me", 2);
    close(server);
    qtest_stop(q);
}

/* As a list, in QMP's form; and the guest has not been heard yet. */
static void test_json(void)
{
    guint16 port = free_port();
    g_autofree char *netdev =
        g_strdup_printf("'{\"type\":\"user\",\"id\":\"n\",\"hostfwd\":"
                        "[{\"str\":\"tcp:127.0.0.1:%u-:22\"}]}'",
                        port);
    NetGuest d;
    QTest *q = qtest_start(VM "-netdev %s -device virtio-net-device,netdev=n", netdev);

    start_guest(q, &d);
    answer_arp(&d, port);
    qtest_stop(q);
}

static void test_net(void)
{
    guint16 port = free_port();
    NetGuest d;
    QTest *q = qtest_start(VM "-net user,host=10.0.2.10,hostfwd=tcp:127.0.0.1:%u-:22 "
                              "-net nic,model=virtio,macaddr=52:54:00:12:34:56",
                           port);

    start_guest(q, &d);
    expect_host(&d, GUEST, 0x0a00020a);
    talk(&d, port, 22);
    qtest_stop(q);
}

static void test_nic(void)
{
    NetGuest d;
    QTest *q = qtest_start(VM "-nic user,id=x,model=virtio,host=10.0.2.9,"
                              "mac=52:54:00:12:34:56");

    start_guest(q, &d);
    expect_host(&d, GUEST, 0x0a000209);
    g_autofree char *text =
        qtest_qmp_fails(q, "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"x\"}}");
    g_assert_nonnull(strstr(text, "in use"));
    qtest_stop(q);
}

/* Its port is free again; others go on. */
static void test_delete(void)
{
    guint16 port = free_port();
    NetGuest d;
    QTest *q = qtest_start(VM "-netdev user,id=gone,hostfwd=tcp:127.0.0.1:%u-:22 "
                              "-nic user,model=virtio,mac=52:54:00:12:34:56",
                           port);
    int fd;

    start_guest(q, &d);
    expect_host(&d, GUEST, HOST);
    g_assert_cmpint(host_connect(port, &fd), ==, 0);
    close(fd);
    qmp(q, "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"gone\"}}");
    while (host_connect(port, &fd) != ECONNREFUSED) {
        close(fd);
        expect_host(&d, GUEST, HOST);
    }
    expect_host(&d, GUEST, HOST);
    g_autofree char *text =
        qtest_qmp_fails(q, "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"user\","
                           "\"id\":\"late\"}}");
    g_assert_nonnull(strstr(text, "netdev type 'user' cannot be added at run time"));
    qtest_stop(q);
}

static void test_refused(void)
{
    guint16 taken;
    int holder = host_socket(SOCK_STREAM, &taken);
    g_autofree char *busy =
        g_strdup_printf("-netdev user,id=n,hostfwd=tcp:127.0.0.1:%u-:22", taken);
    const struct {
        const char *args, *why;
    } cases[] = {
        { busy, "Could not set up host forwarding rule 'tcp:127.0.0.1:" },
        { "-netdev user,id=n,hostfwd=foo", "(No : separators)" },
        { "-netdev user,id=n,net=1.2.3.4/2", "must be in range 4-32" },
        { "-netdev user,id=n,guestfwd=tcp:10.0.2.100:1-cmd:true", "guestfwd" },
        { "-netdev user,id=n,tftp=/", "there is no TFTP" },
        { "-netdev user,id=n,bootfile=x", "there is no TFTP" },
        { "-netdev user,id=n,smb=/", "there is no TFTP or SMB server" },
        { "-netdev user,id=n,foo=1",
          "Invalid parameter 'foo' (-netdev user,help lists what there is)" },
        { "-nic user -device virtio-net-pci,foo=1",
          "Property 'virtio-net-pci.foo' not found (-device virtio-net-pci,help lists" },
        { "-nic user,mac=53:54:00:00:00:01",
          "NIC cannot have multicast MAC address (odd 1st byte): '53:54:00:00:00:01'" },
        { "-netdev user,id=n -sandbox on,network=deny", "-sandbox network=deny" },
        { "-netdev user,id=n,hostname=0123456789012345678901234567890123",
          "'hostname' parameter cannot exceed" },
        { "-net nic,model=virtio", "the hub has no back end" },
        { "-net user -net user", "more than one back end" },
        { "-net user -net nic -net nic", "more than one network card" },
        { "-net user,foo=1 -net nic,model=virtio",
          "-net user,foo=1: Invalid parameter 'foo'" },
        { "-net nic,foo=1", "Invalid parameter 'foo'" },
        { "-net hubport,hubid=0", "'hubport'" },
        { "-nic hubport,hubid=0", "'hubport'" },
        { "-nic user,model=ne2k_pci", "'ne2k_pci'" },
        { "-nic none,id=x", "Invalid parameter 'id'" },
    };

    g_assert_cmpint(listen(holder, 1), ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *args = g_strdup_printf("-accel qtest " VM "%s", cases[i].args);
        g_autofree char *messages = NULL;
        g_assert_cmpint(qtest_run(args, &messages), ==, 1);
        if (!strstr(messages, cases[i].why)) {
            g_error("%s: %s", cases[i].args, messages);
        }
    }
    close(holder);
}

/* A network and a name server of the test's own; FALSE: without the right to. */
static gboolean own_host(void)
{
    g_autofree char *file = g_build_filename(g_get_tmp_dir(), "net-user-XXXXXX", NULL);
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    static const char line[] = "nameserver 127.0.0.1\n";
    int fd;

    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return FALSE;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(ioctl(fd, SIOCSIFFLAGS, &lo), ==, 0);
    close(fd);
    fd = g_mkstemp(file);
    g_assert_cmpint(write(fd, line, strlen(line)), ==, strlen(line));
    close(fd);
    int mounted = mount(file, NAMES, NULL, MS_BIND, NULL);
    unlink(file);
    return mounted == 0;
}

int main(int argc, char **argv)
{
    gboolean own = own_host();

    g_test_init(&argc, &argv, NULL);
    if (own) {
        g_test_add_func("/net-user/names", test_names);
    }
    g_test_add_func("/net-user/arp", test_arp);
    g_test_add_func("/net-user/link", test_link);
    g_test_add_func("/net-user/dhcp", test_dhcp);
    g_test_add_func("/net-user/udp", test_udp);
    g_test_add_func("/net-user/fragments", test_fragments);
    g_test_add_func("/net-user/descriptors", test_descriptors);
    g_test_add_func("/net-user/connect", test_connect);
    g_test_add_func("/net-user/forward", test_forward);
    g_test_add_func("/net-user/json", test_json);
    g_test_add_func("/net-user/net", test_net);
    g_test_add_func("/net-user/nic", test_nic);
    g_test_add_func("/net-user/delete", test_delete);
    g_test_add_func("/net-user/refused", test_refused);
    return g_test_run() ? 1 : own ? 0 : 77; /* the rest was not run */
}
