/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions of a q35, and where their devices are. */
#ifndef TESTS_UNIT_COMMAND_Q35_H
#define TESTS_UNIT_COMMAND_Q35_H

#include <string.h>

#include "command/kind.h"

#define NONE   "<memballoon model='none'/>"
#define NO_USB "<controller type='usb' model='none'/>"
#define Q35(devices)                                                                     \
    "<domain type='kvm'><name>d</name><memory unit='MiB'>64</memory>"                    \
    "<os><type machine='q35'>hvm</type><kernel>/k</kernel></os>"                         \
    "<features><acpi/></features><devices>" NONE NO_USB devices "</devices></domain>"
#define DISK(dev, more)                                                                  \
    "<disk><source file='/" dev ".img'/><target dev='" dev "'/>" more "</disk>"
#define NET "<interface type='ethernet'><mac address='52:54:00:00:00:01'/></interface>"
#define NIC(mac, model)                                                                  \
    "<interface type='ethernet'><mac address='52:54:00:00:00:" mac "'/>"                 \
    "<model type='" model "'/></interface>"
#define RNG  "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
#define ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define PORT(index, more)                                                                \
    "<controller type='pci' index='" index "' model='pcie-root-port'>" more              \
    "</controller>"
#define BRIDGE(index, model, more)                                                       \
    "<controller type='pci' index='" index "' model='" model "'>" more "</controller>"
#define UPSTREAM(index, more)   BRIDGE(index, "pcie-switch-upstream-port", more)
#define DOWNSTREAM(index, more) BRIDGE(index, "pcie-switch-downstream-port", more)
#define PCI(index, more)        BRIDGE(index, "pcie-to-pci-bridge", more)
#define AT(bus, slot, function)                                                          \
    "<address type='pci' bus='" bus "' slot='" slot "' function='" function "'/>"

static inline Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

static inline Domain *define(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = parse(text);

    command_complete(domain, NULL, "/e", &error);
    g_assert_no_error(error);
    return domain;
}

static inline Domain *prepare(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = define(text);
    guint next = 0;

    command_assign(domain, &next, &error);
    g_assert_no_error(error);
    return domain;
}

static inline gboolean describe(const DomainDevice *device, gpointer text)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    gboolean own = device->type == DOMAIN_DEVICE_CONTROLLER &&
                   device->controller->type == DOMAIN_CONTROLLER_SATA &&
                   device->controller->index == 0; /* of each of them */

    if (address->type == DOMAIN_ADDRESS_PCI && !own) {
        g_autofree char *label = xml_device_label(device);
        const char *key = strrchr(label, ' ');
        g_string_append_printf(text, "%s %x:%x.%x%s; ", key ? key + 1 : label,
                               address->pci.bus, address->pci.slot, address->pci.function,
                               address->pci.multifunction == DOMAIN_TRISTATE_YES ? "+"
                                                                                 : "");
    }
    return TRUE;
}

/* Disks, controllers, interfaces, rngs by their keys. */
static inline void check_places(const Domain *domain, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    xml_domain_foreach_device(domain, describe, text);
    g_assert_cmpstr(text->str, ==, expected);
}

#endif
