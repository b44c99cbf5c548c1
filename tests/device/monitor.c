/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/monitor.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/virtio-common.h"

static gboolean take_line(Monitor *m, char **line)
{
    char *end = strstr(m->in->str, "\r\n");

    if (end) {
        *line = g_strndup(m->in->str, end - m->in->str);
        g_string_erase(m->in, 0, end + 2 - m->in->str);
    }
    return end != NULL;
}

/* The next line that is no event; NULL: none has come (wait: until one does). */
static char *next_reply(Monitor *m, gboolean wait)
{
    for (;;) {
        char buf[4096], *line;
        ssize_t n;

        while (take_line(m, &line)) {
            if (!strstr(line, "\"event\"")) {
                return line;
            }
            g_free(line);
        }
        n = recv(m->fd, buf, sizeof(buf), wait ? 0 : MSG_DONTWAIT);
        if (n <= 0) {
            g_assert_false(wait);
            return NULL;
        }
        g_string_append_len(m->in, buf, n);
    }
}

void expect(Monitor *m, const char *reply)
{
    g_autofree char *line = next_reply(m, TRUE);

    g_assert_cmpstr(line, ==, reply);
}

void expect_text(Monitor *m, const char *text)
{
    g_autofree char *line = next_reply(m, TRUE);

    if (strstr(line, "\"error\"") || !strstr(line, text)) {
        g_error("'%s' instead of '%s'", line, text);
    }
}

void expect_error(Monitor *m, const char *text)
{
    g_autofree char *line = next_reply(m, TRUE);

    if (!strstr(line, "\"error\"") || !strstr(line, text)) {
        g_error("'%s' instead of error '%s'", line, text);
    }
}

void expect_nothing(Monitor *m)
{
    g_assert_null(next_reply(m, FALSE));
}

void say_text(Monitor *m, const char *text)
{
    g_assert_cmpint(write(m->fd, text, strlen(text)), ==, (ssize_t)strlen(text));
}

void say_file(Monitor *m, const char *text, const char *path)
{
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec iov = { (char *)text, strlen(text) };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof(control.space),
    };
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    control.align = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
    g_assert_cmpint(sendmsg(m->fd, &msg, 0), ==, (ssize_t)strlen(text));
    close(fd);
}

void say(Monitor *m, const char *command)
{
    g_autofree char *text = g_strdup_printf("{\"execute\": \"%s\"}", command);

    say_text(m, text);
}

void monitor_open(Monitor *m, const char *dir, const char *name)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = 60 };

    g_snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
    m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), ==,
                    0);
    g_assert_cmpint(connect(m->fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    m->in = g_string_new(NULL);
    g_free(next_reply(m, TRUE));
    say(m, "qmp_capabilities");
    expect(m, "{\"return\": {}}");
}

void monitor_close(Monitor *m)
{
    close(m->fd);
    g_string_free(m->in, TRUE);
}

/* Whatever the main loop had to do is done, several times over. */
void qmp_turns(QTest *q)
{
    for (unsigned i = 0; i < 10; i++) {
        qmp(q, "{\"execute\": \"query-status\"}");
    }
}
