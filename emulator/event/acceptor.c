/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: accept4
 */
#include "event/acceptor.h"

#include <errno.h>
#include <sys/socket.h>

#include "event/clock.h"
#include "event/turn.h"

#define RETRY_NS 100000000ll

struct Acceptor {
    int listener;
    EventHandler *handler; /* NULL: the timer is armed */
    Timer *timer;
    AcceptorFn fn;
    void *opaque;
};

gboolean acceptor_exhausted(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_connection(void *opaque, GIOCondition ready)
{
    Acceptor *a = opaque;
    int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        turn_count(TURN_CONNECTIONS, 1);
        a->fn(fd, a->opaque);
    } else if (acceptor_exhausted(errno)) {
        event_handler_remove(g_steal_pointer(&a->handler));
        timer_arm(a->timer, clock_now(CLOCK_TYPE_REALTIME) + RETRY_NS);
    }
}

static void listen_again(void *opaque)
{
    Acceptor *a = opaque;

    a->handler =
        event_loop_add_fd(event_loop_main(), a->listener, G_IO_IN, on_connection, a);
}

Acceptor *acceptor_new(int listener, AcceptorFn fn, void *opaque)
{
    Acceptor *a = g_new0(Acceptor, 1);

    a->listener = listener;
    a->fn = fn;
    a->opaque = opaque;
    a->timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, listen_again, a);
    listen_again(a);
    return a;
}

void acceptor_free(Acceptor *a)
{
    if (a) {
        event_handler_remove(a->handler);
        timer_free(a->timer);
        g_free(a);
    }
}
