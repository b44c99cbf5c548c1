/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits on the main loop for the addresses of a host with a name. */
#ifndef VIREO_MIGRATION_LOOKUP_H
#define VIREO_MIGRATION_LOOKUP_H

#include <glib.h>

typedef struct MigUri MigUri;
typedef struct MigLookup MigLookup;

/* addresses: NetAddresses, or NULL, and error says why. May free the lookup. */
typedef void (*MigLookupFn)(MigUri *uri, GArray *addresses, const GError *error,
                            void *opaque);

/* To listen. Takes over the URI where it succeeds. */
MigLookup *mig_lookup_new(MigUri *uri, MigLookupFn done, void *opaque, GError **errp);
void mig_lookup_free(MigLookup *lookup);

#endif
