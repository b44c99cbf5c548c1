/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules: libraries that a VM may not need, loaded when its configuration names what
 * they are there for.
 *
 * Theory of operation. A library that is linked costs every start, whether it is used or
 * not (libslirp about 1 ms); so its functions are called by a table that is filled in
 * when it is loaded. Loading maps code, which the seccomp filters do not allow: it is
 * done before them. A static build has no loader, and refuses.
 */
#ifndef VIREO_UTIL_MODULE_H
#define VIREO_UTIL_MODULE_H

#include <glib.h>

typedef struct ModuleSymbol {
    const char *name;
    size_t offset; /* of the pointer to the function in the table */
} ModuleSymbol;

typedef struct Module {
    const char *soname;
    const ModuleSymbol *symbols; /* ends with a NULL name */
} Module;

/*
 * Fills in the functions in table: all or none. The library stays for as long as the
 * process runs. Main thread; refuses after module_seal().
 */
gboolean module_load(const Module *module, void *table, GError **errp);
/* The start is done: filters follow. */
void module_seal(void);

#endif
