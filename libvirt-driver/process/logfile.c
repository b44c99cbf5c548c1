/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static char *kept_name(const char *path, guint i)
{
    return g_strdup_printf("%s.%u", path, i);
}

/* Makes room for a new NAME.0. */
static void shift(const char *path)
{
    for (guint i = PROCESS_LOG_KEPT - 1; i > 0; i--) {
        g_autofree char *from = kept_name(path, i - 1);
        g_autofree char *to = kept_name(path, i);

        rename(from, to);
    }
}

int process_log_open(const char *path, goffset *size, GError **errp)
{
    g_autofree char *kept = kept_name(path, 0);
    struct stat st;
    int fd;

    if (lstat(path, &st) == 0 && st.st_size >= PROCESS_LOG_MAX) {
        shift(path);
        rename(path, kept);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) < 0) {
        g_set_error(errp, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
                    "cannot open the log '%s': %s", path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    *size = st.st_size;
    return fd;
}

/* The end of the log, as much as one may be large, and then nothing. */
static void copy_and_cut(int fd, off_t size, const char *path)
{
    g_autofree char *kept = kept_name(path, 0);
    off_t at = MAX(size - PROCESS_LOG_MAX, 0);
    ssize_t n = 1;
    int to;

    shift(path);
    to = open(kept, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (to >= 0 && at < size && n > 0) {
        n = sendfile(to, fd, &at, (size_t)(size - at));
    }
    if (to < 0 || n < 0) {
        g_message("cannot copy the log '%s': %s", path, g_strerror(errno));
    }
    if (to >= 0) {
        close(to);
    }
    if (ftruncate(fd, 0) < 0) {
        g_message("cannot cut the log '%s': %s", path, g_strerror(errno));
    }
}

void process_log_limit(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= PROCESS_LOG_MAX) {
        copy_and_cut(fd, st.st_size, path);
    }
    close(fd);
}
