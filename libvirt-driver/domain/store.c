/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/vir-error.h"

#define READ_MAX (64 << 20) /* bytes: many times what a client can send at once */

static gboolean fail(GError **errp, const char *what, const char *path)
{
    return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot %s '%s': %s", what, path,
                         g_strerror(errno));
}

/* What has been done there is, if not for sure after a crash: no error says it is not. */
static void sync_dir(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0) {
        g_message("cannot sync '%s': %s", dir, g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static gboolean write_all(int fd, const char *text, gsize len)
{
    while (len > 0) {
        gssize n = write(fd, text, len);

        if (n < 0 && errno != EINTR) {
            return FALSE;
        }
        if (n > 0) {
            text += n;
            len -= (gsize)n;
        }
    }
    return TRUE;
}

static gboolean put_in_place(const char *temp, const char *path, gboolean replace)
{
    if (replace) {
        return rename(temp, path) == 0;
    }
    if (link(temp, path) < 0 && errno != EEXIST) {
        return FALSE;
    }
    unlink(temp);
    return TRUE;
}

static gboolean write_file(const char *path, const char *temp, const char *text,
                           gsize length, gboolean replace, GError **errp)
{
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    gboolean ok;

    if (fd < 0) {
        return fail(errp, "create", temp);
    }
    ok = write_all(fd, text, length) && fsync(fd) == 0;
    if (!ok) {
        fail(errp, "write", temp);
    }
    close(fd);
    if (ok && !put_in_place(temp, path, replace)) {
        ok = fail(errp, "replace", path);
    }
    if (ok) {
        sync_dir(path);
    } else {
        unlink(temp);
    }
    return ok;
}

gboolean store_write(const char *path, const char *text, GError **errp)
{
    g_autofree char *temp = g_strconcat(path, ".new", NULL);

    return write_file(path, temp, text, strlen(text), TRUE, errp);
}

gboolean store_create(const char *path, const void *data, gsize length, gboolean replace,
                      GError **errp)
{
    g_autofree char *temp = g_strconcat(path, STORE_TEMP, NULL);

    return write_file(path, temp, data, length, replace, errp);
}

char *store_read(const char *path, GError **errp)
{
    struct stat st;
    char *text = NULL;

    gboolean there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s' is no regular file",
                    path);
        return NULL;
    }
    if (there && st.st_size > READ_MAX) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s' has more than %d bytes",
                    path, READ_MAX);
        return NULL;
    }
    return g_file_get_contents(path, &text, NULL, errp) ? text : NULL;
}

gboolean store_may_be_read(const GError *err)
{
    return err->domain == G_FILE_ERROR && err->code != G_FILE_ERROR_NOENT;
}

gboolean store_remove(const char *path, GError **errp)
{
    if (unlink(path) < 0) {
        return errno == ENOENT || fail(errp, "remove", path);
    }
    sync_dir(path);
    return TRUE;
}

char *store_path(const char *dir, const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);

    return g_build_filename(dir, file, NULL);
}

#define STAGED ".staged" /* not read when the daemon starts */

/* In the file of the name given. Each suffix leaves room for DOMAIN_NAME_MAX bytes. */
static gboolean save_as(const char *dir, const char *name, const char *suffix,
                        const Domain *domain, GError **errp)
{
    g_autofree char *path = store_path(dir, name, suffix);
    g_autofree char *xml = xml_domain_format(
        domain, XML_FORMAT_INACTIVE | XML_FORMAT_SECURE | XML_FORMAT_STORED);
    g_autofree char *text =
        g_strconcat("<!--\nThis file belongs to virtvireod, which reads it only when it "
                    "starts.\nChange the domain with \"virsh edit\" instead.\n-->\n\n",
                    xml, NULL);

    return store_write(path, text, errp);
}

gboolean store_save_config(const char *dir, const Domain *domain, GError **errp)
{
    return save_as(dir, domain->name, ".xml", domain, errp);
}

gboolean store_stage_config(const char *dir, const Domain *domain, GError **errp)
{
    return save_as(dir, domain->name, STAGED, domain, errp);
}

gboolean store_commit_config(const char *dir, const char *name, GError **errp)
{
    g_autofree char *staged = store_path(dir, name, STAGED);
    g_autofree char *path = store_path(dir, name, ".xml");

    if (rename(staged, path) < 0) {
        return fail(errp, "replace", path);
    }
    sync_dir(path);
    return TRUE;
}

void store_unstage_config(const char *dir, const char *name)
{
    g_autofree char *staged = store_path(dir, name, STAGED);

    unlink(staged);
}

gboolean store_remove_config(const char *dir, const char *name, GError **errp)
{
    g_autofree char *path = store_path(dir, name, ".xml");

    return store_remove(path, errp);
}

gboolean store_has_config(const char *dir, const char *name)
{
    g_autofree char *path = store_path(dir, name, ".xml");
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

gboolean store_finish_rename(const char *dir, const char *from, const char *to,
                             GError **errp)
{
    g_autofree char *renamed = store_path(dir, from, STORE_RENAMED);
    g_autofree char *path = store_path(dir, to, ".xml");

    if (store_has_config(dir, to)) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED, "'%s' is there already",
                             path);
    }
    if (!store_remove_config(dir, from, errp)) {
        return FALSE;
    }
    if (rename(renamed, path) < 0) {
        return fail(errp, "create", path);
    }
    sync_dir(path);
    return TRUE;
}

gboolean store_rename_config(const char *dir, const Domain *before, const Domain *after,
                             GError **errp)
{
    g_autofree char *renamed = store_path(dir, before->name, STORE_RENAMED);
    g_autoptr(GError) err = NULL;

    if (!save_as(dir, before->name, STORE_RENAMED, after, errp)) {
        return FALSE;
    }
    if (store_finish_rename(dir, before->name, after->name, errp)) {
        return TRUE;
    }
    if (!(store_has_config(dir, before->name) || store_save_config(dir, before, &err)) ||
        !store_remove(renamed, &err)) {
        g_message("domain '%s' will be '%s' when the daemon starts: %s", before->name,
                  after->name, err->message);
    }
    return FALSE;
}

static char *autostart_path(const char *dir, const char *name)
{
    g_autofree char *links = g_build_filename(dir, "autostart", NULL);

    return store_path(links, name, ".xml");
}

gboolean store_is_autostart(const char *dir, const char *name)
{
    g_autofree char *link = autostart_path(dir, name);
    g_autofree char *path = store_path(dir, name, ".xml");
    struct stat from, to;

    return stat(link, &from) == 0 && stat(path, &to) == 0 && from.st_dev == to.st_dev &&
           from.st_ino == to.st_ino;
}

/* Whatever else is there is none, and stays. */
static gboolean remove_link(const char *link, GError **errp)
{
    if (unlink(link) < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == EISDIR ||
               fail(errp, "remove", link);
    }
    sync_dir(link);
    return TRUE;
}

gboolean store_set_autostart(const char *dir, const char *name, gboolean on,
                             GError **errp)
{
    g_autofree char *link = autostart_path(dir, name);
    g_autofree char *links = g_path_get_dirname(link);
    g_autofree char *path = store_path(dir, name, ".xml");

    if (!on) {
        return remove_link(link, errp);
    }
    if (mkdir(links, 0700) < 0 && errno != EEXIST) {
        return fail(errp, "create", links);
    }
    if (unlink(link) < 0 && errno != ENOENT) { /* one that leads elsewhere */
        return fail(errp, "replace", link);
    }
    if (symlink(path, link) < 0) {
        return fail(errp, "create", link);
    }
    sync_dir(link);
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in dir that end in suffix; NULL with an error. */
static GPtrArray *list_names(const char *dir, const char *suffix, GError **errp)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    DIR *d = opendir(dir);
    struct dirent *entry;

    while (d && (errno = 0, entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            g_str_has_suffix(entry->d_name, suffix)) {
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
    }
    if (errno) {
        fail(errp, "read the directory", dir);
        g_clear_pointer(&names, g_ptr_array_unref);
    }
    if (d) {
        closedir(d);
    }
    return g_steal_pointer(&names);
}

gboolean store_foreach(const char *dir, const char *suffix,
                       void (*fn)(const char *path, const char *name, gpointer opaque),
                       gpointer opaque, GError **errp)
{
    g_autoptr(GPtrArray) names = list_names(dir, suffix, errp);

    if (!names) {
        return FALSE;
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const char *file = names->pdata[i];
        g_autofree char *path = g_build_filename(dir, file, NULL);
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(suffix));

        fn(path, name, opaque);
    }
    return TRUE;
}
