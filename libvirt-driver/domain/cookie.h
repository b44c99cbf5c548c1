/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemons of a migration tell each other through the client: JSON, which may
 * have been changed on its way and is taken as hostile.
 */
#pragma once
#include <glib.h>

#include "domain/vm.h"

G_BEGIN_DECLS

#define COOKIE_MAX (1u << 20) /* bytes; libvirt allows 4 MiB */

typedef struct MigrationCookie {
    char *name; /* the domain's, on the source */
    char *uuid;
    char *hostname; /* of who wrote it */
    char *host;     /* of who wrote it: see Driver */
    char *package;  /* of the emulator */
    char *token;    /* from the destination: what opens its socket */
    char *domain;   /* from the source: the status form of the live definition */
    JobStats stats; /* from the source, after Perform */
} MigrationCookie;

void migration_cookie_free(MigrationCookie *cookie);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigrationCookie, migration_cookie_free)

/* The bytes for a reply, allocated. */
guint8 *migration_cookie_format(const MigrationCookie *cookie, guint32 *len);

/* NULL with VIR_ERR_INVALID_ARG. */
MigrationCookie *migration_cookie_parse(const guint8 *data, guint32 len, GError **errp);

G_END_DECLS
