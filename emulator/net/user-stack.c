/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread, its cables and its heap:
 * #syscalls user: poll recvfrom sendto close exit madvise rt_sigprocmask
 * #syscalls user: mmap(2&PROT_EXEC=0)
 * #syscalls user: brk futex munmap getpid gettid restart_syscall tgkill
 *     -- rare: chance, and abort()
 * #syscalls user: mremap!ENOMEM -- rare: of what has a mapping of its own; it is copied
 *
 * libslirp; for names it reads resolv.conf:
 * #syscalls user: socket connect accept getpeername getsockopt setsockopt shutdown
 *     recvmsg fcntl ioctl(FIONREAD)
 * #syscalls user: newfstatat openat(2&O_ACCMODE|O_CREAT=O_RDONLY) read
 * #syscalls user: accept4 bind fstat getrandom getsockname ioctl(FIONBIO) listen lseek
 *     mprotect(2&PROT_EXEC=0) ppoll readv sendmsg write writev
 *     -- rare: other versions of it, ICMP, and what it logs
 */
#include "config.h"

#include "net/user-stack.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <slirp/libslirp.h>

#include "event/clock.h"
#include "net/net.h"
#include "net/user-fragments.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/module.h"

#define FRAME_MIN   60            /* Ethernet's, without the checksum */
#define FRAMES      64            /* that one turn takes from a cable at most */
#define CABLE_BYTES (1024 * 1024) /* what it holds, where the host lets it */
#define NS_PER_MS   G_GINT64_CONSTANT(1000000)
#define CONFIG_MADE 1 /* the version of SlirpConfig that has all that is set here */

typedef struct UserTimer {
    SlirpTimerCb fn;
    void *opaque;
    gint64 deadline; /* ms; -1: none */
} UserTimer;

struct UserStack {
    Slirp *slirp;
    int cable;
    UserFragments *fragments; /* of what the guest sends */
    GPtrArray *timers;
    guint index; /* of the cable in polled */
    gboolean gone;
};

typedef struct Library {
    Slirp *(*new)(const SlirpConfig *config, const SlirpCb *callbacks, void *opaque);
    void (*cleanup)(Slirp *slirp);
    void (*fill)(Slirp *slirp, guint32 *timeout, SlirpAddPollCb add, void *opaque);
    void (*poll)(Slirp *slirp, int error, SlirpGetREventsCb get, void *opaque);
    void (*input)(Slirp *slirp, const guint8 *frame, int len);
    int (*add_hostfwd)(Slirp *slirp, int udp, struct in_addr host, int host_port,
                       struct in_addr guest, int guest_port);
} Library;

static const ModuleSymbol symbols[] = {
    { "slirp_new", offsetof(Library, new) },
    { "slirp_cleanup", offsetof(Library, cleanup) },
    { "slirp_pollfds_fill", offsetof(Library, fill) },
    { "slirp_pollfds_poll", offsetof(Library, poll) },
    { "slirp_input", offsetof(Library, input) },
    { "slirp_add_hostfwd", offsetof(Library, add_hostfwd) },
    { NULL },
};

static const Module module = { "libslirp.so.0", symbols };

static Library slirp;     /* all or none */
static GPtrArray *stacks; /* the thread's, once it runs */
static GThread *thread;
static GArray *polled; /* of struct pollfd: the thread's */

/* What libslirp asks for */

/* What the cable has no room for is lost: TCP sends it again, and more slowly. */
static ssize_t send_packet(const void *frame, size_t len, void *opaque)
{
    const UserStack *stack = opaque;
    guint8 padded[FRAME_MIN] = { 0 };
    const void *from = frame;

    if (len < sizeof(padded)) {
        memcpy(padded, frame, len);
        from = padded;
    }
    send(stack->cable, from, MAX(len, sizeof(padded)), MSG_DONTWAIT | MSG_NOSIGNAL);
    return (ssize_t)len;
}

/* It is its own matter, and would fill the log. */
static void guest_error(const char *message, void *opaque)
{
}

static int64_t clock_get_ns(void *opaque)
{
    return clock_now(CLOCK_TYPE_REALTIME);
}

static gint64 now_ms(void)
{
    return clock_now(CLOCK_TYPE_REALTIME) / NS_PER_MS;
}

static void *new_timer(SlirpTimerCb fn, void *fn_opaque, void *opaque)
{
    UserStack *stack = opaque;
    UserTimer *timer = g_new(UserTimer, 1);

    *timer = (UserTimer){ fn, fn_opaque, -1 };
    g_ptr_array_add(stack->timers, timer);
    return timer;
}

static void free_timer(void *timer, void *opaque)
{
    g_ptr_array_remove(((UserStack *)opaque)->timers, timer);
}

static void mod_timer(void *timer, int64_t deadline, void *opaque)
{
    ((UserTimer *)timer)->deadline = deadline;
}

/* Descriptors are asked for anew before each poll(), which also says what has changed. */
static void register_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = new_timer,
    .timer_free = free_timer,
    .timer_mod = mod_timer,
    .register_poll_fd = register_fd,
    .unregister_poll_fd = register_fd,
    .notify = notify,
};

/* The thread */

static const struct {
    int theirs;
    short ours;
} events[] = {
    { SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
    { SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};

static int add_poll(int fd, int wanted, void *opaque)
{
    struct pollfd p = { .fd = fd };

    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        p.events |= wanted & events[i].theirs ? events[i].ours : 0;
    }
    g_array_append_val(polled, p);
    return (int)polled->len - 1;
}

static int get_revents(int index, void *opaque)
{
    const struct pollfd *p = &g_array_index(polled, struct pollfd, index);
    int happened = 0;

    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        happened |= p->revents & events[i].ours ? events[i].theirs : 0;
    }
    return happened;
}

static void take_frames(UserStack *stack)
{
    static guint8 frame[NET_PACKET_MAX]; /* there is one thread */

    for (guint i = 0; i < FRAMES && !stack->gone; i++) {
        ssize_t len = recv(stack->cable, frame, sizeof(frame), MSG_DONTWAIT | MSG_TRUNC);
        if (len < 0) {
            stack->gone = errno != EAGAIN && errno != EINTR;
            return;
        }
        stack->gone = len == 0; /* the near end is closed */
        gsize n = (gsize)len;
        const guint8 *whole =
            n <= sizeof(frame) ? user_fragments_take(stack->fragments, frame, &n) : NULL;
        if (whole) {
            slirp.input(stack->slirp, whole, (int)n);
        }
    }
}

static void run_timers(const UserStack *stack)
{
    gint64 now = now_ms();

    for (guint i = 0; i < stack->timers->len; i++) {
        UserTimer *timer = g_ptr_array_index(stack->timers, i);
        if (timer->deadline >= 0 && timer->deadline <= now) {
            timer->deadline = -1;
            timer->fn(timer->opaque);
        }
    }
}

static void fill(UserStack *stack, guint32 *timeout)
{
    gint64 now = now_ms();

    for (guint i = 0; i < stack->timers->len; i++) {
        const UserTimer *timer = g_ptr_array_index(stack->timers, i);
        if (timer->deadline >= 0) {
            *timeout = (guint32)MIN(*timeout, MAX(timer->deadline - now, 0));
        }
    }
    stack->index = (guint)add_poll(stack->cable, SLIRP_POLL_IN, NULL);
    slirp.fill(stack->slirp, timeout, add_poll, NULL);
}

static void stack_free(void *opaque)
{
    UserStack *stack = opaque;

    if (stack->slirp) {
        slirp.cleanup(stack->slirp);
    }
    user_fragments_free(stack->fragments);
    g_ptr_array_unref(stack->timers);
    fd_clear(&stack->cable);
    g_free(stack);
}

static void turn(void)
{
    guint32 timeout = G_MAXUINT32;

    g_array_set_size(polled, 0);
    for (guint i = 0; i < stacks->len; i++) {
        fill(g_ptr_array_index(stacks, i), &timeout);
    }
    int n = poll((struct pollfd *)(void *)polled->data, polled->len,
                 timeout > G_MAXINT ? -1 : (int)timeout);
    for (guint i = stacks->len; i-- > 0;) {
        UserStack *stack = g_ptr_array_index(stacks, i);
        if (n > 0 && g_array_index(polled, struct pollfd, stack->index).revents) {
            take_frames(stack);
        }
        slirp.poll(stack->slirp, n < 0, get_revents, NULL);
        run_timers(stack);
        if (stack->gone) {
            g_ptr_array_remove_index(stacks, i);
        }
    }
}

/*
 * A table of descriptors of the thread's own: what a guest, or who connects to it, makes
 * it open is not missing elsewhere; and it has none of the VM's. Where the host does not
 * let it be so, the table stays everybody's.
 */

static struct {
    GMutex lock;
    GCond done;
    gboolean is_done;
    GArray *moved; /* of int: what is the thread's now; NULL: nothing */
} moving;

static gint compare_fds(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* In the thread. Those that it polls: cables, and ports that are forwarded; and stderr.
 */
static GArray *descriptors(void)
{
    GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
    guint32 timeout = 0;
    int messages = STDERR_FILENO;

    for (guint i = 0; i < stacks->len; i++) {
        fill(g_ptr_array_index(stacks, i), &timeout);
    }
    for (guint i = 0; i < polled->len; i++) {
        g_array_append_val(fds, g_array_index(polled, struct pollfd, i).fd);
    }
    g_array_append_val(fds, messages);
    g_array_sort(fds, compare_fds);
    return fds;
}

/* What is not in fds is closed. FALSE: nothing has changed. */
static gboolean part(const GArray *fds)
{
    int next = 0, last = g_array_index(fds, int, fds->len - 1);

    if (syscall(SYS_close_range, last + 1, ~0u, CLOSE_RANGE_UNSHARE) != 0) {
        return FALSE;
    }
    for (guint i = 0; i < fds->len; i++) {
        int fd = g_array_index(fds, int, i);
        if (next < fd) {
            syscall(SYS_close_range, next, fd - 1, 0);
        }
        next = fd + 1;
    }
    return TRUE;
}

static void move_descriptors(void)
{
    GArray *fds = descriptors();

    if (!part(fds)) {
        g_clear_pointer(&fds, g_array_unref);
    }
    g_mutex_lock(&moving.lock);
    moving.moved = fds;
    moving.is_done = TRUE;
    g_cond_signal(&moving.done);
    g_mutex_unlock(&moving.lock);
}

static void *serve(void *opaque)
{
    move_descriptors();
    thread_narrow("user");
    while (stacks->len) {
        turn();
    }
    return NULL;
}

/* The main thread's part */

static void let_go_of_moved(void)
{
    g_mutex_lock(&moving.lock);
    while (!moving.is_done) {
        g_cond_wait(&moving.done, &moving.lock);
    }
    g_mutex_unlock(&moving.lock);
    for (guint i = 0; moving.moved && i < moving.moved->len; i++) {
        int fd = g_array_index(moving.moved, int, i);
        if (fd != STDERR_FILENO) {
            close(fd);
        }
    }
    g_clear_pointer(&moving.moved, g_array_unref);
}

static gboolean make_cable(UserStack *stack, int *near, GError **errp)
{
    const int size = CABLE_BYTES;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        return error_set_errno(errp, errno, "cannot make a pair of sockets");
    }
    for (guint i = 0; i < 2; i++) {
        setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    *near = ends[0];
    stack->cable = ends[1];
    return TRUE;
}

static Slirp *new_slirp(const UserConfig *c, UserStack *stack)
{
    const UserAddresses *a = &c->addresses;
    const SlirpConfig config = {
        .version = CONFIG_MADE,
        .restricted = c->restricted,
        .in_enabled = a->ipv4,
        .vnetwork = a->net,
        .vnetmask = a->mask,
        .vhost = a->host,
        .vdhcp_start = a->dhcp_start,
        .vnameserver = a->dns,
        .in6_enabled = a->ipv6,
        .vprefix_addr6 = a->prefix6,
        .vprefix_len = a->prefix6_len,
        .vhost6 = a->host6,
        .vnameserver6 = a->dns6,
        .vhostname = c->hostname,
        .vdomainname = c->domainname,
        .vdnssearch = (const char **)(void *)c->dnssearch,
    };

    return slirp.new(&config, &callbacks, stack);
}

UserStack *user_stack_new(const UserConfig *config, int *near, GError **errp)
{
    if (!slirp.new && !module_load(&module, &slirp, errp)) {
        return NULL;
    }
    UserStack *stack = g_new0(UserStack, 1);
    stack->fragments = user_fragments_new();
    stack->timers = g_ptr_array_new_with_free_func(g_free);
    stack->cable = -1;
    if (!make_cable(stack, near, errp)) {
        stack_free(stack);
        return NULL;
    }
    stack->slirp = new_slirp(config, stack);
    if (!stack->slirp) {
        error_set(errp, "%s cannot make such a network", module.soname);
        fd_clear(near);
        stack_free(stack);
        return NULL;
    }
    if (!stacks) {
        stacks = g_ptr_array_new_with_free_func(stack_free);
    }
    g_ptr_array_add(stacks, stack);
    return stack;
}

gboolean user_stack_forward(UserStack *stack, const UserForward *f, GError **errp)
{
    errno = 0;
    if (slirp.add_hostfwd(stack->slirp, f->udp, f->host, f->host_port, f->guest,
                          f->guest_port) == 0) {
        return TRUE;
    }
    return errno ? error_set_errno(errp, errno, "port %u", f->host_port)
                 : error_set(errp, "port %u", f->host_port);
}

void user_stack_abandon(UserStack *stack)
{
    g_ptr_array_remove(stacks, stack);
}

gboolean user_stacks_start(GError **errp)
{
    if (!stacks || !stacks->len || thread) {
        return TRUE;
    }
    polled = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    thread = thread_try_start(NULL, "net user", serve, NULL, errp);
    if (!thread) {
        g_prefix_error(errp, "netdev user: ");
        return FALSE;
    }
    let_go_of_moved();
    return TRUE;
}

void user_stacks_stop(void)
{
    g_clear_pointer(&thread, g_thread_join);
    g_clear_pointer(&polled, g_array_unref);
    g_clear_pointer(&stacks, g_ptr_array_unref); /* of a start that has failed */
}
