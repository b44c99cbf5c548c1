/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon keeps its files: as libvirt's drivers do. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct DriverPaths {
    char *config_dir;     /* definitions; /etc/libvirt/vireo */
    char *run_dir;        /* status, monitors, locks; /run/libvirt/vireo; gone at boot */
    char *lib_dir;        /* what lasts; /var/lib/libvirt/vireo */
    char *log_dir;        /* /var/log/libvirt/vireo */
    char *nvram_dir;      /* variables of firmware; /var/lib/libvirt/vireo/nvram */
    char **firmware_dirs; /* of descriptors, those that come first hide others */
    char *socket_dir;     /* of libvirt's daemons, and ours; /run/libvirt */
    char *socket;         /* for clients; /run/libvirt/virtvireod-sock */
    char *socket_ro;      /* read-only; NULL in a session */
    char *pid_file;       /* its lock makes the daemon the only one */
} DriverPaths;

/*
 * The paths of the system's daemon for root, of a session (XDG directories) for other
 * users. prefix, if not NULL: a directory that stands for the root directory, so that
 * several daemons can run. datadir: where make install has put data, such as our own
 * descriptor of firmware: /usr/share, or where nobody but us looks.
 */
DriverPaths *driver_paths_new(const char *prefix, const char *datadir);
void driver_paths_free(DriverPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DriverPaths, driver_paths_free)

/* Makes the directories that do not exist. Errors: G_FILE_ERROR, with the path. */
gboolean driver_paths_create(const DriverPaths *paths, GError **errp);

G_END_DECLS
