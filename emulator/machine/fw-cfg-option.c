/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -fw_cfg: items of the user's for the guest. */
#include "config.h"

#include "machine/fw-cfg-option.h"

#include <errno.h>
#include <string.h>

#include "hw/fw-cfg.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"
#include "util/log.h"

#define OWN_NAMES "opt/" /* what others do not use */
#define MAX_FILE  (256u << 20)

typedef struct UserFile {
    char *name;
    GByteArray *bytes;
} UserFile;

static void user_file_free(gpointer p)
{
    UserFile *file = p;

    g_free(file->name);
    g_byte_array_unref(file->bytes);
    g_free(file);
}

GPtrArray *fw_cfg_option_new(void)
{
    return g_ptr_array_new_with_free_func(user_file_free);
}

/* What is there to its end: also a pipe's. */
static gboolean read_file(const char *path, GByteArray *to, GError **errp)
{
    autofd int fd = path_open(path, O_RDONLY, 0);

    if (fd < 0 || !fd_read_up_to(fd, MAX_FILE, to)) {
        return error_set_errno(errp, errno, "can't load %s", path);
    }
    return to->len <= MAX_FILE ||
           error_set(errp, "can't load %s: more than %u MiB", path, MAX_FILE >> 20);
}

static gboolean is_there(const char *text)
{
    return text && *text;
}

/* One of both is there. */
static gboolean add(GPtrArray *files, const char *name, const char *path,
                    const char *text, GError **errp)
{
    UserFile *file = g_new0(UserFile, 1);

    file->name = g_strdup(name);
    file->bytes = g_byte_array_new();
    g_ptr_array_add(files, file);
    if (is_there(path)) {
        return read_file(path, file->bytes, errp);
    }
    g_byte_array_append(file->bytes, (const guint8 *)text, strlen(text));
    return TRUE;
}

static gboolean check_one(GPtrArray *files, ConfigNode *node, GError **errp)
{
    const char *name, *path, *text, *object;

    if (!config_get_string(node, "name", NULL, &name, errp) ||
        !config_get_string(node, "file", NULL, &path, errp) ||
        !config_get_string(node, "string", NULL, &text, errp) ||
        !config_get_string(node, "gen_id", NULL, &object, errp) ||
        !config_check_unused(node, errp)) {
        return FALSE;
    }
    if (is_there(object)) {
        return error_set(errp, "gen_id=%s: there are no objects that make such items",
                         object);
    }
    if (!is_there(name) || is_there(path) == is_there(text)) {
        return error_set(errp, "name, plus exactly one of file and string, are needed");
    }
    if (strlen(name) > FW_CFG_NAME_MAX) {
        return error_set(errp, "name too long (max. %u char)", FW_CFG_NAME_MAX);
    }
    if (!g_str_has_prefix(name, OWN_NAMES)) {
        log_warn("-fw_cfg name=%s: externally provided fw_cfg item names should be "
                 "prefixed with \"" OWN_NAMES "\"",
                 name);
    }
    return add(files, name, path, text, errp);
}

gboolean fw_cfg_option_check(GPtrArray *files, ConfigNode *config, GError **errp)
{
    ConfigNode *list;

    if (!config_get_node(config, "fw_cfg", CONFIG_LIST, &list, errp)) {
        return FALSE;
    }
    for (guint i = 0; list && i < config_list_size(list); i++) {
        ConfigNode *node = config_list_at(list, i);

        if (!check_one(files, node, errp)) {
            config_prefix_origin(node, "-fw_cfg", errp);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean fw_cfg_option_add(const GPtrArray *files, Device *dev, GError **errp)
{
    for (guint i = 0; i < files->len; i++) {
        const UserFile *file = files->pdata[i];

        if (!fw_cfg_add_file(dev, file->name, file->bytes->data, file->bytes->len,
                             errp)) {
            g_prefix_error(errp, "-fw_cfg name=%s: ", file->name);
            return FALSE;
        }
    }
    return TRUE;
}
