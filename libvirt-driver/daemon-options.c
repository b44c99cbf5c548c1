/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-options.h"

gboolean daemon_options_parse(DaemonOptions *o, int argc, char **argv, GError **errp)
{
    const GOptionEntry entries[] = {
        { "daemon", 'd', 0, G_OPTION_ARG_NONE, &o->daemonize,
          "Run in the background, once it serves", NULL },
        { "emulator", 0, 0, G_OPTION_ARG_FILENAME, &o->emulator,
          "The emulator for domains that name none", "PATH" },
        { "prefix-dir", 0, 0, G_OPTION_ARG_FILENAME, &o->prefix_dir,
          "Keep etc, run and var in DIR instead of /", "DIR" },
        { "tcp-listen", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->tcp_listen,
          "Listen on TCP too, WITHOUT authentication: whoever reaches the port is root. "
          "The address is numeric, 127.0.0.1 by default; clients dial port 16509",
          "[ADDRESS:]PORT" },
        { "timeout", 't', 0, G_OPTION_ARG_INT, &o->timeout,
          "Exit after N seconds without clients and without running VMs", "N" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o->verbose, "Log more", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &o->version, "Show the version", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- libvirt driver of vireo");
    g_auto(GStrv) args = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    args = g_new0(char *, argc + 1);
    for (int i = 0; i < argc; i++)
        args[i] = g_strdup(argv[i]);
    if (!g_option_context_parse_strv(context, &args, errp))
        return FALSE;
    if (g_strv_length(args) > 1) {
        g_set_error(errp, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "unexpected argument '%s'", args[1]);
        return FALSE;
    }
    if (o->timeout < 0) {
        g_set_error(errp, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--timeout: %d is not a number of seconds", o->timeout);
        return FALSE;
    }
    if (o->emulator && !g_path_is_absolute(o->emulator)) {
        g_set_error(errp, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--emulator: '%s' is not an absolute path", o->emulator);
        return FALSE;
    }
    return TRUE;
}

void daemon_options_clear(DaemonOptions *o)
{
    g_free(o->emulator);
    g_free(o->prefix_dir);
    g_strfreev(o->tcp_listen);
}
