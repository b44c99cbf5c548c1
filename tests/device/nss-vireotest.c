/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module for nsswitch.conf ("hosts: vireotest") with two hosts: vireo-test is this
 * machine, vireo-slow says something only when the file that VIREO_TEST_SLOW names is
 * gone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum nss_status _nss_vireotest_gethostbyname2_r(const char *name, int family,
                                                struct hostent *host, char *buf,
                                                size_t len, int *errnop, int *h_errnop);

enum nss_status _nss_vireotest_gethostbyname2_r(const char *name, int family,
                                                struct hostent *host, char *buf,
                                                size_t len, int *errnop, int *h_errnop)
{
    struct Answer {
        char *list[2], *aliases[1];
        struct in_addr addr;
        char name[32];
    } *answer = (struct Answer *)buf;
    int slow = strcmp(name, "vireo-slow") == 0;

    while (slow && access(getenv("VIREO_TEST_SLOW"), F_OK) == 0) {
        poll(NULL, 0, 10);
    }
    if (family != AF_INET || (!slow && strcmp(name, "vireo-test") != 0)) {
        *errnop = ENOENT;
        *h_errnop = HOST_NOT_FOUND;
        return NSS_STATUS_NOTFOUND;
    }
    if (len < sizeof(*answer)) {
        *errnop = ERANGE;
        *h_errnop = NETDB_INTERNAL;
        return NSS_STATUS_TRYAGAIN;
    }
    memset(answer, 0, sizeof(*answer));
    strcpy(answer->name, name);
    answer->addr.s_addr = htonl(INADDR_LOOPBACK);
    answer->list[0] = (char *)&answer->addr;
    *host = (struct hostent){ .h_name = answer->name,
                              .h_aliases = answer->aliases,
                              .h_addrtype = AF_INET,
                              .h_length = sizeof(answer->addr),
                              .h_addr_list = answer->list };
    return NSS_STATUS_SUCCESS;
}
