/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest socket: lines in, lines out. While an access is held (lock.h) no further
 * line is taken: the test waits for its reply, as a vCPU would wait. But for the command
 * of a layer above (qtest_offer_command()), which is about the host and not the machine:
 * it is answered before.
 *
 * #syscalls main: sendmsg read
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "accel/qtest-internal.h"
#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/turn.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"

#define LINE_BYTES_MAX (16u << 20) /* a `write` of some MiB in hexadecimal */

static struct {
    int fd;
    EventHandler *handler;
    GString *in, *out;
    gboolean paused, draining;
    gboolean posted;  /* lines are left for another turn */
    gboolean restore; /* fd was blocking: others share it */
    FILE *log;
} server = { .fd = -1 };

static void log_line(char direction, const char *text)
{
    if (server.log) {
        gint64 now = clock_now(CLOCK_TYPE_REALTIME);
        fprintf(server.log, "[%c %" G_GINT64_FORMAT ".%06d] %s\n", direction,
                now / 1000000000, (int)(now / 1000 % 1000000), text);
    }
}

static void disconnect(void)
{
    g_clear_pointer(&server.handler, event_handler_remove);
    if (server.fd >= 0) {
        fd_close_restored(fd_steal(&server.fd), server.restore);
    }
    qtest_commands_reset();
}

/* While paused: as long as what comes may be a line that is taken. */
static gboolean wants_input(void)
{
    return !server.posted &&
           (!server.paused || !memchr(server.in->str, '\n', server.in->len));
}

static void update_conditions(void)
{
    if (server.handler) {
        gboolean reads = wants_input();
        event_handler_set_condition(server.handler, (reads ? G_IO_IN : 0) |
                                                        (server.out->len ? G_IO_OUT : 0));
    }
}

static void flush(void)
{
    while (server.fd >= 0 && server.out->len) {
        ssize_t n = fd_send(server.fd, server.out->str, server.out->len);
        if (n > 0) {
            g_string_erase(server.out, 0, n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (errno != EAGAIN) {
                disconnect();
            }
            break;
        }
    }
    update_conditions();
}

void qtest_send(const char *format, ...)
{
    if (server.fd < 0) {
        return;
    }
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    log_line('S', text);
    g_string_append(server.out, text);
    g_string_append_c(server.out, '\n');
    if (event_loop_current() == event_loop_main()) {
        flush();
    }
}

void qtest_flush(void)
{
    flush();
}

static void drain(void);

static void drain_later(void *opaque)
{
    server.posted = FALSE;
    drain();
}

static void post_drain(void)
{
    if (!server.posted) {
        server.posted = TRUE;
        event_loop_post(event_loop_main(), drain_later, NULL);
    }
}

/* Carries out the lines that are complete. Not entered twice. */
static void drain(void)
{
    if (server.draining) {
        return;
    }
    server.draining = TRUE;
    while (server.fd >= 0) {
        char *end = memchr(server.in->str, '\n', server.in->len);
        if (!end || (server.paused && !qtest_is_offered(server.in->str))) {
            break;
        }
        if (turn_over()) {
            post_drain();
            break;
        }
        turn_count(TURN_QTEST_COMMANDS, 1);
        g_autofree char *line = g_strndup(server.in->str, (gsize)(end - server.in->str));
        g_string_erase(server.in, 0, end + 1 - server.in->str);
        log_line('R', line);
        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);
        if (words[0]) {
            qtest_command(words);
        }
    }
    server.draining = FALSE;
    update_conditions();
}

void qtest_pause(void)
{
    server.paused = TRUE;
}

void qtest_resume(void)
{
    server.paused = FALSE;
    if (!server.draining) {
        post_drain();
    }
}

static void on_ready(void *opaque, GIOCondition ready)
{
    char buf[65536];
    if (ready & G_IO_OUT) {
        flush();
    }
    if (server.paused && (ready & (G_IO_HUP | G_IO_ERR))) {
        disconnect(); /* poll would report it again and again */
    }
    if (server.fd < 0 || !wants_input() ||
        !(ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
        return;
    }
    ssize_t n = read(server.fd, buf, sizeof(buf));
    if (n > 0 && server.in->len + (gsize)n <= LINE_BYTES_MAX) {
        g_string_append_len(server.in, buf, n);
        drain();
    } else if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
        disconnect();
    }
}

static int connect_unix(const char *path, GError **errp)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path)) {
        error_set(errp, "-qtest unix:%s: the path is too long", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        error_set_errno(errp, errno, "-qtest unix:%s: cannot connect", path);
        return -1;
    }
    return fd_steal(&fd);
}

gboolean qtest_server_start(const char *address, const char *log, GError **errp)
{
    autofd int fd = -1;
    if (!clock_qtest_enabled()) {
        return error_set(errp, "-qtest %s: needs -accel qtest", address);
    }
    if (g_str_has_prefix(address, "unix:")) {
        g_auto(GStrv) parts = g_strsplit(address + strlen("unix:"), ",", 2);
        fd = connect_unix(parts[0] ? parts[0] : "", errp);
        if (fd < 0) {
            return FALSE;
        }
    } else if (g_str_has_prefix(address, "fd:")) {
        fd = fd_claim(address + strlen("fd:"), errp);
        if (fd < 0) {
            g_prefix_error(errp, "-qtest %s: ", address);
            return FALSE;
        }
    } else {
        return error_set(errp, "-qtest %s: expects unix:PATH or fd:N", address);
    }
    server.restore = fd_make_nonblocking(fd);
    if (log && !g_str_equal(log, "none")) {
        autofd int log_fd = created_open(log, O_WRONLY | O_TRUNC, 0666);
        if (log_fd < 0) {
            return error_set_errno(errp, errno, "-qtest-log %s: cannot open", log);
        }
        server.log = fdopen(fd_steal(&log_fd), "w");
        setlinebuf(server.log);
    }
    server.fd = fd_steal(&fd);
    server.in = g_string_new(NULL);
    server.out = g_string_new(NULL);
    server.handler =
        event_loop_add_fd(event_loop_main(), server.fd, G_IO_IN, on_ready, NULL);
    return TRUE;
}

void qtest_server_stop(void)
{
    if (!server.in) {
        return;
    }
    disconnect();
    g_string_free(g_steal_pointer(&server.in), TRUE);
    g_string_free(g_steal_pointer(&server.out), TRUE);
    if (server.log) {
        fclose(server.log);
        server.log = NULL;
    }
    qtest_commands_cleanup();
}
