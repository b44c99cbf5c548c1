/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of chardevs, and what front ends call. See internal.h. */
#include "config.h"

#include "chardev/internal.h"

#include <string.h>

#include "util/error.h"

static const ChardevBackend *const backends[] = {
    &chardev_file, &chardev_null, &chardev_pty, &chardev_socket, &chardev_stdio,
};

static GPtrArray *chardevs; /* of Chardev, in order of creation */

/* Front ends */

void chardev_tell(Chardev *chr, ChardevEvent event)
{
    const ChardevFront *front = chr->front;

    if (front && front->user->event) {
        front->user->event(front->opaque, event);
    }
}

size_t chardev_room(const Chardev *chr)
{
    const ChardevFront *front = chr->front;

    return front && front->user->can_receive ? front->user->can_receive(front->opaque)
                                             : 0;
}

gboolean chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                        ChardevFront **front, GError **errp)
{
    ChardevFront *f;

    if (chr->front) {
        return error_set(errp, "chardev '%s' is already in use", chr->id);
    }
    f = g_new0(ChardevFront, 1);
    *f = (ChardevFront){ chr, user, opaque, !user->opens_itself };
    chr->front = *front = f;
    if (chr->connected) {
        chardev_resume(f);
        chardev_tell(chr, CHARDEV_OPENED);
    } else if (chr->backend->start) {
        chr->backend->start(chr);
    }
    return TRUE;
}

gboolean chardev_attach_property(const char *owner, const char *id,
                                 const ChardevUser *user, void *opaque,
                                 ChardevFront **front, GError **errp)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        return error_set(errp, "Property '%s.chardev' can't find value '%s'", owner, id);
    }
    return chardev_attach(chr, user, opaque, front, NULL) ||
           error_set(errp, "Property '%s.chardev' can't take value '%s', it's in use",
                     owner, id);
}

void chardev_detach(ChardevFront **front)
{
    ChardevFront *f = g_steal_pointer(front);

    if (f) {
        f->chr->front = NULL;
        stream_stop(f->chr);
        g_free(f);
    }
}

size_t chardev_write(ChardevFront *front, const guint8 *buf, size_t len)
{
    Chardev *chr = front->chr;

    if (!chr->connected && chr->backend->probe) {
        chr->backend->probe(chr);
    }
    return chr->connected && !chr->backend->discard ? stream_write(chr, buf, len) : len;
}

gboolean chardev_connected(const ChardevFront *front)
{
    return front->chr->connected;
}

void chardev_resume(ChardevFront *front)
{
    stream_resume(front->chr);
}

void chardev_set_open(ChardevFront *front, gboolean open)
{
    front->open = open;
}

int chardev_take_fd(ChardevFront *front)
{
    return stream_take_fd(front->chr);
}

void chardev_disconnect(ChardevFront *front)
{
    stream_disconnect(front->chr);
}

/* Life */

static void chardev_free(gpointer data)
{
    Chardev *chr = data;

    stream_clear(chr);
    if (chr->backend->free) {
        chr->backend->free(chr);
    }
    properties_clear(chr->backend->type.rows, chr->options);
    g_free(chr->options);
    g_free(chr->front);
    g_free(chr->id);
    g_free(chr);
}

static const KindType *backend_at(guint i)
{
    return i < G_N_ELEMENTS(backends) ? &backends[i]->type : NULL;
}

const Kind chardev_kind = {
    .option = "chardev",
    .tag = "backend",
    .common = kind_id_rows,
    .at = backend_at,
    .heading = "Available chardev backend types",
};

static gboolean chardev_open(Chardev *chr, ConfigNode *node, GError **errp)
{
    const KindType *type = &chr->backend->type;

    chr->options = g_malloc0(type->size);
    if (!kind_read(&chardev_kind, type, node, &chr->id, chr->options, errp)) {
        return FALSE;
    }
    if (chardev_find(chr->id)) {
        return error_set(errp, "Chardev with id '%s' already exists", chr->id);
    }
    return chr->backend->open(chr, errp);
}

Chardev *chardev_new(ConfigNode *node, GError **errp)
{
    const ChardevBackend *backend =
        KIND_OWNER(kind_type(&chardev_kind, node, errp), ChardevBackend);
    Chardev *chr;

    if (!backend) {
        return NULL;
    }
    chr = g_new0(Chardev, 1);
    chr->backend = backend;
    chr->in_fd = chr->out_fd = -1;
    if (!chardev_open(chr, node, errp)) {
        chardev_free(chr);
        return NULL;
    }
    if (!chardevs) {
        chardevs = g_ptr_array_new_with_free_func(chardev_free);
    }
    g_ptr_array_add(chardevs, chr);
    return chr;
}

Chardev *chardev_find(const char *id)
{
    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = g_ptr_array_index(chardevs, i);

        if (strcmp(chr->id, id) == 0) {
            return chr;
        }
    }
    return NULL;
}

gboolean chardev_delete(const char *id, GError **errp)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        return error_set(errp, "Chardev '%s' not found", id);
    }
    if (chr->front) {
        return error_set(errp, "Chardev '%s' is busy", id);
    }
    g_ptr_array_remove(chardevs, chr);
    return TRUE;
}

ConfigNode *chardev_query(void)
{
    ConfigNode *list = config_list_new();

    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = g_ptr_array_index(chardevs, i);
        g_autofree char *filename = chr->backend->describe(chr);
        ConfigNode *entry = config_map_new();

        config_map_set_string(entry, "label", chr->id);
        config_map_set_string(entry, "filename", filename);
        config_map_set_bool(entry, "frontend-open", chr->front && chr->front->open);
        config_list_add(list, entry);
    }
    return list;
}

void chardev_cleanup(void)
{
    g_clear_pointer(&chardevs, g_ptr_array_unref);
}
