/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the kernel about links and what belongs to them: rtnetlink(7). */
#pragma once
#include <glib.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

G_BEGIN_DECLS

/* One request; attributes are appended. */
typedef struct RtNetlink {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ndmsg neighbour;
    };
    guint8 attributes[256];
} RtNetlink;

/* type: RTM_*LINK or RTM_*NEIGH; flags: NLM_F_CREATE and others. */
void rtnetlink_init(RtNetlink *r, guint16 type, guint16 flags);
/* The attribute, so that its length can be changed when there are others within it. */
struct rtattr *rtnetlink_add(RtNetlink *r, guint16 type, const void *data, gsize length);
void rtnetlink_end(const RtNetlink *r, struct rtattr *attribute);
/* Asks, and waits for the answer, which does not take long. FALSE with errno. */
gboolean rtnetlink_run(RtNetlink *r);

G_END_DECLS
