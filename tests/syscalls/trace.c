/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for vireo: DIR/vireo runs DIR/real/vireo, in the same process, under a
 * supervisor that the kernel asks about each system call (seccomp's user
 * notifications). vireo's own filters are not loaded; the supervisor takes note of
 * which it would load, and so knows the kind of each thread. When the last process has
 * ended, DIR/traces/PID has a line for each thing that was seen:
 *
 *     KIND CALL                 a call that a note is there for, as the note has it
 *     ! KIND CALL by 'NAME'     a call without a note, and the name of the thread
 *
 * KVM_RUN alone is not asked about, since a guest would hardly get on: a thread that
 * loads the filter of vCPUs is there to make it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <seccomp.h>

#include "sandbox/rules.h"

#include "filters.h"

/* Linux 6.6; where it is not there it is only slower. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

/* The one call that is not asked about: it hands the listener over. */
#define HANDOVER (MSG_DONTROUTE | MSG_NOSIGNAL)

typedef struct Process {
    gboolean entered; /* has loaded a filter */
    unsigned kind;    /* of a thread that has none of its own */
    unsigned denied;  /* DENY_* */
    unsigned child;   /* kind of the next child: what a child inherits */
} Process;

typedef struct Thread {
    pid_t tgid;
    unsigned kind; /* 0: the process's */
} Thread;

static const struct {
    unsigned kind, denied;
    const struct sock_filter *code;
    size_t bytes;
} programs[] = {
#define PROGRAM(kind, denied, code)                                                      \
    {                                                                                    \
        kind, denied, code, sizeof(code)                                                 \
    }
    PROGRAM(MAIN, 0, filter_main),
    PROGRAM(MAIN, DENY_NETWORK, filter_main_offline),
    PROGRAM(MAIN, DENY_FILES, filter_main_closed),
    PROGRAM(MAIN, DENY_NETWORK | DENY_FILES, filter_main_offline_closed),
    PROGRAM(VCPU, 0, filter_vcpu),
    PROGRAM(IO, 0, filter_io),
    PROGRAM(MIGRATION, 0, filter_migration),
    PROGRAM(SLOW, 0, filter_slow),
    PROGRAM(RESOLVER, 0, filter_resolver),
    PROGRAM(USER, 0, filter_user),
};

static GHashTable *processes, *threads, *seen;
static int *numbers; /* of the rules' calls */

static const char *kind_name(unsigned kind)
{
    static const char *const names[] = { RULE_KIND_NAMES };

    return names[g_bit_nth_lsf(kind, -1)];
}

static void note(char *line)
{
    g_hash_table_add(seen, line);
}

/* Threads */

static pid_t status_number(pid_t tid, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", tid);
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return -1;
    }
    at = strstr(text, key);
    return at ? atoi(at + strlen(key)) : -1;
}

static Process *process_get(pid_t tgid)
{
    Process *p = g_hash_table_lookup(processes, GINT_TO_POINTER(tgid));

    if (!p) {
        pid_t parent = status_number(tgid, "\nPPid:\t");
        const Process *from = g_hash_table_lookup(processes, GINT_TO_POINTER(parent));

        p = g_new0(Process, 1);
        p->entered = from && from->child;
        p->kind = p->entered ? from->child : 0;
        g_hash_table_insert(processes, GINT_TO_POINTER(tgid), p);
    }
    return p;
}

static Thread *thread_get(pid_t tid)
{
    Thread *t = g_hash_table_lookup(threads, GINT_TO_POINTER(tid));

    if (!t) {
        t = g_new0(Thread, 1);
        t->tgid = status_number(tid, "\nTgid:\t");
        g_hash_table_insert(threads, GINT_TO_POINTER(tid), t);
    }
    return t;
}

/* 0: it runs without a filter. */
static unsigned thread_kind(pid_t tid, const Thread *t, const Process *p)
{
    if (t->kind || !p->entered) {
        return t->kind;
    }
    return tid == t->tgid || p->kind == RESOLVER ? p->kind : START;
}

static gboolean peek(pid_t pid, guint64 address, void *to, size_t len)
{
    struct iovec local = { to, len }, remote = { (void *)(uintptr_t)address, len };

    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static void note_run(unsigned kind)
{
    if (kind == VCPU) {
        note(g_strdup_printf("%s ioctl(KVM_RUN)", kind_name(kind)));
    }
}

/* A thread loads its filter. */
static void enter(pid_t tid, Thread *t, Process *p, guint64 address)
{
    struct sock_filter code[BPF_MAXINSNS];
    struct sock_fprog program;
    size_t bytes;

    if (!peek(tid, address, &program, sizeof(program)) || program.len > BPF_MAXINSNS ||
        !peek(tid, (uintptr_t)program.filter, code,
              bytes = program.len * sizeof(*code))) {
        note(g_strdup_printf("! cannot read a filter: %s", strerror(errno)));
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        if (programs[i].bytes == bytes && memcmp(programs[i].code, code, bytes) == 0) {
            if (tid == t->tgid) {
                p->entered = TRUE;
                p->kind = programs[i].kind;
                p->denied = programs[i].denied;
            } else {
                t->kind = programs[i].kind;
                note_run(t->kind);
            }
            return;
        }
    }
    note(g_strdup("! an unknown filter"));
}

/* Calls */

static gboolean matches(const Rule *rule, const struct seccomp_data *data)
{
    for (int i = 0; i < rule->n_conditions; i++) {
        if ((data->args[rule->conditions[i].arg] & rule->conditions[i].mask) !=
            rule->conditions[i].value) {
            return FALSE;
        }
    }
    return TRUE;
}

static void note_unknown(unsigned kind, pid_t tid, const struct seccomp_data *data)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", tid);
    g_autofree char *comm = NULL;
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, data->nr);

    if (!g_file_get_contents(path, &comm, NULL, NULL)) {
        comm = g_strdup("?");
    }
    g_strcanon(g_strchomp(comm), G_CSET_a_2_z G_CSET_A_2_Z "-/ ", '#'); /* CPU #/KVM */
    if (strcmp(name, "ioctl") == 0) {
        note(g_strdup_printf("! %s ioctl(0x%x) by '%s'", kind_name(kind),
                             (unsigned)data->args[1], comm));
    } else {
        note(g_strdup_printf("! %s %s by '%s'", kind_name(kind), name, comm));
    }
    free(name);
}

/* The error to fail with, or 0. */
static int judge(unsigned kind, pid_t tid, const Process *p,
                 const struct seccomp_data *data)
{
    gboolean known = FALSE;
    int error = 0;

    for (guint i = 0; i < n_rules; i++) {
        if ((rules[i].kinds & kind) && numbers[i] == data->nr &&
            matches(&rules[i], data)) {
            note(g_strdup_printf("%s %s", kind_name(kind), rules[i].text));
            error = p->denied & rule_denied_by(rules[i].name) ? EPERM : rules[i].error;
            known = TRUE;
        }
    }
    if (!known) {
        note_unknown(kind, tid, data);
    }
    return error;
}

static void answer(const struct seccomp_notif *ask, struct seccomp_notif_resp *reply)
{
    const struct seccomp_data *data = &ask->data;
    Thread *t = thread_get(ask->pid);
    Process *p = process_get(t->tgid);
    unsigned kind = thread_kind(ask->pid, t, p);

    reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (kind) {
        int error = judge(kind, ask->pid, p, data);

        if (error) {
            reply->flags = 0;
            reply->error = -error;
        }
    }
    if (data->nr == SYS_seccomp && data->args[0] == SECCOMP_SET_MODE_FILTER) {
        enter(ask->pid, t, p, data->args[2]);
        reply->flags = 0;
    } else if (data->nr == SYS_clone && !(data->args[0] & CLONE_THREAD)) {
        p->child = kind;
    } else if (data->nr == SYS_exit) {
        g_hash_table_remove(threads, GINT_TO_POINTER(ask->pid));
    } else if (data->nr == SYS_exit_group) {
        g_hash_table_remove(processes, GINT_TO_POINTER(t->tgid));
        g_hash_table_remove(threads, GINT_TO_POINTER(ask->pid));
    }
}

static void supervise(int listener)
{
    struct pollfd pfd = { .fd = listener, .events = POLLIN };

    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    for (;;) {
        struct seccomp_notif ask = { 0 };
        struct seccomp_notif_resp reply = { 0 };

        if (poll(&pfd, 1, -1) < 0 || !(pfd.revents & POLLIN)) {
            if (pfd.revents & POLLHUP) {
                return;
            }
            continue;
        }
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) == 0) {
            reply.id = ask.id;
            answer(&ask, &reply);
            ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
        }
    }
}

/* Processes */

static void write_trace(const char *dir)
{
    g_autofree char *path = g_strdup_printf("%s/traces/%d", dir, getpid());
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    FILE *f = fopen(part, "w");
    GHashTableIter iter;
    void *line;

    g_hash_table_iter_init(&iter, seen);
    while (f && g_hash_table_iter_next(&iter, &line, NULL)) {
        fprintf(f, "%s\n", (char *)line);
    }
    if (f && fclose(f) == 0) {
        rename(part, path);
    }
}

static int receive_listener(int sock)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    int fd = -1;

    if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg)) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
    }
    return fd;
}

static void send_listener(int sock, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    sendmsg(sock, &msg, HANDOVER);
}

static void supervisor(int sock, const char *dir)
{
    int listener;

    setsid();
    if (sock != 3) {
        dup2(sock, 3);
    }
    for (int fd = 0; fd < 3; fd++) {
        close(fd);
        open("/dev/null", O_RDWR);
    }
    close_range(4, ~0u, 0);
    listener = receive_listener(3);
    if (listener < 0) {
        _exit(EXIT_FAILURE);
    }
    close(3);
    processes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    threads = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    numbers = g_new(int, n_rules);
    for (guint i = 0; i < n_rules; i++) {
        numbers[i] = seccomp_syscall_resolve_name(rules[i].name);
    }
    supervise(listener);
    write_trace(dir);
    _exit(EXIT_SUCCESS);
}

static int load_listener(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN, 3, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HANDOVER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = { G_N_ELEMENTS(code), code };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_NEW_LISTENER |
                       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                   &program);
}

int main(int argc, char **argv)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = g_path_get_dirname(self);
    g_autofree char *real = g_build_filename(dir, "real", "vireo", NULL);
    int fds[2], listener;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
        (pid = fork()) < 0) {
        perror("trace");
        return EXIT_FAILURE;
    }
    if (pid == 0) { /* no child of vireo */
        if (fork() == 0) {
            supervisor(fds[1], dir);
        }
        _exit(EXIT_SUCCESS);
    }
    waitpid(pid, NULL, 0);
    listener = load_listener();
    if (listener < 0) {
        perror("trace: seccomp");
        return EXIT_FAILURE;
    }
    send_listener(fds[0], listener);
    execv(real, argv);
    return EXIT_FAILURE;
}
