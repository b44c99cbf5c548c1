/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware that the host has, as its packages describe it: JSON files in the format
 * of QEMU's docs/interop/firmware.json, in directories of which one that comes earlier
 * hides the files of the same name in later ones (an empty file hides without a
 * substitute). Files are read anew each time: a package may have come or gone.
 */
#pragma once
#include <glib.h>

#include "xml/domain.h"

G_BEGIN_DECLS

typedef struct Descriptor {
    char *path;           /* of the JSON file */
    gboolean bios, uefi;  /* its interfaces */
    gboolean flash;       /* FALSE: it is loaded into memory */
    gboolean stateless;   /* of flash: it has no variables */
    gboolean combined;    /* of flash: these are in the same file */
    gboolean raw;         /* the formats of its files */
    char *executable;     /* path */
    char *nvram_template; /* path, or NULL */
    char **features;      /* "secure-boot" ... */
    GPtrArray *machines;  /* patterns of x86_64's machines */
} Descriptor;

/* All that can be read, in the order of their names; what cannot is told in the log. */
GPtrArray *descriptors_read(char *const *dirs);

gboolean descriptor_has(const Descriptor *descriptor, const char *feature);
gboolean descriptor_is_for(const Descriptor *descriptor, const char *machine);

G_END_DECLS
