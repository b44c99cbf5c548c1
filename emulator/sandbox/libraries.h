/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is called wherever libraries are used, noted once.
 *
 * glibc, its malloc; when the heap has to grow is chance:
 * #syscalls all: mmap(2&PROT_EXEC=0)
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
 * The kernel, after SIGSTOP and SIGCONT:
 * #syscalls all: restart_syscall -- rare: what waits with a timeout goes on
 */
