/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's firmware: which of the host's it is, and the file that it keeps its
 * variables in. That is made from a template when the domain starts for the first time,
 * and is never written over but on request. On the destination of a migration it is made
 * like that as well, and gets its contents with the guest's other memory.
 */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/* Where the variables of a domain are that does not say it. Free with g_free. */
char *firmware_nvram_path(const DriverPaths *paths, const char *name);

/* The path of the variables that belong to a definition, or NULL. Borrowed. */
const char *firmware_nvram(const Domain *domain);

/*
 * Chooses what <os firmware=''> asks for, and says where the variables are and what they
 * are made from, where a definition (completed) does not. VIR_ERR_OPERATION_FAILED, as
 * libvirt: nothing fits. VIR_ERR_CONFIG_UNSUPPORTED: the loader that it names requires
 * SMM.
 */
gboolean firmware_complete(const DriverPaths *paths, Domain *domain, GError **errp);

/*
 * Before a start: the file is there afterwards. @reset: it is made anew, all or nothing.
 * VIR_ERR_OPERATION_FAILED without a template, VIR_ERR_SYSTEM_ERROR.
 */
gboolean firmware_prepare(const Domain *domain, gboolean reset, GError **errp);

/*
 * Before a definition is removed: @flags of virDomainUndefineFlags say what becomes of
 * the file; *remove: it goes, last of all. VIR_ERR_OPERATION_INVALID when they do not say
 * it, and it is there; VIR_ERR_SYSTEM_ERROR.
 */
gboolean firmware_check_undefine(const Domain *domain, guint32 flags, gboolean *remove,
                                 GError **errp);
/* When the definition is gone. VIR_ERR_SYSTEM_ERROR, which says that it is. */
gboolean firmware_remove(const Domain *domain, GError **errp);

/*
 * The file gets another name together with its domain, in two steps: both names are its
 * own in between. @from or @to may be NULL: nothing is to be done.
 */
gboolean firmware_link(const char *from, const char *to, GError **errp);
/* Takes one of the names away again, if the other is there. */
void firmware_unlink(const char *path, const char *other);

/* What of all this there is for domains on @machine, for domain capabilities. */
void firmware_capabilities(const DriverPaths *paths, const char *machine, gboolean *efi,
                           char ***loaders);

G_END_DECLS
