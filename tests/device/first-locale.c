/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon by its tests: who is the first to need a locale finds errno
 * set when it has it, as who has waited for another thread to make it does (a futex that
 * had changed already is EAGAIN).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>

locale_t newlocale(int mask, const char *name, locale_t base)
{
    locale_t (*next)(int, const char *, locale_t) =
        (locale_t(*)(int, const char *, locale_t))dlsym(RTLD_NEXT, "newlocale");
    locale_t made = next(mask, name, base);

    errno = EAGAIN;
    return made;
}
