/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/rtnetlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void rtnetlink_init(RtNetlink *r, guint16 type, guint16 flags)
{
    gboolean neighbour = type == RTM_NEWNEIGH || type == RTM_DELNEIGH;
    gsize length = neighbour ? sizeof(struct ndmsg) : sizeof(struct ifinfomsg);

    *r = (RtNetlink){ .header = { .nlmsg_len = NLMSG_LENGTH(length),
                                  .nlmsg_type = type,
                                  .nlmsg_flags =
                                      (guint16)(NLM_F_REQUEST | NLM_F_ACK | flags) } };
}

struct rtattr *rtnetlink_add(RtNetlink *r, guint16 type, const void *data, gsize length)
{
    gsize begin = NLMSG_ALIGN(r->header.nlmsg_len), end = begin + RTA_SPACE(length);
    struct rtattr *attribute = (struct rtattr *)((guint8 *)r + begin);

    g_assert(end <= sizeof(*r));
    attribute->rta_type = type;
    attribute->rta_len = (guint16)RTA_LENGTH(length);
    if (length) {
        memcpy(RTA_DATA(attribute), data, length);
    }
    r->header.nlmsg_len = (guint32)end;
    return attribute;
}

void rtnetlink_end(const RtNetlink *r, struct rtattr *attribute)
{
    attribute->rta_len =
        (guint16)((const guint8 *)r + r->header.nlmsg_len - (const guint8 *)attribute);
}

/* The kernel answers before send() returns. FALSE with errno. */
static gboolean exchange(int sock, RtNetlink *r)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        guint8 more[1024];
    } reply;
    ssize_t n;

    if (send(sock, r, r->header.nlmsg_len, 0) < 0) {
        return FALSE;
    }
    n = recv(sock, &reply, sizeof(reply), MSG_DONTWAIT);
    if (n < 0) {
        return FALSE;
    }
    if ((gsize)n < sizeof(reply.header) + sizeof(reply.error) ||
        reply.header.nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return FALSE;
    }
    errno = -reply.error.error;
    return errno == 0;
}

gboolean rtnetlink_run(RtNetlink *r)
{
    int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error;
    gboolean ok = sock >= 0 && exchange(sock, r);

    error = errno;
    if (sock >= 0) {
        close(sock);
    }
    errno = error;
    return ok;
}
