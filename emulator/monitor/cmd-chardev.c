/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices. */
#include "config.h"

#include <string.h>

#include "monitor/chardev-args.h"
#include "monitor/commands.h"
#include "monitor/fds.h"
#include "monitor/qmp-command.h"
#include "util/error.h"

QMP_OBJECT(chardev_info, { "label", &qmp_str }, { "filename", &qmp_str },
           { "frontend-open", &qmp_bool });
QMP_LIST(chardev_info_list, &chardev_info);

static ConfigNode *cmd_query_chardev(ConfigNode *args, GError **errp)
{
    return chardev_query();
}

QMP_OBJECT(backend_info, { "name", &qmp_str });
QMP_LIST(backend_list, &backend_info);

static ConfigNode *cmd_query_backends(ConfigNode *args, GError **errp)
{
    ConfigNode *list = config_list_new();
    const KindType *type;

    for (guint i = 0; (type = chardev_kind.at(i)); i++) {
        ConfigNode *entry = config_map_new();

        config_map_set_string(entry, "name", type->name);
        config_list_add(list, entry);
    }
    return list;
}

/* Coming and going */

QMP_OBJECT(chardev_return, { "pty", &qmp_str, TRUE });
QMP_OBJECT(id_args, { "id", &qmp_str });

typedef struct Adding {
    QmpReply *reply;
    char *id;
} Adding;

static void added(void *opaque, GError *error)
{
    Adding *a = opaque;
    const Chardev *chr = error ? NULL : chardev_find(a->id);
    g_autofree char *path = chr ? chardev_pty_path(chr) : NULL;
    ConfigNode *ret = NULL;

    if (path) {
        ret = config_map_new();
        config_map_set_string(ret, "pty", path);
    }
    qmp_reply_done(a->reply, ret, error);
    g_free(a->id);
    g_free(a);
}

/* fd= that is no number is of this client's getfd. */
static gboolean lend(ConfigNode *node, QmpServer *server, QmpLentFd *lent, GError **errp)
{
    const char *name = config_map_string(node, "fd");
    g_autofree char *number = NULL;

    if (!name || g_ascii_isdigit(name[0])) {
        return TRUE;
    }
    if (!qmp_fds_lend(server, name, lent, errp)) {
        return FALSE;
    }
    number = g_strdup_printf("%d", lent->fd);
    config_map_set_string(node, "fd", number);
    return TRUE;
}

static void add_or_change(ConfigNode *args, QmpReply *reply,
                          void (*later)(ConfigNode *, ChardevDone, void *))
{
    g_autoptr(ConfigNode) node = chardev_args_node(args);
    g_auto(QmpLentFd) lent = { .name = NULL };
    GError *error = NULL;

    if (!lend(node, qmp_reply_server(reply), &lent, &error)) {
        qmp_reply_done(reply, NULL, error);
        return;
    }
    Adding *a = g_new(Adding, 1);
    *a = (Adding){ reply, g_strdup(qmp_arg_string(args, "id")) };
    later(node, added, a);
}

static void cmd_chardev_add(ConfigNode *args, QmpReply *reply)
{
    add_or_change(args, reply, chardev_add_later);
}

static void cmd_chardev_change(ConfigNode *args, QmpReply *reply)
{
    add_or_change(args, reply, chardev_change_later);
}

static ConfigNode *cmd_chardev_remove(ConfigNode *args, GError **errp)
{
    chardev_delete(qmp_arg_string(args, "id"), errp);
    return NULL;
}

static ConfigNode *cmd_send_break(ConfigNode *args, GError **errp)
{
    chardev_send_break(qmp_arg_string(args, "id"), errp);
    return NULL;
}

/* Ring buffers */

#define READ_MAX (1024 * 1024) /* of one command */

QMP_ENUM(data_format, "utf8", "base64");
QMP_OBJECT(ring_write_args, { "device", &qmp_str }, { "data", &qmp_str },
           { "format", &data_format, TRUE });
QMP_OBJECT(ring_read_args, { "device", &qmp_str }, { "size", &qmp_int },
           { "format", &data_format, TRUE });

static gboolean is_base64(ConfigNode *args)
{
    return g_strcmp0(qmp_arg_string(args, "format"), "base64") == 0;
}

static gboolean check_base64(const char *text, GError **errp)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789+/=\r\n";

    return strspn(text, letters) == strlen(text) ||
           error_set(errp, "Base64 data contains invalid characters");
}

static ConfigNode *cmd_ring_write(ConfigNode *args, GError **errp)
{
    const char *id = qmp_arg_string(args, "device"), *text = qmp_arg_string(args, "data");
    g_autofree guchar *bytes = NULL;
    gsize len = strlen(text);

    if (!is_base64(args)) {
        chardev_ringbuf_write(id, (const guint8 *)text, len, errp);
    } else if (check_base64(text, errp)) {
        bytes = g_base64_decode(text, &len);
        chardev_ringbuf_write(id, bytes, len, errp);
    }
    return NULL;
}

static ConfigNode *cmd_ring_read(ConfigNode *args, GError **errp)
{
    gint64 size = config_node_int(config_map_get(args, "size"));
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *text = NULL;

    if (size <= 0) {
        error_set(errp, "size must be greater than zero");
        return NULL;
    }
    bytes = chardev_ringbuf_read(qmp_arg_string(args, "device"),
                                 (size_t)MIN(size, READ_MAX), errp);
    if (!bytes) {
        return NULL;
    }
    g_byte_array_append(bytes, (const guint8 *)"", 1); /* of nothing there are no bytes */
    text = is_base64(args) ? g_base64_encode(bytes->data, bytes->len - 1)
                           : g_utf8_make_valid((const char *)bytes->data, bytes->len - 1);
    return config_string_new(text);
}

const QmpCommand qmp_chardev_commands[] = {
    { "query-chardev", "The character devices", cmd_query_chardev,
      .ret = &chardev_info_list },
    { "query-chardev-backends", "What character devices can be made of",
      cmd_query_backends, .ret = &backend_list },
    { "chardev-add", "Creates a character device; of a pty the reply names the terminal",
      .start = cmd_chardev_add, .args = &chardev_add_args, .ret = &chardev_return },
    { "chardev-change",
      "Puts another back end behind a character device; whoever uses it stays",
      .start = cmd_chardev_change, .args = &chardev_add_args, .ret = &chardev_return },
    { "chardev-remove", "Deletes a character device that nobody uses", cmd_chardev_remove,
      .args = &id_args },
    { "chardev-send-break", "Sends a break to whoever uses a character device",
      cmd_send_break, .args = &id_args },
    { "ringbuf-write", "Writes into a ring buffer, as the guest would", cmd_ring_write,
      .args = &ring_write_args },
    { "ringbuf-read",
      "Takes up to size bytes, at most 1 MiB, out of a ring buffer; what is not UTF-8 "
      "can "
      "only be had as base64",
      cmd_ring_read, .args = &ring_read_args, .ret = &qmp_str },
    { .name = NULL },
};
