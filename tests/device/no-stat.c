/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon by its tests: the host has no memory left to look at files
 * that are called "unseen"; all else is as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

typedef int Stat(const char *, struct stat *);

int stat(const char *path, struct stat *st)
{
    const char *name = strrchr(path, '/');

    if (name && strcmp(name, "/unseen") == 0) {
        errno = ENOMEM;
        return -1;
    }
    return ((Stat *)dlsym(RTLD_NEXT, "stat"))(path, st);
}
