/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that looks names up; see resolver.h. Its filter is the one that does not
 * end the process: a module of nsswitch.conf may try what it likes, and sees it fail.
 *
 * Until it is asked, and when it is:
 * #syscalls resolver: poll execveat(0=4,4=AT_EMPTY_PATH)
 *
 * The dynamic loader, also for modules:
 * #syscalls resolver: access arch_prctl brk close getrandom membarrier mmap mprotect
 *     munmap newfstatat openat(2&O_ACCMODE|O_CREAT=O_RDONLY) pread64 prlimit64 read rseq
 *     set_robust_list set_tid_address
 *
 * What is below:
 * #syscalls resolver: clone(0&CLONE_THREAD=CLONE_THREAD) clone3!ENOSYS exit exit_group
 *     futex madvise recvmsg rt_sigaction rt_sigprocmask sendto
 * #syscalls resolver: prctl(0=PR_SET_NAME)
 *
 * glibc's getaddrinfo(), with DNS, and modules that ask a daemon by a socket, or files:
 * #syscalls resolver: connect socket uname
 * #syscalls resolver: bind clock_gettime clock_nanosleep epoll_create1 epoll_ctl
 *     epoll_pwait epoll_wait eventfd2 fcntl getcwd getdents64 getegid geteuid getgid
 *     getpeername getpid getppid getsockname getsockopt gettid getuid ioctl(FIONREAD)
 *     lseek mremap nanosleep ppoll readlink readv recvfrom restart_syscall rt_sigreturn
 *     sched_getaffinity sched_yield sendmmsg sendmsg setsockopt shutdown statx sysinfo
 *     timerfd_create timerfd_settime write writev
 *     -- rare: what modules that the tests do not have do
 */
#include "config.h"

#include "util/resolver-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/fd.h"

#ifdef STATIC_BUILD

int resolver_serve(void)
{
    return EXIT_FAILURE;
}

#else

/* Of the child; 0 to 2 are the binary as well: written to by what loads modules. */
#define SOCKET_FD   3
#define BINARY_FD   4

/* Lookups at once; one that hangs shall not hold back the next. */
#define LOOKUPS_MAX 8

/* The first part: in the parent's memory, where errno is the parent's too */

#define BARE                                                                             \
    __attribute__((no_sanitize("address"))) __attribute__((no_sanitize("thread")))       \
    __attribute__((no_sanitize("undefined")))

BARE static long call(long nr, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return ret;
}

/* Moves both descriptors to their places, whatever they were, and closes the rest. */
BARE static gboolean arrange(const ResolverChild *child)
{
    long socket = call(SYS_fcntl, child->socket, F_DUPFD, BINARY_FD + 1, 0, 0);
    long binary = call(SYS_fcntl, child->binary, F_DUPFD, BINARY_FD + 1, 0, 0);

    for (int fd = 0; fd < SOCKET_FD; fd++) {
        call(SYS_dup3, binary, fd, 0, 0, 0);
    }
    return socket >= 0 && binary >= 0 &&
           call(SYS_dup3, socket, SOCKET_FD, 0, 0, 0) == SOCKET_FD &&
           call(SYS_dup3, binary, BINARY_FD, O_CLOEXEC, 0, 0) == BINARY_FD &&
           call(SYS_close_range, BINARY_FD + 1, ~0u, 0, 0, 0) == 0;
}

BARE static gboolean narrow(const ResolverChild *child)
{
    return !child->filter || (call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                              call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
                                   (long)child->filter, 0, 0) == 0);
}

BARE int resolver_child(void *opaque)
{
    static char *const argv[] = { (char *)RESOLVER_PROGRAM, NULL };
    const ResolverChild *child = opaque;
    struct pollfd pfd = { .fd = SOCKET_FD, .events = POLLIN };

    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    call(SYS_prctl, PR_SET_NAME, (long)"resolver", 0, 0, 0);
    if (call(SYS_getppid, 0, 0, 0, 0, 0) == child->parent && arrange(child) &&
        narrow(child)) {
        while (call(SYS_poll, (long)&pfd, 1, -1, 0, 0) < 0) {
        }
        if (pfd.revents & POLLIN) {
            call(SYS_execveat, BINARY_FD, (long)"", (long)argv, (long)child->environment,
                 AT_EMPTY_PATH);
        }
    }
    call(SYS_exit, 1, 0, 0, 0, 0);
    return 1;
}

/* The second part: a process of its own */

#ifdef STATIC_BUILD
int resolver_lookup(const ResolverQuestion *question, ResolverAnswer *answer)
{
    return EAI_FAIL; /* nobody asks: see resolver.c */
}
#else
static void fill(ResolverAnswer *answer, const struct addrinfo *list)
{
    for (; list && answer->count < RESOLVER_MAX_ANSWERS; list = list->ai_next) {
        NetAddress *a = &answer->addresses[answer->count];

        if ((list->ai_family == AF_INET || list->ai_family == AF_INET6) &&
            list->ai_addrlen <= sizeof(a->addr)) {
            memcpy(&a->addr, list->ai_addr, list->ai_addrlen);
            a->len = list->ai_addrlen;
            answer->count++;
        }
    }
}

int resolver_lookup(const ResolverQuestion *question, ResolverAnswer *answer)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = question->passive ? AI_PASSIVE : 0 };
    struct addrinfo *list = NULL;
    int ret = getaddrinfo(*question->host ? question->host : NULL, question->port, &hints,
                          &list);

    if (ret == 0) {
        fill(answer, list);
        freeaddrinfo(list);
    }
    return ret;
}
#endif

typedef struct Lookup {
    ResolverQuestion question;
    int fd; /* for the answer */
} Lookup;

static GMutex lock;
static GCond ended;
static unsigned lookups;

static gpointer lookup_run(gpointer opaque)
{
    Lookup *l = opaque;
    ResolverAnswer answer = { 0 };

    answer.error = resolver_lookup(&l->question, &answer);
    send(l->fd, &answer,
         G_STRUCT_OFFSET(ResolverAnswer, addresses) + answer.count * sizeof(NetAddress),
         MSG_NOSIGNAL | MSG_DONTWAIT);
    close(l->fd);
    g_free(l);
    g_mutex_lock(&lock);
    lookups--;
    g_cond_signal(&ended);
    g_mutex_unlock(&lock);
    return NULL;
}

/* A question, or NULL: the socket was closed, or what came is none. */
static Lookup *receive(void)
{
    g_autofree Lookup *l = g_new0(Lookup, 1);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } buf;
    struct iovec iov = { &l->question, sizeof(l->question) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = buf.bytes,
                          .msg_controllen = sizeof(buf.bytes) };
    gssize len = recvmsg(SOCKET_FD, &msg, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = len > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int))) {
        return NULL;
    }
    memcpy(&l->fd, CMSG_DATA(c), sizeof(l->fd));
    if (len != sizeof(l->question) || l->question.host[sizeof(l->question.host) - 1] ||
        l->question.port[sizeof(l->question.port) - 1]) {
        close(l->fd);
        return NULL;
    }
    return g_steal_pointer(&l);
}

int resolver_serve(void)
{
    sigset_t none;
    Lookup *l;

    prctl(PR_SET_NAME, "resolver");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    while ((l = receive())) {
        GThread *thread = g_thread_try_new("lookup", lookup_run, l, NULL);

        g_mutex_lock(&lock);
        lookups++;
        while (lookups >= LOOKUPS_MAX) {
            g_cond_wait(&ended, &lock);
        }
        g_mutex_unlock(&lock);
        if (thread) {
            g_thread_unref(thread);
        } else {
            lookup_run(l);
        }
    }
    return EXIT_SUCCESS;
}

#endif /* STATIC_BUILD */
