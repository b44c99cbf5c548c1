/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules: all functions or none, and none when the start is done. */
#include "config.h"

#include <string.h>

#include "util/module.h"

typedef struct Table {
    int (*compare)(const char *a, const char *b);
    void *(*other)(void);
} Table;

static void expect(const Module *module, const char *why)
{
    g_autoptr(GError) error = NULL;
    Table table = { NULL };
    gboolean ok = module_load(module, &table, &error);

#ifdef STATIC_BUILD
    why = "this is a static build, which loads no modules";
#endif
    g_assert_true(ok == !why);
    if (why) {
        g_assert_nonnull(strstr(error->message, why));
        g_assert_nonnull(strstr(error->message, module->soname));
        g_assert_null(table.compare);
    } else {
        g_assert_cmpint(table.compare("a", "a"), ==, 0);
        g_assert_nonnull(table.other);
    }
}

static void test_load(void)
{
    static const ModuleSymbol there[] = { { "strcmp", offsetof(Table, compare) },
                                          { "getpid", offsetof(Table, other) },
                                          { NULL } };
    static const ModuleSymbol newer[] = { { "strcmp", offsetof(Table, compare) },
                                          { "vireo_newer", offsetof(Table, other) },
                                          { NULL } };
    const Module libc = { "libc.so.6", there }, old = { "libc.so.6", newer };
    const Module missing = { "libvireo-missing.so.0", there };

    expect(&libc, NULL);
    expect(&old, "has no vireo_newer: it is too old");
    expect(&missing, "cannot load");
    module_seal();
    expect(&libc, "can only be loaded at the start");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/module", test_load);
    return g_test_run();
}
