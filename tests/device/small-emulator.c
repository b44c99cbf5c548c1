/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the emulator that is small enough for 2,000 of them (driver-emulator.py
 * is the one that can do more): it says that it runs, or does not, and has no devices.
 * Asked for what it has (no -kernel), it is the real one.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef REAL
#error REAL is the path of vireo
#endif

#define STAMP "\"timestamp\": {\"seconds\": 1, \"microseconds\": 0}"

static int running;

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
        return; /* a daemon that was killed: the next one asks again */
    }
}

static void set_running(int fd, int now)
{
    if (running != now) {
        running = now;
        say(fd, now ? "{\"event\": \"RESUME\", " STAMP "}\r\n"
                    : "{\"event\": \"STOP\", " STAMP "}\r\n");
    }
}

/* The string behind the last "key": in line, which the daemon writes without escapes. */
static void value(const char *line, const char *key, char *out, size_t size)
{
    const char *at = NULL, *end;

    out[0] = 0;
    for (const char *next = line; (next = strstr(next, key)); next++) {
        at = next;
    }
    at = at ? strchr(at + strlen(key), '"') : NULL;
    end = at ? strchr(at + 1, '"') : NULL;
    if (end && (size_t)(end - at) <= size) {
        memcpy(out, at + 1, (size_t)(end - at) - 1);
        out[end - at - 1] = 0;
    }
}

static void answer(int fd, const char *line)
{
    char command[64], id[64], reply[512];
    const char *result = "{}", *kind = "return";

    value(line, "\"execute\":", command, sizeof(command));
    value(line, "\"id\":", id, sizeof(id));
    if (strcmp(command, "cont") == 0) {
        set_running(fd, 1);
    } else if (strcmp(command, "stop") == 0) {
        set_running(fd, 0);
    } else if (strcmp(command, "query-status") == 0) {
        result = running ? "{\"status\": \"running\", \"running\": true, "
                           "\"singlestep\": false}"
                         : "{\"status\": \"paused\", \"running\": false, "
                           "\"singlestep\": false}";
    } else if (strncmp(command, "query-", 6) == 0 || strncmp(command, "qom-", 4) == 0) {
        result = "[]";
    } else if (strstr(command, "del")) {
        kind = "error";
        result = "{\"class\": \"DeviceNotFound\", \"desc\": \"there is none\"}";
    }
    snprintf(reply, sizeof(reply), "{\"%s\": %s, \"id\": \"%s\"}\r\n", kind, result, id);
    say(fd, reply);
}

static void serve(int fd)
{
    static char buffer[65536];
    size_t used = 0;
    ssize_t n;

    say(fd, "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 8, \"minor\": 2, \"micro\": 0}, "
            "\"package\": \"small\"}, \"capabilities\": []}}\r\n");
    while ((n = read(fd, buffer + used, sizeof(buffer) - used - 1)) > 0) {
        char *line = buffer, *end;

        used += (size_t)n;
        buffer[used] = 0;
        for (; (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            answer(fd, line);
        }
        used = strlen(line);
        memmove(buffer, line, used);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    int listener = -1, guest = 0;

    for (int i = 1; i < argc; i++) {
        const char *fd = strstr(argv[i], "id=charmonitor,fd=");

        guest |= strcmp(argv[i], "-kernel") == 0;
        if (fd) {
            listener = atoi(fd + strlen("id=charmonitor,fd="));
        }
    }
    if (!guest) {
        execv(REAL, argv);
        perror(REAL);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0) {
            serve(fd);
        }
    }
}
