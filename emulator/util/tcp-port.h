/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of TCP ports: getaddrinfo() takes larger ones modulo 65536. */
#ifndef VIREO_UTIL_TCP_PORT_H
#define VIREO_UTIL_TCP_PORT_H

#include <glib.h>

/* Digits only, 0 to 65535. owner: the option that the error names. */
gboolean tcp_port_check(const char *port, const char *owner, GError **errp);

#endif
