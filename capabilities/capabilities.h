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

/* A feature of guests: it is on unless a definition says otherwise, or always. */
typedef struct CapabilitiesFeature {
    const char *name; /* "acpi" */
    gboolean fixed;   /* none can be without it */
} CapabilitiesFeature;

/* A machine beside the default one. */
typedef struct CapabilitiesMachine {
    const char *name, *alias;
    guint vcpus_max;
} CapabilitiesMachine;

/* What the driver can run; all is borrowed for the call. */
typedef struct CapabilitiesGuest {
    const char *emulator; /* path */
    const char *machine;  /* canonical name */
    const char *machine_alias;
    const char *arch; /* "x86_64" */
    guint vcpus_max;
    const CapabilitiesMachine *others; /* ends with a NULL name; or NULL */
    gboolean firmware;                 /* that boots a disk, and that could be another */
    gboolean pflash;                   /* it may be in pflash */
    gboolean efi;                      /* there is such firmware to be chosen */
    char *const *loaders;              /* paths of firmware; or NULL */
    gboolean iothreads;                /* which devices can have */
    gboolean device_boot;              /* devices have places in the boot order */
    const CapabilitiesFeature *guest_features; /* ends with a NULL name */
    const char *transport;                     /* of live migrations: "tcp" */
    /* These end with a NULL element; the elements of cpu are modes. */
    const CapabilitiesValues *memory, *cpu, *devices, *features;
} CapabilitiesGuest;

/* virConnectGetCapabilities. Returns a new string. */
char *capabilities_format(const CapabilitiesHost *host, const CapabilitiesGuest *guest);

/* virConnectGetDomainCapabilities. Returns a new string. */
char *capabilities_format_domain(const CapabilitiesGuest *guest);

#endif
