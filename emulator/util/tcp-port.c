/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/tcp-port.h"

#include "util/error.h"

gboolean tcp_port_check(const char *port, const char *owner, GError **errp)
{
    guint64 number;

    return g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL) ||
           error_set(errp, "%s: '%s' is not a port number from 0 to 65535", owner, port);
}
