/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start-up order of the daemon, and nothing else. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon-options.h"
#include "daemon.h"
#include "domain/driver.h"
#include "forward/service.h"
#include "process/spawn.h"
#include "rpc/server.h"
#include "util/paths.h"
#include "xml/domain.h"

enum {
    STOP_TIMEOUT_MS = 20000, /* for what still runs when the daemon ends */
};

/* Returns the exit status. */
static int serve(const DaemonOptions *options, GError **errp)
{
    g_autoptr(DriverPaths) paths = driver_paths_new(options->prefix_dir, VIREO_DATADIR);
    g_autoptr(RpcServer) server = rpc_server_new();
    const char *emulator = options->emulator ? options->emulator : VIREO_BINDIR "/vireo";

    daemon_check_emulator(emulator);
    if (!driver_paths_create(paths, errp))
        return EXIT_FAILURE;
    int lock = daemon_lock(paths, errp);
    if (lock < 0)
        return EXIT_FAILURE;
    if (!daemon_listen(server, paths, options, errp)) {
        daemon_unlock(lock);
        return EXIT_FAILURE;
    }
    ForwardServiceOptions others = { .dir = paths->socket_dir };
    g_autoptr(ForwardService) forward G_GNUC_UNUSED =
        forward_service_new(server, &others);
    Driver *driver = driver_new(paths, server, emulator);
    if (!driver_start(driver, errp)) {
        if (driver_stop(driver, STOP_TIMEOUT_MS))
            driver_free(driver);
        daemon_unlock(lock);
        return EXIT_FAILURE;
    }
    rpc_server_start(server);
    daemon_ready();
    daemon_run(server, options->timeout, driver_busy, driver);
    if (!rpc_server_stop(server, STOP_TIMEOUT_MS) ||
        !driver_stop(driver, STOP_TIMEOUT_MS)) {
        g_message("some calls do not end; exiting without them");
        _exit(EXIT_SUCCESS); /* running VMs are left as they are */
    }
    driver_free(driver);
    daemon_unlock(lock);
    return EXIT_SUCCESS;
}

/*
 * GLib makes the locale that it reads numbers in when it first needs it, and takes the
 * errno of threads that wait for that for their numbers' fault. So it is made while there
 * are no other threads.
 */
static void make_number_locale(void)
{
    g_ascii_strtoull("0", NULL, 10);
}

int main(int argc, char **argv)
{
    g_auto(DaemonOptions) options = { 0 };
    g_autoptr(GError) error = NULL;

    if (!daemon_options_parse(&options, argc, argv, &error)) {
        fprintf(stderr, "%s: %s\n", argv[0], error->message);
        return EXIT_FAILURE;
    }
    if (options.version) {
        printf("virtvireod (vireo) %s\n", PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    make_number_locale();
    xml_init();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    g_log_set_debug_enabled(options.verbose);
    process_raise_fd_limit(); /* each VM takes several */
    int status = EXIT_FAILURE;
    if (!options.daemonize || daemon_detach(&error))
        status = serve(&options, &error);
    if (error)
        fprintf(stderr, "%s: %s\n", argv[0], error->message);
    return status;
}
