/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the emulator: the signal to end it comes as soon as it has made and
 * locked its PID file.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int fcntl(int fd, int command, ...)
{
    va_list args;
    void *arg;
    int result;

    va_start(args, command);
    arg = va_arg(args, void *);
    va_end(args);
    result = (int)syscall(SYS_fcntl, fd, command, arg);
    if (command == F_SETLK && result == 0) {
        raise(SIGTERM);
    }
    return result;
}
