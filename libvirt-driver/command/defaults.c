/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt adds to a definition that does not say that it is not there. */
#include "command/kind.h"

void command_add_defaults(Domain *domain)
{
    if (!domain->balloons->len) {
        DomainBalloon *balloon = xml_domain_add_new(domain, DOMAIN_DEVICE_BALLOON);

        balloon->model = DOMAIN_BALLOON_VIRTIO;
    }
}
