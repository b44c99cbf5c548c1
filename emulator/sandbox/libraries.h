/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is called wherever libraries are used, noted once.
 *
 * glibc, its malloc; when the heap has to grow is chance:
 * #syscalls all: mmap(2&PROT_EXEC=0) futex
 * #syscalls all,start: brk munmap -- rare: chance
 * #syscalls all: mremap!ENOMEM
 *     -- rare: realloc() of what has a mapping of its own; it then copies
 *
 * glibc, the end of the process:
 * #syscalls main: exit_group rt_sigaction
 *
 * glib, a failed assertion in any thread (it has been printed before):
 * #syscalls all: rt_sigprocmask gettid getpid tgkill -- rare: abort()
 *
 * The kernel, after SIGSTOP and SIGCONT:
 * #syscalls all: restart_syscall -- rare: what waits with a timeout goes on
 */
