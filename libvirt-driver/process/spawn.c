/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_STACK (64 * 1024)
#define VM_UMASK    0077

/*
 * The child borrows the daemon's memory. ThreadSanitizer does not understand that: there
 * it gets a copy, and shares what it reports in.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHILD_MEMORY 0
#endif
#endif
#if !defined(CHILD_MEMORY) && !defined(__SANITIZE_THREAD__)
#define CHILD_MEMORY CLONE_VM
#elif !defined(CHILD_MEMORY)
#define CHILD_MEMORY 0
#endif

/* Of descriptors, as it was before process_raise_fd_limit; a hard limit of 0: as it is.
 */
static struct rlimit fd_limit;

/* What the child works on; it reports the step that failed in here. */
typedef struct Child {
    _Alignas(16) char stack[CHILD_STACK];
    const ProcessSpawn *spawn;
    pid_t parent;
    int null_fd;
    const char *step;
    int error;
} Child;

/* From here to child_main: only async-signal-safe calls, and no allocation. */

static gboolean child_write_pid(int fd)
{
    char text[16];
    size_t at = sizeof(text);
    unsigned pid = (unsigned)getpid();

    text[--at] = '\n';
    do {
        text[--at] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid);
    return ftruncate(fd, 0) == 0 &&
           pwrite(fd, text + at, sizeof(text) - at, 0) == (ssize_t)(sizeof(text) - at);
}

static void child_reset_signals(void)
{
    struct sigaction dfl = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int i = 1; i < NSIG; i++) {
        sigaction(i, &dfl, NULL); /* fails for KILL and STOP, and for libc's own */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static gboolean child_inherit(const ProcessSpawn *spawn)
{
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
        return FALSE;
    }
    for (guint i = 0; i < spawn->n_fds; i++) {
        if (fcntl(spawn->fds[i], F_SETFD, 0) < 0) {
            return FALSE;
        }
    }
    return spawn->pidfile_fd < 0 || fcntl(spawn->pidfile_fd, F_SETFD, 0) == 0;
}

/* A VM must not inherit the protection that the daemon may have. Never fatal. */
static void child_reset_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, "0", 1) < 0) {
            errno = 0;
        }
        close(fd);
    }
}

static int child_fail(Child *child, const char *step)
{
    child->error = errno;
    child->step = step;
    return 127;
}

static int child_main(void *opaque)
{
    Child *child = opaque;
    const ProcessSpawn *spawn = child->spawn;

    /* Until the PID file names it, no new daemon could find it: end with this one. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != child->parent) {
        return child_fail(child, "watch the daemon");
    }
    if (setsid() < 0) {
        return child_fail(child, "setsid");
    }
    if (spawn->cgroup_fd >= 0 && write(spawn->cgroup_fd, "0", 1) != 1) {
        return child_fail(child, "join the control group");
    }
    child_reset_oom();
    if (dup2(child->null_fd, 0) < 0 || dup2(spawn->log_fd, 1) < 0 ||
        dup2(spawn->log_fd, 2) < 0) {
        return child_fail(child, "set up the standard streams");
    }
    if (chdir("/") < 0) {
        return child_fail(child, "change to /");
    }
    umask(VM_UMASK);
    if (!child_inherit(spawn)) {
        return child_fail(child, "set up the inherited descriptors");
    }
    if (spawn->pidfile_fd >= 0 && !child_write_pid(spawn->pidfile_fd)) {
        return child_fail(child, "write the PID file");
    }
    if (!spawn->bound && prctl(PR_SET_PDEATHSIG, 0) < 0) {
        return child_fail(child, "stop watching the daemon");
    }
    if (fd_limit.rlim_max && setrlimit(RLIMIT_NOFILE, &fd_limit) < 0) {
        return child_fail(child, "set the limit of descriptors");
    }
    child_reset_signals();
    execve(spawn->path, spawn->argv, spawn->envp);
    return child_fail(child, "execute");
}

/* Runs child_main in the daemon's memory; this thread waits until exec or exit. */
static pid_t run_child(Child *child, int *pidfd)
{
    sigset_t all, old;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = clone(child_main, child->stack + sizeof(child->stack),
                CHILD_MEMORY | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, pidfd);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}

static gboolean set_error(GError **errp, const char *path, const char *step, int error)
{
    g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(error),
                "cannot start '%s': %s: %s", path, step, g_strerror(error));
    return FALSE;
}

/* Fails with the step that failed, in the child or here. */
static gboolean spawn_child(Child *child, pid_t *pid, int *pidfd, GError **errp)
{
    const char *path = child->spawn->path;

    *pid = run_child(child, pidfd);
    if (*pid < 0) {
        return set_error(errp, path, "clone", errno);
    }
    if (child->step) {
        g_free(process_reap(*pidfd));
        close(*pidfd);
        return set_error(errp, path, child->step, child->error);
    }
    return TRUE;
}

gboolean process_spawn(const ProcessSpawn *spawn, pid_t *pid, int *pidfd, GError **errp)
{
    Child *child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gboolean ok;

    if (child == MAP_FAILED) {
        return set_error(errp, spawn->path, "allocate a stack", errno);
    }
    child->spawn = spawn;
    child->parent = getpid();
    child->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    ok = child->null_fd >= 0 ? spawn_child(child, pid, pidfd, errp)
                             : set_error(errp, spawn->path, "/dev/null", errno);
    if (child->null_fd >= 0) {
        close(child->null_fd);
    }
    munmap(child, sizeof(*child));
    return ok;
}

int process_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
}

gboolean process_signal(int pidfd, int signal)
{
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0;
}

gboolean process_wait(int pidfd, int timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
    int n;

    do {
        gint64 left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;

        n = poll(&pfd, 1, (int)MIN(left, G_MAXINT));
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

char *process_reap(int pidfd)
{
    siginfo_t info = { 0 };
    int r;

    do {
        r = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
    } while (r < 0 && errno == EINTR);
    if (r < 0) {
        return NULL;
    }
    return info.si_code == CLD_EXITED ? g_strdup_printf("exit status %d", info.si_status)
                                      : g_strdup_printf("signal %d (%s)", info.si_status,
                                                        g_strsignal(info.si_status));
}

void process_raise_fd_limit(void)
{
    struct rlimit limit, raised;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        g_message("cannot get the limit of descriptors: %s", g_strerror(errno));
        return;
    }
    raised = (struct rlimit){ limit.rlim_max, limit.rlim_max };
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
        g_message("cannot raise the limit of descriptors: %s", g_strerror(errno));
        return;
    }
    fd_limit = limit;
}

/* ---- /proc ---- */

/* What follows the name in /proc/PID/stat, from field 3 on; NULL if that is unknown. */
static char *read_stat(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    at = strrchr(text, ')'); /* the name, in parentheses, may hold anything */
    return at ? g_strdup(at + 1) : NULL;
}

guint64 process_start_time(pid_t pid)
{
    g_autofree char *text = read_stat(pid);
    unsigned long long start;

    /* Field 22. */
    return text && sscanf(text,
                          " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
                          "%*d %*d %*d %*d %llu",
                          &start) == 1
               ? start
               : 0;
}

guint64 process_cpu_time(pid_t pid)
{
    g_autofree char *text = read_stat(pid);
    unsigned long long user, sys;
    long hz = sysconf(_SC_CLK_TCK);

    /* Fields 14 and 15 are the times. */
    if (!text || sscanf(text, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                        &user, &sys) != 2) {
        return 0;
    }
    return (guint64)(user + sys) * (1000000000ULL / (guint64)(hz > 0 ? hz : 100));
}

guint64 process_resident_memory(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)pid), *text = NULL;
    unsigned long long pages;

    return g_file_get_contents(path, &text, NULL, NULL) &&
                   sscanf(text, "%*u %llu", &pages) == 1
               ? (guint64)pages * (guint64)sysconf(_SC_PAGESIZE) / 1024
               : 0;
}
