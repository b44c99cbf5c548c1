/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of chardevs, and how they come and go at start. See internal.h. */
#include "config.h"

#include "chardev/internal.h"

#include <string.h>

#include "util/error.h"

static const ChardevBackend *const backends[] = {
    &chardev_file, &chardev_mux,     &chardev_null,   &chardev_pipe,
    &chardev_pty,  &chardev_ringbuf, &chardev_socket, &chardev_stdio,
};

static GPtrArray *chardevs; /* of Chardev, in order of creation */

static const Property common_rows[] = {
    { "id", PROP_ID, offsetof(ChardevCommon, id), .max = CONFIG_ID_MAX, .required = TRUE,
      .help = "Its name" },
    { "mux", PROP_BOOL, offsetof(ChardevCommon, mux), "off",
      .help = "Several front ends, chosen with Control-A c; the back end is ID-base" },
    { "logfile", PROP_STRING, offsetof(ChardevCommon, logfile),
      .help = "A file that gets all output as well" },
    { "logappend", PROP_BOOL, offsetof(ChardevCommon, logappend), "off",
      .help = "After what the log has" },
    { NULL },
};

static const KindType *backend_at(guint i)
{
    return i < G_N_ELEMENTS(backends) ? &backends[i]->type : NULL;
}

const Kind chardev_kind = {
    .option = "chardev",
    .tag = "backend",
    .common = common_rows,
    .at = backend_at,
    .heading = "Available chardev backend types",
};

void chardev_free(gpointer data)
{
    Chardev *chr = data;

    stream_clear(chr);
    if (chr->backend->free) {
        chr->backend->free(chr);
    }
    log_free(chr);
    properties_clear(chr->backend->type.rows, chr->options);
    properties_clear(common_rows, &chr->common);
    g_free(chr->options);
    g_free(chr->front);
    g_free(chr);
}

Chardev *chardev_alloc(ConfigNode *node, GError **errp)
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
    chr->options = g_malloc0(backend->type.size);
    if (!kind_read(&chardev_kind, &backend->type, node, &chr->common, chr->options,
                   errp)) {
        chardev_free(chr);
        return NULL;
    }
    return chr;
}

void chardev_list(Chardev *chr)
{
    if (!chardevs) {
        chardevs = g_ptr_array_new_with_free_func(chardev_free);
    }
    g_ptr_array_add(chardevs, chr);
}

gboolean chardev_prepare(Chardev *chr, GError **errp)
{
    return log_prepare(chr, errp) &&
           (!chr->backend->prepare || chr->backend->prepare(chr, errp));
}

static gboolean chardev_open(Chardev *chr, GError **errp)
{
    return (!chr->backend->check || chr->backend->check(chr, errp)) &&
           log_check(chr, errp) && chardev_prepare(chr, errp) &&
           (!chr->backend->open || chr->backend->open(chr, errp));
}

static gboolean check_free(const char *id, GError **errp)
{
    return !chardev_find(id) ||
           error_set(errp, "Chardev with id '%s' already exists", id);
}

/* mux=on: what was asked for becomes ID-base, and ID is a mux on it. */
static Chardev *add_mux(Chardev *base, GError **errp)
{
    g_autoptr(ConfigNode) node = config_map_new();
    g_autofree char *id = g_steal_pointer(&base->common.id);

    base->common.id = g_strdup_printf("%s-base", id);
    config_map_set_string(node, "backend", "mux");
    config_map_set_string(node, "id", id);
    config_map_set_string(node, "chardev", base->common.id);
    return check_free(id, errp) ? chardev_new(node, errp) : NULL;
}

Chardev *chardev_new(ConfigNode *node, GError **errp)
{
    Chardev *chr = chardev_alloc(node, errp), *mux;

    if (!chr) {
        return NULL;
    }
    if (!check_free(chr->common.id, errp) || !chardev_open(chr, errp)) {
        chardev_free(chr);
        return NULL;
    }
    chardev_list(chr);
    if (!chr->common.mux) {
        return chr;
    }
    mux = add_mux(chr, errp);
    if (!mux) {
        g_ptr_array_remove(chardevs, chr);
    }
    return mux;
}

Chardev *chardev_find(const char *id)
{
    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = g_ptr_array_index(chardevs, i);

        if (strcmp(chr->common.id, id) == 0) {
            return chr;
        }
    }
    return NULL;
}

static gboolean is_open(const Chardev *chr)
{
    return chr->backend->is_open ? chr->backend->is_open(chr)
                                 : chr->front && chr->front->open;
}

static gboolean is_busy(const Chardev *chr)
{
    return chr->front || (chr->backend->is_busy && chr->backend->is_busy(chr));
}

void chardev_replace(Chardev *old, Chardev *chr)
{
    guint at;

    if (g_ptr_array_find(chardevs, old, &at)) {
        ChardevFront *front = g_steal_pointer(&old->front);

        chr->front = front;
        if (front) {
            front->chr = chr;
        }
        chardevs->pdata[at] = chr;
        old->retired = TRUE;
        chardev_free(old);
    }
}

/* What mux=on has made goes together. */
static void remove_one(Chardev *chr)
{
    const ChardevFront *below = chr->backend->below ? chr->backend->below(chr) : NULL;
    Chardev *base = below && below->chr->common.mux ? below->chr : NULL;
    guint at;

    if (g_ptr_array_find(chardevs, chr, &at)) {
        g_ptr_array_steal_index(chardevs, at);
        chr->retired = TRUE;
        chardev_free(chr);
    }
    if (base) {
        remove_one(base);
    }
}

gboolean chardev_delete(const char *id, GError **errp)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        return error_set(errp, "Chardev '%s' not found", id);
    }
    if (is_busy(chr)) {
        return error_set(errp, "Chardev '%s' is busy", id);
    }
    remove_one(chr);
    return TRUE;
}

gboolean chardev_send_break(const char *id, GError **errp)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        return error_set(errp, "Chardev '%s' not found", id);
    }
    chardev_tell(chr, CHARDEV_BREAK);
    return TRUE;
}

ConfigNode *chardev_query(void)
{
    ConfigNode *list = config_list_new();

    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        Chardev *chr = g_ptr_array_index(chardevs, i);
        g_autofree char *filename = chr->backend->describe
                                        ? chr->backend->describe(chr)
                                        : g_strdup(chr->backend->type.name);
        ConfigNode *entry = config_map_new();

        config_map_set_string(entry, "label", chr->common.id);
        config_map_set_string(entry, "filename", filename);
        config_map_set_bool(entry, "frontend-open", is_open(chr));
        config_list_add(list, entry);
    }
    return list;
}

/* The last one first: a mux lets go of what is below it. */
void chardev_cleanup(void)
{
    while (chardevs && chardevs->len) {
        g_ptr_array_remove_index(chardevs, chardevs->len - 1);
    }
    g_clear_pointer(&chardevs, g_ptr_array_unref);
}
