/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities XML of a host, and of domains on it, as libvirt's clients read them.
 */
#ifndef CAPABILITIES_CAPABILITIES_H
#define CAPABILITIES_CAPABILITIES_H

#include "capabilities/host.h"

/* What the driver can run; the strings are borrowed for the call. */
typedef struct CapabilitiesGuest {
    const char *emulator; /* path */
    const char *machine;  /* canonical name */
    const char *machine_alias;
    guint vcpus_max;
} CapabilitiesGuest;

/* virConnectGetCapabilities. Returns a new string. */
char *capabilities_format(const CapabilitiesHost *host, const CapabilitiesGuest *guest);

/* virConnectGetDomainCapabilities. Returns a new string. */
char *capabilities_format_domain(const CapabilitiesGuest *guest);

#endif
