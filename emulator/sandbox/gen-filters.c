/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs at build time: writes the seccomp filters as arrays of BPF instructions, so
 * that starting a VM costs two system calls and no library.
 */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <seccomp.h>

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* Kinds of threads; MAIN is the superset. */
enum {
    MAIN = 1 << 0,
    VCPU = 1 << 1,
    IO = 1 << 2, /* iothreads and the workers of the block layer */
    MIGRATE = 1 << 3,
    ALL = MAIN | VCPU | IO | MIGRATE,
};

typedef struct Rule {
    int nr;
    unsigned kinds;
} Rule;

static const Rule rules[] = {
    /* memory */
    { SCMP_SYS(brk), ALL },
    { SCMP_SYS(madvise), ALL },
    { SCMP_SYS(mremap), ALL },
    { SCMP_SYS(munmap), ALL },
    { SCMP_SYS(membarrier), ALL }, /* liburcu */
    { SCMP_SYS(memfd_create), MAIN },
    { SCMP_SYS(mlockall), MAIN },
    { SCMP_SYS(mbind), MAIN },
    /* threads, signals, end */
    { SCMP_SYS(futex), ALL },
    { SCMP_SYS(rseq), ALL },
    { SCMP_SYS(set_robust_list), ALL },
    { SCMP_SYS(set_tid_address), ALL },
    { SCMP_SYS(sched_yield), ALL },
    { SCMP_SYS(sched_getaffinity), ALL },
    { SCMP_SYS(getpid), ALL },
    { SCMP_SYS(gettid), ALL },
    { SCMP_SYS(tgkill), ALL },
    { SCMP_SYS(prctl), ALL }, /* thread names; narrowing the filter */
    { SCMP_SYS(seccomp), ALL },
    { SCMP_SYS(rt_sigaction), ALL },
    { SCMP_SYS(rt_sigprocmask), ALL },
    { SCMP_SYS(rt_sigreturn), ALL },
    { SCMP_SYS(rt_sigtimedwait), ALL },
    { SCMP_SYS(sigaltstack), ALL },
    { SCMP_SYS(restart_syscall), ALL },
    { SCMP_SYS(exit), ALL },
    { SCMP_SYS(exit_group), ALL },
    { SCMP_SYS(wait4), MAIN },
    { SCMP_SYS(kill), MAIN },
    /* time */
    { SCMP_SYS(clock_gettime), ALL },
    { SCMP_SYS(clock_getres), ALL },
    { SCMP_SYS(clock_nanosleep), ALL },
    { SCMP_SYS(gettimeofday), ALL },
    { SCMP_SYS(nanosleep), ALL },
    { SCMP_SYS(timerfd_create), ALL },
    { SCMP_SYS(timerfd_settime), ALL },
    /* descriptors */
    { SCMP_SYS(read), ALL },
    { SCMP_SYS(readv), ALL },
    { SCMP_SYS(write), ALL },
    { SCMP_SYS(writev), ALL },
    { SCMP_SYS(close), ALL },
    { SCMP_SYS(dup), MAIN },
    { SCMP_SYS(dup3), MAIN },
    { SCMP_SYS(chdir), MAIN }, /* -daemonize */
    { SCMP_SYS(eventfd2), ALL },
    { SCMP_SYS(fcntl), ALL },
    { SCMP_SYS(pipe2), MAIN },
    { SCMP_SYS(poll), ALL },
    { SCMP_SYS(ppoll), ALL },
    { SCMP_SYS(epoll_create1), ALL },
    { SCMP_SYS(epoll_ctl), ALL },
    { SCMP_SYS(epoll_wait), ALL },
    { SCMP_SYS(epoll_pwait), ALL },
    { SCMP_SYS(signalfd4), MAIN },
    /* files */
    { SCMP_SYS(pread64), MAIN | IO },
    { SCMP_SYS(preadv), MAIN | IO },
    { SCMP_SYS(pwrite64), MAIN | IO },
    { SCMP_SYS(pwritev), MAIN | IO },
    { SCMP_SYS(preadv2), MAIN | IO },
    { SCMP_SYS(pwritev2), MAIN | IO },
    { SCMP_SYS(fdatasync), MAIN | IO },
    { SCMP_SYS(fsync), MAIN | IO },
    { SCMP_SYS(fallocate), MAIN | IO },
    { SCMP_SYS(ftruncate), MAIN | IO },
    { SCMP_SYS(fstat), ALL },
    { SCMP_SYS(newfstatat), MAIN | MIGRATE },
    { SCMP_SYS(statx), MAIN | IO },
    { SCMP_SYS(fstatfs), MAIN },
    { SCMP_SYS(lseek), MAIN | IO | MIGRATE },
    { SCMP_SYS(flock), MAIN },
    { SCMP_SYS(open), MAIN | MIGRATE },
    { SCMP_SYS(openat), MAIN | MIGRATE }, /* the migration thread resolves names */
    { SCMP_SYS(access), MAIN | MIGRATE },
    { SCMP_SYS(faccessat2), MAIN },
    { SCMP_SYS(readlink), MAIN },
    { SCMP_SYS(readlinkat), MAIN },
    { SCMP_SYS(getcwd), MAIN },
    { SCMP_SYS(unlink), MAIN },
    { SCMP_SYS(unlinkat), MAIN },
    { SCMP_SYS(chmod), MAIN },
    { SCMP_SYS(fchmod), MAIN },
    { SCMP_SYS(fchmodat), MAIN },
    { SCMP_SYS(umask), MAIN },
    { SCMP_SYS(getdents64), MAIN },
    { SCMP_SYS(io_uring_setup), MAIN | IO },
    { SCMP_SYS(io_uring_enter), MAIN | IO },
    { SCMP_SYS(io_uring_register), MAIN | IO },
    /* sockets that exist already (fds from libvirt) */
    { SCMP_SYS(accept), MAIN },
    { SCMP_SYS(accept4), MAIN },
    { SCMP_SYS(getsockname), MAIN | MIGRATE },
    { SCMP_SYS(getpeername), MAIN | MIGRATE },
    { SCMP_SYS(getsockopt), MAIN | MIGRATE },
    { SCMP_SYS(setsockopt), MAIN | MIGRATE },
    { SCMP_SYS(recvfrom), ALL },
    { SCMP_SYS(recvmsg), ALL },
    { SCMP_SYS(sendto), ALL },
    { SCMP_SYS(sendmsg), ALL },
    { SCMP_SYS(sendmmsg), MAIN | MIGRATE },
    { SCMP_SYS(shutdown), MAIN | MIGRATE },
    /* the system */
    { SCMP_SYS(getrandom), ALL },
    { SCMP_SYS(getuid), MAIN | MIGRATE },
    { SCMP_SYS(geteuid), MAIN | MIGRATE },
    { SCMP_SYS(getgid), MAIN },
    { SCMP_SYS(getegid), MAIN },
    { SCMP_SYS(sysinfo), ALL },
    { SCMP_SYS(uname), MAIN | MIGRATE },
    { SCMP_SYS(prlimit64), ALL },
};

/* Families of ioctl requests: KVM, terminals and tap, block devices. */
static const unsigned ioctl_types[] = { 0xae, 0x54, 0x12, 'V' };

/* Calls that make or connect a socket: taken away by network=deny. */
static const int network_calls[] = {
    SCMP_SYS(socket), SCMP_SYS(connect),    SCMP_SYS(bind),
    SCMP_SYS(listen), SCMP_SYS(socketpair),
};

/* What sandbox.c loads. */
typedef struct Filter {
    const char *name;
    unsigned kinds;
    bool network;
} Filter;

static const Filter filters[] = {
    { "filter_main", ALL, true },          { "filter_main_offline", ALL, false },
    { "filter_vcpu", VCPU, false },        { "filter_io", IO, false },
    { "filter_migration", MIGRATE, true },
};

static int add_conditional(scmp_filter_ctx ctx, const Filter *f)
{
    int ret = 0;

    /* Threads, but no processes; clone3 hides its flags, glibc falls back. */
    ret |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    ret |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    /* Nothing new becomes executable. */
    ret |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ret |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    for (unsigned i = 0; i < N_ELEMENTS(ioctl_types); i++) {
        ret |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, ioctl_types[i] << 8));
    }
    for (unsigned i = 0; i < N_ELEMENTS(network_calls); i++) {
        ret |= seccomp_rule_add(ctx, f->network ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM),
                                network_calls[i], 0);
    }
    return ret;
}

static scmp_filter_ctx build(const Filter *f)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int ret = ctx ? 0 : -ENOMEM;

    for (unsigned i = 0; !ret && i < N_ELEMENTS(rules); i++) {
        if (rules[i].kinds & f->kinds) {
            ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, rules[i].nr, 0);
        }
    }
    ret = ret ? ret : add_conditional(ctx, f);
    ret = ret ? ret : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (ret) {
        fprintf(stderr, "%s: libseccomp: error %d\n", f->name, ret);
        exit(EXIT_FAILURE);
    }
    return ctx;
}

static void print(const Filter *f)
{
    scmp_filter_ctx ctx = build(f);
    struct sock_filter code;
    FILE *program = tmpfile();

    if (!program || seccomp_export_bpf(ctx, fileno(program)) != 0) {
        perror(f->name);
        exit(EXIT_FAILURE);
    }
    seccomp_release(ctx);
    rewind(program);
    printf("static const struct sock_filter %s[] = {\n", f->name);
    while (fread(&code, sizeof(code), 1, program) == 1) {
        printf("    { 0x%02x, %u, %u, 0x%x },\n", code.code, code.jt, code.jf, code.k);
    }
    printf("};\n");
    fclose(program);
}

int main(void)
{
    printf("/* Made by gen-filters.c. */\n");
    for (unsigned i = 0; i < N_ELEMENTS(filters); i++) {
        print(&filters[i]);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
