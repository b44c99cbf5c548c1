/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon by its tests, it counts what calls cost: a file named by
 * LOCK_COUNT, of three numbers of 8 bytes, has how often a lock was taken, how often one
 * was waited for, and how often a file was synced.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TAKEN, WAITED, SYNCED, N_COUNTS };

static uint64_t unseen[N_COUNTS], *counts = unseen;

static void __attribute__((constructor)) map_counts(void)
{
    const char *path = getenv("LOCK_COUNT");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof(unseen), PROT_READ | PROT_WRITE, MAP_SHARED,
                              fd, 0);

    if (map != MAP_FAILED) {
        counts = map;
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void count(int which)
{
    __atomic_fetch_add(&counts[which], 1, __ATOMIC_RELAXED);
}

void(g_mutex_lock)(GMutex *mutex)
{
    static void (*real)(GMutex *);

    if (!__atomic_load_n(&real, __ATOMIC_RELAXED)) {
        __atomic_store_n(&real, (void (*)(GMutex *))dlsym(RTLD_NEXT, "g_mutex_lock"),
                         __ATOMIC_RELAXED);
    }
    count(TAKEN);
    if (!g_mutex_trylock(mutex)) {
        count(WAITED);
        real(mutex);
    }
}

int fsync(int fd)
{
    count(SYNCED);
    return (int)syscall(SYS_fsync, fd);
}
