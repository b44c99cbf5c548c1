/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities XML of a host, and of domains on it, as libvirt's clients read them.
 */
#ifndef CAPABILITIES_CAPABILITIES_H
#define CAPABILITIES_CAPABILITIES_H

#include "capabilities/host.h"

/* What may be said of one thing in a domain's definition. */
typedef struct CapabilitiesValues {
    const char *element; /* "disk"; rows of one element follow each other */
    const char *name;    /* of the enumeration, "bus"; NULL: the element has none */
    char **values;       /* owned by who has the array; NULL: not supported */
} CapabilitiesValues;

/* What the driver can run; all is borrowed for the call. */
typedef struct CapabilitiesGuest {
    const char *emulator; /* path */
    const char *machine;  /* canonical name */
    const char *machine_alias;
    const char *arch; /* "x86_64" */
    guint vcpus_max;
    /* These end with a NULL element; the elements of cpu are modes. */
    const CapabilitiesValues *memory, *cpu, *devices, *features;
} CapabilitiesGuest;

/* virConnectGetCapabilities. Returns a new string. */
char *capabilities_format(const CapabilitiesHost *host, const CapabilitiesGuest *guest);

/* virConnectGetDomainCapabilities. Returns a new string. */
char *capabilities_format_domain(const CapabilitiesGuest *guest);

#endif
