/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/pidfile.h"
#include "util/file-name.h"

enum { SYSTEMD_FIRST_FD = 3 };

static int ready_fd = -1;  /* of the pipe to the waiting process */
static FileName *pid_name; /* of the lock's file */

/* For errno. Returns FALSE. */
static gboolean set_errno_error(GError **errp, const char *what)
{
    int error = errno;

    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(error), "%s: %s", what,
                g_strerror(error));
    return FALSE;
}

gboolean daemon_detach(GError **errp)
{
    int fds[2];
    char byte;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return set_errno_error(errp, "--daemon: cannot create a pipe");
    pid_t pid = fork();
    if (pid < 0) {
        set_errno_error(errp, "--daemon: cannot fork");
        close(fds[0]);
        close(fds[1]);
        return FALSE;
    }
    if (pid) {
        close(fds[1]);
        _exit(read(fds[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(fds[0]);
    ready_fd = fds[1];
    setsid();
    return TRUE;
}

void daemon_ready(void)
{
    int null;

    if (ready_fd < 0)
        return;
    if (chdir("/") < 0 || (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
        return; /* the waiting process sees our end */
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    close(null);
    if (write(ready_fd, "", 1) == 1)
        close(ready_fd);
    ready_fd = -1;
}

int daemon_lock(const DriverPaths *paths, GError **errp)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    g_autoptr(GError) error = NULL;
    int fd = process_pidfile_acquire(paths->pid_file, &error);

    if (fd < 0) {
        if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN))
            g_prefix_error(&error, "another virtvireod is running: ");
        g_propagate_error(errp, g_steal_pointer(&error));
        return -1;
    }
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0) {
        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "cannot write '%s': %s", paths->pid_file, g_strerror(errno));
        close(fd);
        return -1;
    }
    pid_name = file_name_new(paths->pid_file);
    return fd;
}

void daemon_unlock(int fd)
{
    if (pid_name && !file_name_remove(pid_name))
        g_message("cannot remove '%s': %s", file_name_path(pid_name), g_strerror(errno));
    g_clear_pointer(&pid_name, file_name_free);
    close(fd);
}

void daemon_check_emulator(const char *path)
{
    struct stat st;
    int error = stat(path, &st) < 0      ? errno
                : !S_ISREG(st.st_mode)   ? EACCES
                : access(path, X_OK) < 0 ? errno
                                         : 0;

    if (error)
        g_message("the emulator '%s' cannot be run: %s; domains must name another one",
                  path, g_strerror(error));
}

/* ---- sockets ---- */

/* Sockets that systemd has bound, by the name in the file system. */
static gboolean listen_systemd(RpcServer *server, guint *n, GError **errp)
{
    const char *pid = g_getenv("LISTEN_PID"), *fds = g_getenv("LISTEN_FDS");
    guint64 pid_number, count;

    *n = 0;
    if (!pid || !fds ||
        !g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &pid_number, NULL) ||
        (pid_t)pid_number != getpid() ||
        !g_ascii_string_to_unsigned(fds, 10, 1, 64, &count, NULL))
        return TRUE;
    for (guint i = 0; i < count; i++) {
        int fd = SYSTEMD_FIRST_FD + i;
        struct sockaddr_un address = { 0 };
        socklen_t len = sizeof(address) - 1;

        fcntl(fd, F_SETFD, FD_CLOEXEC);
        if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
            address.sun_family != AF_UNIX) {
            g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "descriptor %d from systemd is not a UNIX socket", fd);
            return FALSE;
        }
        gboolean ro = g_str_has_suffix(address.sun_path, "-ro");
        if (!rpc_server_listen_fd(server, fd, ro ? RPC_LISTEN_READ_ONLY : 0, errp))
            return FALSE;
    }
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    *n = count;
    return TRUE;
}

/*
 * The sockets admit root and the group libvirt, both for the read-only one too: stock
 * libvirt opens them to everybody and asks polkit, which this driver does not do yet.
 */
static gboolean listen_unix(RpcServer *server, const DriverPaths *paths, GError **errp)
{
    struct group *group = geteuid() == 0 ? getgrnam("libvirt") : NULL;
    gid_t gid = group ? group->gr_gid : (gid_t)-1;

    return rpc_server_listen_unix(server, paths->socket, gid, 0, errp) &&
           (!paths->socket_ro || rpc_server_listen_unix(server, paths->socket_ro, gid,
                                                        RPC_LISTEN_READ_ONLY, errp));
}

gboolean daemon_listen(RpcServer *server, const DriverPaths *paths,
                       const DaemonOptions *options, GError **errp)
{
    guint n;

    if (!listen_systemd(server, &n, errp) || (!n && !listen_unix(server, paths, errp)))
        return FALSE;
    for (char **tcp = options->tcp_listen; tcp && *tcp; tcp++) {
        if (!rpc_server_listen_tcp(server, *tcp, errp)) {
            g_prefix_error(errp, "--tcp-listen: ");
            return FALSE;
        }
        g_warning("listening on TCP %s without authentication: whoever reaches it "
                  "controls this host",
                  *tcp);
    }
    return TRUE;
}

/* ---- the main loop ---- */

typedef struct Run {
    GMainLoop *loop;
    RpcServer *server;
    int timeout, idle; /* seconds */
    gboolean (*busy)(gpointer opaque);
    gpointer opaque;
} Run;

static gboolean on_signal(gpointer opaque)
{
    g_main_loop_quit(((Run *)opaque)->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_second(gpointer opaque)
{
    Run *run = opaque;
    gboolean busy =
        rpc_server_n_clients(run->server) || (run->busy && run->busy(run->opaque));

    run->idle = busy ? 0 : run->idle + 1;
    if (run->idle >= run->timeout)
        g_main_loop_quit(run->loop);
    return G_SOURCE_CONTINUE;
}

void daemon_run(RpcServer *server, int timeout, gboolean (*busy)(gpointer opaque),
                gpointer opaque)
{
    static const int signals[] = { SIGTERM, SIGINT };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Run run = { loop, server, timeout, 0, busy, opaque };
    guint sources[G_N_ELEMENTS(signals) + 1], n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sources[n++] = g_unix_signal_add(signals[i], on_signal, &run);
    if (timeout)
        sources[n++] = g_timeout_add_seconds(1, on_second, &run);
    g_main_loop_run(loop);
    while (n)
        g_source_remove(sources[--n]);
}
