/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/hostname.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

char *driver_hostname(void)
{
    char name[256] = "";
    struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *info = NULL;
    char *result;

    if (gethostname(name, sizeof(name) - 1) < 0 || !name[0]) {
        return NULL;
    }
    result = g_strdup(name);
    if (strchr(name, '.') || g_str_has_prefix(name, "localhost")) {
        return result;
    }
    if (!getaddrinfo(name, NULL, &hints, &info)) {
        /* Many hosts have their name beside localhost in /etc/hosts. */
        if (info->ai_canonname && !g_str_has_prefix(info->ai_canonname, "localhost")) {
            g_free(result);
            result = g_strdup(info->ai_canonname);
        }
        freeaddrinfo(info);
    }
    return result;
}
