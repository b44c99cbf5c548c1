/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main,migration: socketpair sendmsg read close
 */
#include "config.h"

#include "util/resolver-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define STACK_SIZE 8192

/* The name service is loaded at run time, which a static program cannot do. */
#ifdef STATIC_BUILD
#define NO_NAMES "a static build takes numeric addresses only"
#else
#define NO_NAMES NULL
#endif

static int control = -1; /* to the child */
static char *denied;     /* why there is none */
static gboolean sealed;

void resolver_deny(const char *why)
{
    g_free(denied);
    denied = g_strdup(why);
}

#ifdef STATIC_BUILD

static const char static_build[] = "this is a static build, only numeric addresses can "
                                   "be used";

void resolver_start(const struct sock_fprog *filter)
{
    resolver_deny(static_build);
}

#else

static ResolverChild child;
static char stack[STACK_SIZE] __attribute__((aligned(16)));

/* Signals are blocked: their handlers would run in the child, on our memory. */
static void start_child(void)
{
    sigset_t all, old;
    int pid;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    pid = clone(resolver_child, stack + sizeof(stack), CLONE_VM, &child);
    if (pid < 0) {
        resolver_deny(error_text(errno));
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
}

void resolver_start(const struct sock_fprog *filter)
{
    autofd int binary = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    autofd int theirs = -1;
    int fds[2];

    if (NO_NAMES) {
        resolver_deny(NO_NAMES);
        return;
    }
    if (binary < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        resolver_deny(error_text(errno));
        return;
    }
    control = fds[0];
    theirs = fds[1];
    child = (ResolverChild){ .parent = getpid(),
                             .socket = theirs,
                             .binary = binary,
                             .filter = filter,
                             .environment = environ };
    start_child();
}

#endif /* STATIC_BUILD */

/* The question, with `fd` for its answer. */
static gboolean send_question(const ResolverQuestion *question, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } buf = { 0 };
    struct iovec iov = { (void *)question, sizeof(*question) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = buf.bytes,
                          .msg_controllen = sizeof(buf.bytes) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    return sendmsg(control, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*question);
}

int resolver_ask(const char *host, const char *port, gboolean passive, GError **errp)
{
    ResolverQuestion question = { .passive = passive };
    autofd int mine = -1;
    autofd int theirs = -1;
    int fds[2];

    if (g_strlcpy(question.host, host, sizeof(question.host)) >= sizeof(question.host) ||
        g_strlcpy(question.port, port, sizeof(question.port)) >= sizeof(question.port)) {
        error_set(errp, "the name '%s:%s' is too long", host, port);
        return -1;
    }
    if (denied || control < 0) {
        error_set(errp, "the name '%s' cannot be looked up: %s", host,
                  denied ? denied : "only numeric addresses can be used here");
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
        error_set_errno(errp, errno, "the name '%s' cannot be looked up", host);
        return -1;
    }
    mine = fds[0];
    theirs = fds[1];
    if (!send_question(&question, theirs)) {
        error_set_errno(errp, errno, "the name '%s' cannot be looked up", host);
        return -1;
    }
    return fd_steal(&mine);
}

static gboolean is_sane(const NetAddress *a)
{
    return (a->addr.ss_family == AF_INET && a->len == sizeof(struct sockaddr_in)) ||
           (a->addr.ss_family == AF_INET6 && a->len == sizeof(struct sockaddr_in6));
}

static GArray *take(const ResolverAnswer *answer, GError **errp)
{
    GArray *list;

    if (answer->error || !answer->count) {
        error_set(errp, "%s", gai_strerror(answer->error ? answer->error : EAI_NONAME));
        return NULL;
    }
    list = g_array_new(FALSE, FALSE, sizeof(NetAddress));
    g_array_append_vals(list, answer->addresses, answer->count);
    return list;
}

GArray *resolver_answer(int fd, GError **errp)
{
    const gssize head = G_STRUCT_OFFSET(ResolverAnswer, addresses);
    ResolverAnswer answer;
    gssize len = read(fd, &answer, sizeof(answer));
    gboolean sane = len >= head && answer.count <= RESOLVER_MAX_ANSWERS &&
                    (gsize)len == head + answer.count * sizeof(NetAddress);

    for (guint i = 0; sane && i < answer.count; i++) {
        sane = is_sane(&answer.addresses[i]);
    }
    if (!sane) {
        error_set(errp, len == 0 ? "the process that looks names up has ended"
                                 : "the process that looks names up answers nonsense");
        return NULL;
    }
    return take(&answer, errp);
}

#ifdef STATIC_BUILD

GArray *resolver_here(const char *host, const char *port, gboolean passive, GError **errp)
{
    error_set(errp, "%s", static_build);
    return NULL;
}

#else

GArray *resolver_here(const char *host, const char *port, gboolean passive, GError **errp)
{
    ResolverQuestion question = { .passive = passive };
    ResolverAnswer answer = { 0 };

    if (NO_NAMES || sealed) {
        error_set(errp, "%s", NO_NAMES ? NO_NAMES : "names are looked up at start only");
        return NULL;
    }
    if (g_strlcpy(question.host, host ? host : "", sizeof(question.host)) >=
            sizeof(question.host) ||
        g_strlcpy(question.port, port, sizeof(question.port)) >= sizeof(question.port)) {
        error_set(errp, "the name is too long");
        return NULL;
    }
    answer.error = resolver_lookup(&question, &answer);
    return take(&answer, errp);
}

#endif /* STATIC_BUILD */

void resolver_seal(void)
{
    sealed = TRUE;
}

gboolean resolver_sealed(void)
{
    return sealed;
}
