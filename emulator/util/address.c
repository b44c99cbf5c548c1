/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,migration: socket(0=AF_UNIX) ioctl(SIOCGIFINDEX)
 *     -- rare: if_nametoindex(), for fe80::1%eth0
 */
#include "util/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* A number, or the name of an interface. */
static gboolean parse_scope(const char *text, guint32 *scope)
{
    guint64 number;

    if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL)) {
        *scope = number;
    } else {
        *scope = if_nametoindex(text);
    }
    return *scope != 0;
}

static gboolean parse_v6(const char *host, struct sockaddr_in6 *in6)
{
    const char *percent = strchr(host, '%');
    g_autofree char *plain = percent ? g_strndup(host, percent - host) : g_strdup(host);

    return inet_pton(AF_INET6, plain, &in6->sin6_addr) == 1 &&
           (!percent || parse_scope(percent + 1, &in6->sin6_scope_id));
}

static gboolean add(GArray *list, const char *host, guint16 port)
{
    NetAddress a = { 0 };
    struct sockaddr_in *in = (struct sockaddr_in *)&a.addr;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.addr;

    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        a.len = sizeof(*in);
    } else if (parse_v6(host, in6)) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        a.len = sizeof(*in6);
    } else {
        return FALSE;
    }
    g_array_append_val(list, a);
    return TRUE;
}

GArray *address_numeric(const char *host, const char *port, gboolean passive)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(NetAddress));
    guint64 number;

    if (!g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL)) {
        return NULL;
    }
    if (!host || !*host) {
        add(list, passive ? "0.0.0.0" : "::1", number);
        add(list, passive ? "::" : "127.0.0.1", number);
    } else if (!add(list, host, number)) {
        return NULL;
    }
    return g_steal_pointer(&list);
}
