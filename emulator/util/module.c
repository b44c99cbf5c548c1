/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "util/module.h"

#include "util/error.h"

static gboolean sealed;

void module_seal(void)
{
    sealed = TRUE;
}

#ifdef STATIC_BUILD

gboolean module_load(const Module *module, void *table, GError **errp)
{
    return error_set(errp, "this is a static build, which loads no modules (%s)",
                     module->soname);
}

#else

#include <dlfcn.h>
#include <string.h>

static gboolean has_all(const Module *module, void *library, GError **errp)
{
    for (const ModuleSymbol *s = module->symbols; s->name; s++) {
        if (!dlsym(library, s->name)) {
            return error_set(errp, "%s has no %s: it is too old", module->soname,
                             s->name);
        }
    }
    return TRUE;
}

gboolean module_load(const Module *module, void *table, GError **errp)
{
    if (sealed) {
        return error_set(errp, "%s can only be loaded at the start", module->soname);
    }
    void *library = dlopen(module->soname, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        return error_set(errp, "cannot load %s", why ? why : module->soname);
    }
    if (!has_all(module, library, errp)) {
        dlclose(library);
        return FALSE;
    }
    for (const ModuleSymbol *s = module->symbols; s->name; s++) {
        void *function = dlsym(library, s->name);
        memcpy((guint8 *)table + s->offset, &function, sizeof(function));
    }
    return TRUE;
}

#endif
