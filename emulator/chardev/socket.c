/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -chardev socket: unix or TCP. As a server one client at a time: while it is
 * connected nobody else is accepted, the next one waits in the backlog. One that has
 * gone, and whose last input the user has no room for, keeps its place until the next
 * one comes. As a client the connection is made at start, and again when `reconnect`
 * says so.
 *
 * #syscalls main: accept4 setsockopt close
 */
#include "config.h"

#include "chardev/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/socket-address.h"
#include "event/acceptor.h"
#include "event/clock.h"
#include "event/slow-remove.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define MS_TO_NS 1000000ll

typedef struct Socket {
    SocketAddress addr;
    gboolean server;
    gboolean wait; /* at start, for a client */
    gboolean nodelay;
    guint32 reconnect_ms; /* client: 0 never */
    int listener, peer;
    Acceptor *acceptor; /* NULL: nobody else is to come */
    int connecting;     /* -1: no attempt under way */
    EventHandler *connect_handler;
    Timer *timer;
} Socket;

static void use_peer(Chardev *chr, int fd)
{
    Socket *s = chr->data;
    int one = 1;

    s->peer = fd;
    if (s->nodelay) { /* fails harmlessly on a unix socket */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    chardev_peer_opened(chr, fd, fd);
}

static void accept_peer(int fd, void *opaque)
{
    Chardev *chr = opaque;
    Socket *s = chr->data;

    if (s->peer >= 0) { /* it has hung up */
        chardev_peer_closed(chr);
    }
    acceptor_free(g_steal_pointer(&s->acceptor));
    use_peer(chr, fd);
}

static void arm_reconnect(Chardev *chr)
{
    Socket *s = chr->data;

    if (s->reconnect_ms && s->addr.peer_len) {
        timer_arm(s->timer,
                  clock_now(CLOCK_TYPE_REALTIME) + (gint64)s->reconnect_ms * MS_TO_NS);
    }
}

static void connect_ready(void *opaque, GIOCondition ready)
{
    Chardev *chr = opaque;
    Socket *s = chr->data;
    int fd = fd_steal(&s->connecting);

    event_handler_remove(g_steal_pointer(&s->connect_handler));
    if (socket_address_connected(fd)) {
        use_peer(chr, fd);
    } else {
        close(fd);
        arm_reconnect(chr);
    }
}

static void reconnect_due(void *opaque)
{
    Chardev *chr = opaque;
    Socket *s = chr->data;

    s->connecting = socket_address_reconnect(&s->addr);
    if (s->connecting < 0) {
        arm_reconnect(chr);
        return;
    }
    s->connect_handler =
        event_loop_add_fd(event_loop_main(), s->connecting, G_IO_OUT, connect_ready, chr);
}

static void wait_for_peer(Chardev *chr)
{
    Socket *s = chr->data;

    if (s->server && !s->acceptor) {
        s->acceptor = acceptor_new(s->listener, accept_peer, chr);
    } else if (!s->server) {
        arm_reconnect(chr);
    }
}

/* What it has sent was all read. */
static gboolean is_read_up(int fd)
{
    char byte;
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    return recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static void socket_hung_up(Chardev *chr)
{
    Socket *s = chr->data;

    if (is_read_up(chr->in_fd)) {
        chardev_peer_closed(chr);
    } else if (s->server) {
        wait_for_peer(chr);
    } else if (s->reconnect_ms) {
        chardev_peer_closed(chr); /* a new connection is worth more than old input */
    }
}

static void socket_closed(Chardev *chr)
{
    Socket *s = chr->data;

    socket_address_close(&s->addr, s->peer);
    s->peer = -1;
    wait_for_peer(chr);
}

/*
 * server=on with wait=on: start-up goes on when a client has come, and fails when a
 * signal to end the process comes first (they are blocked, and heard by a loop that
 * does not run yet).
 */
static gboolean wait_at_start(Chardev *chr, GError **errp)
{
    Socket *s = chr->data;
    g_autofree char *where = socket_address_describe(&s->addr);
    autofd int signals = -1;
    sigset_t blocked;
    int fd;

    sigprocmask(SIG_BLOCK, NULL, &blocked);
    signals = signalfd(-1, &blocked, SFD_CLOEXEC);
    log_info("waiting for connection on: %s,server=on", where);
    while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
        struct pollfd pfd[2] = { { .fd = s->listener, .events = POLLIN },
                                 { .fd = signals, .events = POLLIN } };

        if (acceptor_exhausted(errno)) {
            return error_set_errno(errp, errno, "cannot accept a connection on %s",
                                   where);
        }
        if (poll(pfd, 2, -1) > 0 && pfd[1].revents) {
            return error_set(errp, "ended by a signal while waiting for a connection");
        }
    }
    use_peer(chr, fd);
    return TRUE;
}

typedef struct SocketOptions {
    char *path, *host, *port, *fd;
    gboolean server, delay;
    OnOffAuto wait, nodelay;
    guint32 reconnect, reconnect_ms;
} SocketOptions;

#define FIELD(member) offsetof(SocketOptions, member)

static const Property socket_rows[] = {
    { "path", PROP_STRING, FIELD(path), .help = "Of a UNIX socket" },
    { "host", PROP_STRING, FIELD(host), .help = "Of a TCP socket" },
    { "port", PROP_STRING, FIELD(port), .help = "Of a TCP socket" },
    { "fd", PROP_STRING, FIELD(fd), .help = "The number of an inherited descriptor" },
    { "server", PROP_BOOL, FIELD(server), "off", .help = "Listens" },
    { "wait", PROP_MAYBE, FIELD(wait),
      .help = "The start goes on when a client has come (default: server)" },
    { "delay", PROP_BOOL, FIELD(delay), "on", .help = "Not nodelay" },
    { "nodelay", PROP_MAYBE, FIELD(nodelay), .help = "TCP sends at once" },
    { "reconnect", PROP_U32, FIELD(reconnect), "0", .max = G_MAXUINT32 / 1000,
      .help = "After how many seconds a client tries again; 0: never" },
    { "reconnect-ms", PROP_U32, FIELD(reconnect_ms), "0",
      .help = "The same in milliseconds" },
    PROPERTY_ONLY("telnet", PROP_BOOL, "off"),
    PROPERTY_ONLY("tn3270", PROP_BOOL, "off"),
    PROPERTY_ONLY("websocket", PROP_BOOL, "off"),
    { NULL },
};

static gboolean check_options(const SocketOptions *o, GError **errp)
{
    if (o->reconnect && o->reconnect_ms) {
        return error_set(errp, "'reconnect' and 'reconnect-ms' are mutually exclusive");
    }
    if (o->server && (o->reconnect || o->reconnect_ms)) {
        return error_set(errp, "'reconnect' option is incompatible with 'server=on'");
    }
    if (!o->server && o->wait == ON_OFF_AUTO_ON) {
        return error_set(errp, "'wait' option is incompatible with 'server=off'");
    }
    return TRUE;
}

/* One that tries again has no need of the first success. */
static gboolean connect_first(Socket *s, GError **errp)
{
    g_autoptr(GError) error = NULL;

    s->peer = socket_address_connect(&s->addr, &error);
    if (s->peer < 0 && !(s->reconnect_ms && s->addr.peer_len)) {
        g_propagate_error(errp, g_steal_pointer(&error));
        return FALSE;
    }
    return TRUE;
}

static gboolean ask_host(Socket *s, GError **errp)
{
    if (!s->server) {
        return connect_first(s, errp);
    }
    s->listener = socket_address_listen(&s->addr, errp);
    return s->listener >= 0;
}

static gboolean socket_check(Chardev *chr, GError **errp)
{
    const SocketOptions *o = chr->options;
    Socket *s = g_new0(Socket, 1);

    s->listener = s->peer = s->connecting = -1;
    chr->data = s;
    s->addr = (SocketAddress){ .path = o->path,
                               .host = o->host,
                               .port = o->port,
                               .fd_text = o->fd,
                               .fd = -1,
                               .shared_fd = -1 };
    s->server = o->server;
    s->nodelay =
        o->nodelay == ON_OFF_AUTO_AUTO ? !o->delay : o->nodelay == ON_OFF_AUTO_ON;
    s->reconnect_ms = o->reconnect_ms ? o->reconnect_ms : o->reconnect * 1000;
    s->wait =
        o->server && (chr->late ? o->wait == ON_OFF_AUTO_ON : o->wait != ON_OFF_AUTO_OFF);
    if (chr->late && s->wait) {
        return error_set(errp, "'wait' is only for the start of the emulator");
    }
    if (!check_options(o, errp) || !socket_address_init(&s->addr, errp)) {
        return FALSE;
    }
    return !o->fd || ask_host(s, errp); /* who has given it may have it back at once */
}

static gboolean socket_prepare(Chardev *chr, GError **errp)
{
    Socket *s = chr->data;

    return s->addr.fd_text || ask_host(s, errp);
}

static gboolean socket_open(Chardev *chr, GError **errp)
{
    Socket *s = chr->data;

    s->timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, reconnect_due, chr);
    if (s->wait) {
        return wait_at_start(chr, errp);
    }
    if (s->peer >= 0) {
        use_peer(chr, s->peer);
    } else {
        wait_for_peer(chr);
    }
    return TRUE;
}

static char *socket_describe(Chardev *chr)
{
    Socket *s = chr->data;
    g_autofree char *where = socket_address_describe(&s->addr);

    return g_strdup_printf("%s%s%s", chr->connected ? "" : "disconnected:", where,
                           s->server ? ",server=on" : "");
}

static void socket_free(Chardev *chr)
{
    Socket *s = chr->data;

    if (!s) {
        return; /* not opened */
    }
    acceptor_free(s->acceptor);
    event_handler_remove(s->connect_handler);
    g_clear_pointer(&s->timer, timer_free);
    fd_clear(&s->connecting);
    if (s->peer >= 0) {
        socket_address_close(&s->addr, s->peer);
    }
    if (s->listener >= 0) {
        socket_address_close(&s->addr, s->listener);
    }
    if (chr->retired && s->addr.made) {
        slow_remove(g_steal_pointer(&s->addr.made));
    }
    socket_address_clear(&s->addr);
    g_free(s);
}

const ChardevBackend chardev_socket = {
    .type = { "socket", "a UNIX or TCP socket", socket_rows, sizeof(SocketOptions) },
    .check = socket_check,
    .prepare = socket_prepare,
    .open = socket_open,
    .closed = socket_closed,
    .hung_up = socket_hung_up,
    .describe = socket_describe,
    .free = socket_free,
    .socket = TRUE,
};
