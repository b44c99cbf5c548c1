/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags, parameters and URIs of a migration. */
#pragma once
#include <glib.h>

#include "domain/driver.h"
#include "rpc/values.h"

G_BEGIN_DECLS

typedef struct MigrationParams {
    const char *uri;            /* migrate_uri; all strings are borrowed, or NULL */
    const char *name;           /* destination_name */
    const char *xml;            /* destination_xml */
    const char *persistent_xml; /* persistent_xml */
    const char *listen_address; /* listen_address */
    guint64 bandwidth;          /* MiB/s; 0: not limited */
} MigrationParams;

/*
 * Reads the parameters and checks the flags (virDomainMigrateFlags). What is not
 * supported is refused by name: VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_ERR_INVALID_ARG.
 */
gboolean migration_params_read(const RpcTypedParam *params, guint32 n, guint32 flags,
                               MigrationParams *out, GError **errp);

/*
 * Whether persistent_xml, if given, is a definition of the domain that migrates: with
 * this name (or destination_name) and UUID. Both sides look before anything moves.
 * VIR_ERR_CONFIG_UNSUPPORTED, or the error of the parser.
 */
gboolean migration_check_persistent(Driver *driver, const MigrationParams *params,
                                    const char *name, const guint8 uuid[16],
                                    GError **errp);

#define MIGRATION_TRANSPORT "tcp" /* the only one */

/*
 * Takes "tcp:HOST:PORT" or "tcp://HOST[:PORT]" apart; HOST may be an IPv6 address in
 * brackets. *port is 0 when there is none. VIR_ERR_INVALID_ARG.
 */
gboolean migration_uri_parse(const char *uri, char **host, guint *port, GError **errp);

/*
 * Whether the source can be told to connect to this host by its name (NULL: it has
 * none). VIR_ERR_INTERNAL_ERROR, as libvirt.
 */
gboolean migration_check_hostname(const char *name, GError **errp);

/* "tcp:HOST:PORT", to be freed. */
char *migration_uri_format(const char *host, guint port);

G_END_DECLS
