/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt adds to a definition that does not say that it is not there. */
#include "command/kind.h"

static gboolean has_usb(const Domain *domain)
{
    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_USB) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The keyboard and the mouse of every PC. */
static void add_input(Domain *domain, DomainInputType type)
{
    DomainInput *input;

    for (guint i = 0; i < domain->inputs->len; i++) {
        input = domain->inputs->pdata[i];
        if (input->type == type && (input->bus == DOMAIN_INPUT_BUS_PS2 ||
                                    input->bus == DOMAIN_INPUT_BUS_DEFAULT)) {
            return;
        }
    }
    input = xml_domain_add_new(domain, DOMAIN_DEVICE_INPUT);
    input->type = type;
    input->bus = DOMAIN_INPUT_BUS_PS2;
}

void command_add_defaults(Domain *domain)
{
    DomainBalloon *balloon;

    if (command_has_pci(command_machine(domain->machine)) && !has_usb(domain)) {
        xml_domain_add_controller(domain, DOMAIN_CONTROLLER_USB, 0,
                                  DOMAIN_CONTROLLER_MODEL_QEMU_XHCI);
    }
    add_input(domain, DOMAIN_INPUT_MOUSE);
    add_input(domain, DOMAIN_INPUT_KEYBOARD);
    if (!domain->balloons->len) {
        balloon = xml_domain_add_new(domain, DOMAIN_DEVICE_BALLOON);
        balloon->model = DOMAIN_BALLOON_VIRTIO;
    }
}
