/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sanitizers call: only in a build with them.
 *
 * A thread has a signal stack of its own, its shadow is mapped and cleared:
 * #syscalls all: sched_yield sigaltstack
 * #syscalls start,user: gettid madvise mmap(2&PROT_EXEC=0) sched_getaffinity sched_yield
 *     sigaltstack
 *
 * LeakSanitizer, at the end of the process: a process that shares its memory stops the
 * threads by tracing them, and reads where they are:
 * #syscalls main: clone(0&CLONE_THREAD|CLONE_UNTRACED=CLONE_UNTRACED) exit getdents
 *     getppid open prctl ptrace wait4
 */
