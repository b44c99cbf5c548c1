/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a migration goes to or comes from: tcp:HOST:PORT, unix:PATH, fd:NUMBER.
 */
#ifndef VIREO_MIGRATION_URI_H
#define VIREO_MIGRATION_URI_H

#include <glib.h>

#include "util/created.h"

typedef enum MigUriKind { MIG_URI_TCP, MIG_URI_UNIX, MIG_URI_FD } MigUriKind;

typedef struct MigChannel MigChannel;

typedef struct MigUri {
    MigUriKind kind;
    char *host, *port; /* tcp */
    char *path;        /* unix: the socket; fd: the number */
    FileName *made;    /* unix, listening: from created_bind() */
} MigUri;

/* Errors name the URI. */
MigUri *mig_uri_parse(const char *uri, GError **errp);
void mig_uri_free(MigUri *uri);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigUri, mig_uri_free)

/*
 * tcp and unix: a connected descriptor. Blocks, until the channel that it is for is
 * cancelled: for the migration thread.
 */
int mig_uri_connect(MigUri *uri, MigChannel *ch, GError **errp);
/* tcp: where it is, as NetAddresses; NULL where its host has a name. */
GArray *mig_uri_addresses(const MigUri *uri, gboolean passive);
/* Says in an error of a look-up what was looked up. */
void mig_uri_explain(const MigUri *uri, GError **errp);
/*
 * tcp and unix: a listening descriptor; a unix socket has mode 0600. addresses: for
 * tcp, NetAddresses to listen on, the first one that can be.
 */
int mig_uri_listen(MigUri *uri, GArray *addresses, GError **errp);

#endif
