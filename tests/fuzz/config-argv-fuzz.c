/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a command line, one argument a line. It becomes a tree or an error
 * with a text, and never both or neither.
 */
#include "fuzz/config-argv-fuzz.h"

#include <string.h>

#include "config/argv.h"

#define ARGS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    g_autofree char *text = g_strndup((const char *)data, len);
    g_auto(GStrv) args = NULL;
    g_autoptr(ConfigNode) tree = NULL;
    g_autoptr(GError) error = NULL;
    char *argv[ARGS_MAX + 2] = { "vireo" };
    int argc = 1;

    args = g_strsplit(text, "\n", ARGS_MAX);
    for (guint i = 0; args[i]; i++) {
        argv[argc++] = args[i];
    }
    tree = config_parse_argv(argc, argv, &error);
    g_assert_true(!tree == !!error);
    g_assert_true(!error || *error->message);
    return 0;
}
