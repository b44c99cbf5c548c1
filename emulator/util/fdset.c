/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls main: openat fcntl close
 */
#include "util/fdset.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define PREFIX  "/dev/fdset/"
#define FDS_MAX 1000

typedef struct Entry {
    gint64 set;
    int fd;
    char *opaque;
} Entry;

static GArray *entries; /* sorted by set */

static Entry *entry_at(guint i)
{
    return &g_array_index(entries, Entry, i);
}

static guint n_entries(void)
{
    return entries ? entries->len : 0;
}

static void entry_clear(gpointer data)
{
    Entry *entry = data;

    fd_clear(&entry->fd);
    g_free(entry->opaque);
}

/* The smallest number that no set has. */
static gint64 unused_set(void)
{
    gint64 set = 0;

    for (guint i = 0; i < n_entries() && entry_at(i)->set <= set; i++) {
        set = entry_at(i)->set + 1;
    }
    return set;
}

gint64 fdset_add(gint64 set, int fd, const char *opaque, GError **errp)
{
    Entry entry = { .set = set < 0 ? unused_set() : set, .fd = fd };
    guint at = 0;

    if (n_entries() >= FDS_MAX) {
        error_set(errp, "Too many file descriptors are stored in sets (%d)", FDS_MAX);
        return -1;
    }
    if (!entries) {
        entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        g_array_set_clear_func(entries, entry_clear);
    }
    while (at < entries->len && entry_at(at)->set <= entry.set) {
        at++;
    }
    entry.opaque = g_strdup(opaque);
    g_array_insert_val(entries, at, entry);
    return entry.set;
}

gboolean fdset_remove(gint64 set, int fd, GArray *removed, GError **errp)
{
    gboolean found = FALSE;

    for (guint i = n_entries(); i-- > 0;) {
        if (entry_at(i)->set == set && (fd < 0 || entry_at(i)->fd == fd)) {
            g_array_append_val(removed, entry_at(i)->fd);
            entry_at(i)->fd = -1;
            g_array_remove_index(entries, i);
            found = TRUE;
        }
    }
    if (!found && fd < 0) {
        error_set(errp, "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "' not found",
                  set);
    } else if (!found) {
        error_set(errp,
                  "File descriptor named 'fdset-id:%" G_GINT64_FORMAT
                  ", fd:%d' not found",
                  set, fd);
    }
    return found;
}

void fdset_foreach(void (*fn)(gint64 set, int fd, const char *opaque, void *data),
                   void *data)
{
    for (guint i = 0; i < n_entries(); i++) {
        fn(entry_at(i)->set, entry_at(i)->fd, entry_at(i)->opaque, data);
    }
}

/* The first one of the set, or NULL. */
static const char *note_of(const char *number)
{
    gint64 set = g_ascii_strtoll(number, NULL, 10);

    for (guint i = 0; i < n_entries(); i++) {
        if (entry_at(i)->set == set && entry_at(i)->opaque) {
            return entry_at(i)->opaque;
        }
    }
    return NULL;
}

char *fdset_explain(const char *message)
{
    GString *text = g_string_new(NULL);
    const char *name;

    while ((name = strstr(message, PREFIX))) {
        const char *number = name + strlen(PREFIX);
        gsize digits = strspn(number, "0123456789");
        const char *end = number + digits + (number[digits] == '\'');
        const char *note = digits ? note_of(number) : NULL;

        g_string_append_len(text, message, end - message);
        if (note) {
            g_autofree char *shown = error_printable(note, strlen(note));
            g_string_append_printf(text, " (%s)", shown);
        }
        message = end;
    }
    g_string_append(text, message);
    return g_string_free(text, FALSE);
}

void fdset_cleanup(void)
{
    g_clear_pointer(&entries, g_array_unref);
}

gboolean path_is_fdset(const char *path)
{
    return g_str_has_prefix(path, PREFIX);
}

static int duplicate(int fd, int flags)
{
    autofd int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int now = fcntl(fd, F_GETFL);
    int more = flags & (O_APPEND | O_DIRECT);

    if (copy < 0 || ((now & more) != more && fcntl(copy, F_SETFL, now | more) < 0)) {
        return -1;
    }
    return fd_steal(&copy);
}

static int open_from_set(const char *number, int flags)
{
    gboolean found = FALSE;
    guint64 set;

    if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT64, &set, NULL)) {
        errno = ENOENT;
        return -1;
    }
    for (guint i = 0; i < n_entries(); i++) {
        const Entry *entry = entry_at(i);

        if (entry->set != (gint64)set) {
            continue;
        }
        if ((fcntl(entry->fd, F_GETFL) & O_ACCMODE) == (flags & O_ACCMODE)) {
            return duplicate(entry->fd, flags);
        }
        found = TRUE;
    }
    errno = found ? EACCES : ENOENT;
    return -1;
}

int path_open(const char *path, int flags, mode_t mode)
{
    return path_is_fdset(path) ? open_from_set(path + strlen(PREFIX), flags)
                               : open(path, flags | O_CLOEXEC, mode);
}
