/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices' side of the host, for serial ports, consoles and channels. */
#ifndef COMMAND_CHARDEV_H
#define COMMAND_CHARDEV_H

#include "command/kind.h"

/* One of them, whatever its kind; all borrowed. */
typedef struct CommandChardev {
    DomainChardev *chardev;
    const DomainDeviceInfo *info;
} CommandChardev;

/* What a device has of it. FALSE for kinds that have none. */
gboolean command_chardev_of(const DomainDevice *device, CommandChardev *of);

/* Checks what rows cannot; @element: "devices/serial". CONFIG_UNSUPPORTED, XML_ERROR. */
gboolean command_chardev_complete(const DomainChardev *chardev, const char *element,
                                  GError **errp);

/* Opens the socket, or in a plug the terminal, that is not the emulator's to open into
 * @fds. */
gboolean command_chardev_prepare(const CommandHost *host, const DomainChardev *chardev,
                                 GArray *fds, GError **errp);
/* Removes the socket that was listened on. */
void command_chardev_release(const DomainChardev *chardev);

/* Why it cannot be added to an emulator that runs; NULL: it can. */
const char *command_chardev_not_pluggable(const DomainChardev *chardev);

/* -chardev or chardev-add; its ID is "char" and the alias. INTERNAL_ERROR. */
gboolean command_chardev_steps(CommandSteps *steps, const DomainChardev *chardev,
                               const DomainDeviceInfo *info, GError **errp);
/* A `leftovers` hook. */
void command_chardev_leftovers(CommandSteps *steps, const char *alias);

/* Whether the emulator will connect to something by itself. */
gboolean command_chardevs_reconnect(const Domain *domain);

/* Ports of virtio-serial, serial-port.c. */

/* Gives ports to those that have none; @more: controllers may be added. XML_ERROR. */
gboolean command_assign_serial_ports(Domain *domain, gboolean more, GError **errp);
/* A port's device: its driver, place, chardev and ID. */
JsonObject *command_serial_port(const CommandSteps *steps, const char *driver,
                                const DomainDeviceInfo *info);

#endif
