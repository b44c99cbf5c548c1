/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic between a guest and its host, in several flows at once, for ever:
 *
 *   flows serve PORT             in the guest
 *   flows HOST PORT KIND FLOWS   in the host, until its standard input ends; says
 * "flowing" once each flow has moved something
 *
 * KIND, as the guest sees it: tcp-in, tcp-out; and with SMALL bytes in each datagram
 * udp-out (as fast as it can), udp-in (some on their way, of which each 16th is
 * answered) and udp-echo (each one is). What is lost is made up for after a while, so
 * that nothing comes to a stand.
 *
 * A flow has a connection, by which its kind is told, and which ends it; in the guest it
 * is a process of its own, each on the next CPU: Linux takes the queue of a CPU for what
 * is sent on it, and the host answers by the same.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK     65536
#define SMALL     64
#define UNDER_WAY 64 /* datagrams of a flow */
#define LOST_MS   100
#define MUCH      (1 << 20) /* bytes, and datagrams, after which a flow flows */
#define MANY      64
#define FLOWS_MAX 32

typedef struct {
    char name[16];
    int answer_each; /* datagrams; 0: none is answered */
    int by_guest;    /* is sent by it */
    int datagrams;
} Kind;

static const Kind kinds[] = {
    { "tcp-in", 0, 0, 0 },  { "tcp-out", 0, 1, 0 },  { "udp-out", 0, 1, 1 },
    { "udp-in", 16, 0, 1 }, { "udp-echo", 1, 0, 1 },
};

typedef struct {
    const Kind *kind;
    unsigned index;
    int control, data; /* data: of datagrams, else the same */
} Flow;

/* What the two say to each other first. */
typedef struct {
    char kind[16];
    uint32_t index;
} Request;
typedef struct {
    uint16_t port; /* network order */
} Reply;

static int flowing; /* flows that do */
static int n_flows;

static const Kind *find_kind(const char *name)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(kinds[i].name, name, sizeof(kinds[i].name)) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static void has_moved(long *sum, long n, long enough)
{
    long before = *sum;

    *sum += n;
    if (before < enough && *sum >= enough &&
        __atomic_add_fetch(&flowing, 1, __ATOMIC_RELAXED) == n_flows) {
        puts("flowing");
        fflush(stdout);
    }
}

/* Streams, and datagrams without answer */

static void produce(int fd, size_t size, long enough)
{
    static char block[BLOCK];
    long sum = 0;

    for (;;) {
        ssize_t n = send(fd, block, size, MSG_NOSIGNAL);
        if (n >= 0) {
            has_moved(&sum, enough == MANY ? 1 : n, enough);
        } else if (errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED) {
            return;
        }
    }
}

static void consume(int fd, long enough)
{
    char block[BLOCK];
    long sum = 0;

    for (;;) {
        ssize_t n = recv(fd, block, sizeof(block), 0);
        if (n > 0) {
            has_moved(&sum, enough == MANY ? 1 : n, enough);
        } else if (n == 0 || (errno != EINTR && errno != ECONNREFUSED)) {
            return;
        }
    }
}

/* Datagrams with answers: each says how many there were by then. */

static void answer(int fd, uint32_t each)
{
    char datagram[SMALL] = { 0 };
    uint32_t seen = 0;

    for (;;) {
        if (recv(fd, datagram, sizeof(datagram), 0) < 0) {
            continue; /* the process ends otherwise */
        }
        if (++seen % each == 0) {
            memcpy(datagram, &seen, sizeof(seen));
            send(fd, datagram, sizeof(datagram), 0);
        }
    }
}

static void ask(int fd)
{
    const struct timeval patience = { .tv_usec = LOST_MS * 1000 };
    char datagram[SMALL] = { 0 };
    uint32_t sent = 0, seen = 0, lost = 0;
    long sum = 0;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (;;) {
        while (sent - lost - seen < UNDER_WAY) {
            send(fd, datagram, sizeof(datagram), 0);
            sent++;
        }
        if (recv(fd, datagram, sizeof(datagram), 0) == sizeof(datagram)) {
            uint32_t now;
            memcpy(&now, datagram, sizeof(now));
            has_moved(&sum, now - seen, MANY);
            seen = now;
        } else {
            lost = sent - seen;
        }
    }
}

static int datagram_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in any = { .sin_family = AF_INET };

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0) {
        err(1, "datagrams");
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in own;
    socklen_t size = sizeof(own);

    if (getsockname(fd, (struct sockaddr *)&own, &size) < 0) {
        err(1, "getsockname");
    }
    return own.sin_port;
}

/* To where the connection goes, and to that port. */
static void connect_datagrams(const Flow *f, uint16_t port)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);

    if (getpeername(f->control, (struct sockaddr *)&peer, &size) < 0) {
        err(1, "getpeername");
    }
    peer.sin_port = port;
    if (connect(f->data, (struct sockaddr *)&peer, size) < 0) {
        err(1, "connect");
    }
}

static void exchange(int fd, const void *out, size_t out_size, void *in, size_t in_size)
{
    if (out && send(fd, out, out_size, MSG_NOSIGNAL) != (ssize_t)out_size) {
        err(1, "send");
    }
    if (in && recv(fd, in, in_size, MSG_WAITALL) != (ssize_t)in_size) {
        err(1, "recv");
    }
}

/* The guest */

static void *end_with_connection(void *control)
{
    char byte;

    while (recv(*(int *)control, &byte, 1, 0) > 0) {
    }
    _exit(0);
}

static void serve_flow(int fd)
{
    Flow f = { .control = fd, .data = fd };
    Request request;
    Reply ours = { 0 }, theirs;
    pthread_t thread;

    exchange(fd, NULL, 0, &request, sizeof(request));
    f.kind = find_kind(request.kind);
    if (!f.kind) {
        errx(1, "an unknown kind");
    }
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(request.index % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &cpus);
    sched_setaffinity(0, sizeof(cpus), &cpus);
    if (!f.kind->datagrams) {
        if (f.kind->by_guest) {
            produce(fd, BLOCK, MUCH);
        } else {
            consume(fd, MUCH);
        }
        return;
    }
    f.data = datagram_socket();
    ours.port = port_of(f.data);
    exchange(fd, NULL, 0, &theirs, sizeof(theirs));
    connect_datagrams(&f, theirs.port);
    exchange(fd, &ours, sizeof(ours), NULL, 0);
    if (pthread_create(&thread, NULL, end_with_connection, &f.control)) {
        errx(1, "no thread");
    }
    if (f.kind->by_guest) {
        produce(f.data, SMALL, MANY);
    } else {
        answer(f.data, (uint32_t)f.kind->answer_each);
    }
}

static void serve(const char *port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in any = { .sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(port)) };

    signal(SIGCHLD, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 ||
        listen(listener, FLOWS_MAX) < 0) {
        err(1, "port %s", port);
    }
    puts("GUEST SERVES");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            close(listener);
            serve_flow(fd);
            _exit(0);
        }
        close(fd);
    }
}

/* The host */

static void *drive_flow(void *opaque)
{
    Flow *f = opaque;

    if (!f->kind->datagrams) {
        if (f->kind->by_guest) {
            consume(f->control, MUCH);
        } else {
            produce(f->control, BLOCK, MUCH);
        }
    } else if (f->kind->by_guest) {
        consume(f->data, MANY);
    } else {
        ask(f->data);
    }
    errx(1, "flow %u has ended", f->index);
}

static void start_flow(Flow *f, const struct sockaddr_in *to)
{
    Request request = { .index = f->index };
    Reply ours = { 0 }, theirs;
    pthread_t thread;

    f->control = f->data = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(f->control, (const struct sockaddr *)to, sizeof(*to)) < 0) {
        err(1, "connect");
    }
    memcpy(request.kind, f->kind->name, sizeof(request.kind));
    exchange(f->control, &request, sizeof(request), NULL, 0);
    if (f->kind->datagrams) {
        f->data = datagram_socket();
        ours.port = port_of(f->data);
        exchange(f->control, &ours, sizeof(ours), &theirs, sizeof(theirs));
        connect_datagrams(f, theirs.port);
    }
    if (pthread_create(&thread, NULL, drive_flow, f)) {
        errx(1, "no thread");
    }
}

int main(int argc, char **argv)
{
    static Flow flows[FLOWS_MAX];
    struct sockaddr_in to = { .sin_family = AF_INET };
    char byte;

    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        serve(argv[2]);
    }
    const Kind *kind = argc == 5 ? find_kind(argv[3]) : NULL;
    n_flows = kind ? atoi(argv[4]) : 0;
    if (n_flows < 1 || n_flows > FLOWS_MAX) {
        errx(1, "flows serve PORT, or flows HOST PORT KIND FLOWS");
    }
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
        errx(1, "%s is no address", argv[1]);
    }
    for (int i = 0; i < n_flows; i++) {
        flows[i] = (Flow){ .kind = kind, .index = (unsigned)i };
        start_flow(&flows[i], &to);
    }
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
}
