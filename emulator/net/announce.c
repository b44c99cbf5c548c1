/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that has come by a migration is announced to the switches. */
#include <string.h>

#include "event/clock.h"
#include "net/nic.h"

#define FIRST_MS 50
#define MORE_MS  100 /* each time */

void net_announce_frame(guint8 *frame, const guint8 *mac)
{
    static const guint8 arp[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };

    memset(frame, 0, NET_ANNOUNCE_FRAME);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(frame + 12, arp, sizeof(arp));
    memcpy(frame + 22, mac, 6); /* sender */
    memcpy(frame + 32, mac, 6); /* target */
}

gint64 net_announce_next(guint sent)
{
    return clock_now(CLOCK_TYPE_REALTIME) +
           (FIRST_MS + MORE_MS * ((gint64)sent - 1)) * 1000000;
}
