/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: openat ftruncate fcntl
 * #syscalls main: getcwd readlink -- rare: a link that is there, or a path without a /
 * #syscalls slow: newfstatat unlink socket(0=AF_UNIX) bind fchmod
 * #syscalls slow: connect getcwd -- rare: a socket that is there, or a path without a /
 */
#include "util/created.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"
#include "util/log.h"

typedef enum Undo {
    REMOVE,        /* name is new */
    EMPTY_ON_KEEP, /* fd: its content goes when the start has succeeded */
    EMPTY_ON_UNDO, /* fd: it was empty before */
} Undo;

typedef struct Created {
    Undo undo;
    FileName *name;
    int fd;
} Created;

static GArray *entries; /* of Created */
static gboolean kept;

static void entry_clear(gpointer data)
{
    Created *entry = data;

    file_name_free(entry->name);
    if (entry->fd >= 0) {
        close(entry->fd);
    }
}

static void remember(Undo undo, FileName *name, int fd)
{
    Created entry = { undo, name, fd };

    if (!entries) {
        entries = g_array_new(FALSE, FALSE, sizeof(Created));
        g_array_set_clear_func(entries, entry_clear);
    }
    g_array_append_val(entries, entry);
}

/* Of its own, since the owner may close his before. */
static gboolean remember_fd(Undo undo, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own >= 0) {
        remember(undo, NULL, own);
    }
    return own >= 0;
}

/* Of what has just been made, or it goes again. NULL: errno. */
static FileName *name_new(const char *path)
{
    FileName *name = file_name_new(path);
    int saved = errno;

    if (!name) {
        unlink(path);
        errno = saved;
    } else if (!kept) {
        remember(REMOVE, file_name_ref(name), -1);
    }
    return name;
}

/* fd: just made as path. Takes it over. */
static int take_new(int fd, const char *path)
{
    FileName *name = kept ? NULL : name_new(path);
    int saved = errno;

    if (!kept && !name) {
        close(fd);
        errno = saved;
        return -1;
    }
    file_name_free(name);
    return fd;
}

/* Whether nobody listens on the socket any more. FALSE: errno. */
static gboolean is_left_over(const struct sockaddr_un *addr)
{
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return FALSE;
    }
    if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
        errno == EAGAIN || errno == EPROTOTYPE) {
        errno = EADDRINUSE;
        return FALSE;
    }
    return errno == ECONNREFUSED || errno == ENOENT;
}

static gboolean remove_socket(const struct sockaddr_un *addr)
{
    struct stat st;

    if (lstat(addr->sun_path, &st) < 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return FALSE;
    }
    return is_left_over(addr) && (unlink(addr->sun_path) == 0 || errno == ENOENT);
}

FileName *created_bind(int fd, const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (fchmod(fd, 0600) < 0 || !remove_socket(&addr) ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        return NULL;
    }
    return name_new(path);
}

void created_stays(const FileName *name, int error)
{
    log_warn("'%s' cannot be removed, and stays: %s", file_name_path(name),
             error_text(error));
}

static void remove_or_warn(const FileName *name)
{
    if (!file_name_remove(name)) {
        created_stays(name, errno);
    }
}

/* Once only: the name may be another's by the time that the start fails. */
void created_remove(FileName *name)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        if (g_array_index(entries, Created, i).name == name) {
            g_array_remove_index(entries, i);
            break;
        }
    }
    remove_or_warn(name);
    file_name_free(name);
}

/* A symbolic link to nothing: the file that it names is made. */
static int open_behind_link(const char *path, int flags, mode_t mode)
{
    autofd int fd = open(path, flags | O_CREAT | O_NONBLOCK | O_CLOEXEC, mode);
    g_autofree char *target = fd < 0 ? NULL : realpath(path, NULL);

    if (!target) {
        return -1;
    }
    return take_new(fd_steal(&fd), target);
}

/* There since before: what is in it goes when the start has succeeded. */
static int open_from_set(const char *path, int flags)
{
    autofd int fd = path_open(path, flags & ~O_TRUNC, 0);

    if (fd >= 0 && (flags & O_TRUNC) &&
        !(kept ? ftruncate(fd, 0) == 0 || errno == EINVAL
               : remember_fd(EMPTY_ON_KEEP, fd))) {
        return -1;
    }
    return fd_steal(&fd);
}

int created_open(const char *path, int flags, mode_t mode)
{
    int saved;
    int now = kept ? flags : flags & ~O_TRUNC;
    int fd;

    if (path_is_fdset(path)) {
        return open_from_set(path, flags);
    }
    fd = open(path, flags | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, mode);
    if (fd >= 0) {
        return take_new(fd, path);
    }
    if (errno != EEXIST) {
        return -1;
    }
    fd = open(path, now | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return open_behind_link(path, flags, mode);
    }
    if (fd >= 0 && now != flags && !remember_fd(EMPTY_ON_KEEP, fd)) {
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

gboolean created_grow(int fd, off_t size)
{
    return (kept || remember_fd(EMPTY_ON_UNDO, fd)) && ftruncate(fd, size) == 0;
}

static void forget_all(Undo empty, gboolean remove)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        Created *entry = &g_array_index(entries, Created, i);

        if (entry->name && remove) {
            remove_or_warn(entry->name);
        } else if (entry->undo == empty && ftruncate(entry->fd, 0) < 0) {
            continue; /* a terminal or a FIFO has nothing to lose */
        }
    }
    g_clear_pointer(&entries, g_array_unref);
    kept = TRUE;
}

void created_keep(void)
{
    forget_all(EMPTY_ON_KEEP, FALSE);
}

void created_undo(void)
{
    forget_all(EMPTY_ON_UNDO, TRUE);
}
