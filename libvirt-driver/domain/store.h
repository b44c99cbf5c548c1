/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that must survive: persistent definitions and status files. */
#pragma once
#include <glib.h>

#include "xml/domain.h"

G_BEGIN_DECLS

/*
 * Replaces a file so that after a crash it is the old one or the new one: temporary
 * file, fsync, rename, fsync of the directory. Mode 0600. Errors: VIR_ERR_SYSTEM_ERROR,
 * and then, as of all that changes something here, nothing has been changed.
 */
gboolean store_write(const char *path, const char *text, GError **errp);

/*
 * Makes a file with these bytes, of mode 0600, in the same way; its temporary file has
 * STORE_TEMP at the end. Not @replace: one that is there already stays as it is.
 */
#define STORE_TEMP "~"
gboolean store_create(const char *path, const void *data, gsize length, gboolean replace,
                      GError **errp);

/*
 * What the file holds, to be freed. What is no regular file is not read: a FIFO or a
 * device would keep the daemon for ever; nor what is larger than all that a client can send.
 * Errors: G_FILE_ERROR.
 */
char *store_read(const char *path, GError **errp);
/* Whether it may be read another time: there was no descriptor left, say. */
gboolean store_may_be_read(const GError *err);

/* Removes a file, if it is there, and syncs its directory. */
gboolean store_remove(const char *path, GError **errp);

/* DIR/NAME followed by suffix; to be freed. */
char *store_path(const char *dir, const char *name, const char *suffix);

gboolean store_save_config(const char *dir, const Domain *domain, GError **errp);

/*
 * The same in two steps, for a change of which the other half may fail: staging does all
 * that can be expected to fail, and changes nothing yet. Then commit, or unstage.
 */
gboolean store_stage_config(const char *dir, const Domain *domain, GError **errp);
gboolean store_commit_config(const char *dir, const char *name, GError **errp);
void store_unstage_config(const char *dir, const char *name);

gboolean store_remove_config(const char *dir, const char *name, GError **errp);
/* FALSE only if there is none for sure. */
gboolean store_has_config(const char *dir, const char *name);

/*
 * Another name, which must have no file. The definition with it is put beside the old
 * one: from there on it is the domain's. Then the old one goes, and the other gets its
 * name; after a crash, when the daemon starts.
 */
#define STORE_RENAMED ".renamed"
gboolean store_rename_config(const char *dir, const Domain *before, const Domain *after,
                             GError **errp);
gboolean store_finish_rename(const char *dir, const char *from, const char *to,
                             GError **errp);

/* A link in dir/autostart to the definition: the domain starts with the host. */
gboolean store_is_autostart(const char *dir, const char *name);
gboolean store_set_autostart(const char *dir, const char *name, gboolean on,
                             GError **errp);

/*
 * Calls fn with the path of each file of dir that ends in suffix, sorted by name. Fails
 * with VIR_ERR_SYSTEM_ERROR, before the first call, when dir cannot be read to its end.
 */
gboolean store_foreach(const char *dir, const char *suffix,
                       void (*fn)(const char *path, const char *name, gpointer opaque),
                       gpointer opaque, GError **errp);

G_END_DECLS
