/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is called wherever libraries are used, noted once.
 *
 * glibc, its malloc; when the heap has to grow is chance:
 * #syscalls main,vcpu,io,migration: mmap(2&PROT_EXEC=0)
 * #syscalls slow: mmap(2&PROT_EXEC=0) -- rare: chance
 * #syscalls all,start: brk munmap -- rare: chance
 *
 * glibc, its locks: whether one has to wait is chance as well, at the start of a thread:
 * #syscalls all: futex
 * #syscalls start: futex -- rare: chance
 * #syscalls all: mremap!ENOMEM
 *     -- rare: realloc() of what has a mapping of its own; it then copies
 *
 * glibc, its first thread, and the end of the process:
 * #syscalls main: rt_sigaction exit_group
 *
 * glib, a failed assertion in any thread (it has been printed before):
 * #syscalls all: rt_sigprocmask gettid getpid tgkill -- rare: abort()
 *
 * glibc 2.39 and later has its own call for fstat() again:
 * #syscalls main,io,resolver: fstat -- rare: the tests' glibc is older
 *
 * Other versions of the C library, of glib, liburing and liburcu than the tests have,
 * where a thread starts, waits or allocates:
 * #syscalls all: sched_yield sched_getaffinity rt_sigreturn rt_sigprocmask madvise
 *     membarrier rseq set_robust_list poll ppoll clock_nanosleep nanosleep
 *     clock_gettime gettid getpid prlimit64 sysinfo getrandom exit fstat readv writev prctl
 *     -- rare: by chance, and not with the tests' libraries
 * #syscalls start: sched_yield sched_getaffinity madvise rt_sigprocmask gettid prctl
 *     -- rare: by chance, and not with the tests' libraries
 * #syscalls main,io: preadv pwritev preadv2 pwritev2 statx newfstatat fdatasync
 *     -- rare: not with the tests' libraries
 *
 * The kernel, after SIGSTOP and SIGCONT:
 * #syscalls all: restart_syscall -- rare: what waits with a timeout goes on
 */
