/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is called wherever libraries are used, noted once.
 *
 * glibc, its malloc; when the heap has to grow is chance:
 * #syscalls main,io,migration: mmap(2&PROT_EXEC=0)
 * #syscalls vcpu,slow: mmap(2&PROT_EXEC=0) -- rare: chance
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
 * What is newer than the tests' libraries does too (tests/syscalls/traces): glib asks
 * a new thread for its name, and glibc, from 2.39, has its own call for fstat() again:
 * #syscalls start: prctl(0=PR_GET_NAME)
 * #syscalls main,resolver: fstat
 * #syscalls slow: fstat -- rare: an image that is plugged, with such a glibc
 *
 * The kernel, after SIGSTOP and SIGCONT:
 * #syscalls all: restart_syscall -- rare: what waits with a timeout goes on
 */
