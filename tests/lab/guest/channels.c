/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channels NIC N...: lets the card have so many pairs of queues, one number after the other
 * (ETHTOOL_SCHANNELS: what "ethtool -L NIC combined N" does). Each must be what the driver
 * tells afterwards.
 */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int ask(int fd, const char *nic, struct ethtool_channels *channels, unsigned command)
{
    struct ifreq request = {.ifr_data = (char *)channels};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", nic);
    channels->cmd = command;
    return ioctl(fd, SIOCETHTOOL, &request);
}

int main(int argc, char **argv)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    for (int i = 2; i < argc; i++) {
        struct ethtool_channels channels = {0};
        unsigned wanted = strtoul(argv[i], NULL, 10);

        if (ask(fd, argv[1], &channels, ETHTOOL_GCHANNELS) < 0) {
            perror("ETHTOOL_GCHANNELS");
            return 1;
        }
        channels.combined_count = wanted;
        if (ask(fd, argv[1], &channels, ETHTOOL_SCHANNELS) < 0) {
            perror("ETHTOOL_SCHANNELS");
            return 1;
        }
        if (ask(fd, argv[1], &channels, ETHTOOL_GCHANNELS) < 0 ||
            channels.combined_count != wanted) {
            fprintf(stderr, "channels: %u of %u, not %u\n", channels.combined_count,
                    channels.max_combined, wanted);
            return 1;
        }
    }
    return argc < 3;
}
