/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of virtvireod. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct DaemonOptions {
    gboolean daemonize;
    gboolean verbose;
    gboolean version;
    int timeout;       /* seconds without clients and VMs after which to exit; 0: never */
    char *emulator;    /* absolute; NULL: the installed one */
    char *prefix_dir;  /* or NULL */
    char **tcp_listen; /* or NULL */
} DaemonOptions;

/* Reads the command line. Errors name the option and its value. */
gboolean daemon_options_parse(DaemonOptions *options, int argc, char **argv,
                              GError **errp);
void daemon_options_clear(DaemonOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DaemonOptions, daemon_options_clear)

G_END_DECLS
