/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/net-host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int host_socket(int type, guint16 *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval limit = { .tv_sec = 60 };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &len), ==, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    *port = ntohs(at.sin_port);
    return fd;
}

guint16 free_port(void)
{
    guint16 port;

    close(host_socket(SOCK_STREAM, &port));
    return port;
}

int host_connect(guint16 port, int *fd)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(*fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        close(*fd);
        return errno;
    }
    return 0;
}

void talk(NetGuest *d, guint16 port, guint16 guest_port)
{
    guint8 frame[2000], *tcp = frame + ETH + IP;
    int client;

    g_assert_cmpint(host_connect(port, &client), ==, 0);
    receive(d, frame, is_tcp);
    g_assert_cmphex(tcp[13], ==, SYN);
    g_assert_cmphex(get32(frame + ETH + 16), ==, GUEST);
    g_assert_cmpuint(get16(tcp + 2), ==, guest_port);
    answer(d, frame, SYN | ACK, 5000, "");
    g_assert_cmpint(send(client, "hello", 5, 0), ==, 5);
    do {
        receive(d, frame, is_tcp);
        g_assert_cmpuint(get32(tcp + 8), ==, 5001);
    } while (!text_len(frame));
    g_assert_cmpmem(tcp + (tcp[12] >> 4) * 4, 5, "hello", 5);
    answer(d, frame, ACK, 5001, "");
    close(client);
}

void answer_arp(NetGuest *d, guint16 port)
{
    guint8 frame[2000];
    int client;

    g_assert_cmpint(host_connect(port, &client), ==, 0);
    receive(d, frame, is_arp_request);
    g_assert_cmphex(get32(frame + ETH + 24), ==, GUEST);
    send_arp(d, 2, GUEST, get32(frame + ETH + 14));
    receive(d, frame, is_tcp);
    g_assert_cmphex(frame[ETH + IP + 13], ==, SYN);
    close(client);
}
