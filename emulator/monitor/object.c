/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects by id. At run time their files are opened and closed beside the main loop.
 *
 * #syscalls slow: openat close
 */
#include "config.h"

#include "monitor/object.h"

#include <errno.h>
#include <unistd.h>

#include "block/block.h"
#include "event/gate.h"
#include "event/loop.h"
#include "event/pending.h"
#include "event/slow.h"
#include "memory/ram.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"
#include "virtio/rng-backend.h"

typedef struct SecretOptions {
    char *data, *file, *iv, *keyid;
    int format;
} SecretOptions;

static const char *const secret_formats[] = { "raw", "base64", NULL };

static const Property secret_rows[] = {
    { "data", PROP_STRING, offsetof(SecretOptions, data), .help = "The secret" },
    { "file", PROP_STRING, offsetof(SecretOptions, file),
      .help = "The file that has it" },
    { "format", PROP_ENUM, offsetof(SecretOptions, format), "raw",
      .names = secret_formats, .help = "How it is written" },
    { "iv", PROP_STRING, offsetof(SecretOptions, iv),
      .help = "Its initialisation vector" },
    { "keyid", PROP_STRING, offsetof(SecretOptions, keyid),
      .help = "The secret that it is encrypted with" },
    { NULL },
};

/*
 * libvirt always passes its master key. Nothing here takes a secret yet, so it is
 * never read; only its name is kept.
 */
static gboolean create_secret(const void *own, const char *id, int fd, GError **errp)
{
    return TRUE;
}

static gboolean destroy_secret(const char *id, int *fd, GError **errp)
{
    return TRUE;
}

static const ObjectType object_secret = {
    { "secret", "accepted; nothing uses secrets yet", secret_rows,
      sizeof(SecretOptions) },
    create_secret,
    destroy_secret,
};

static const ObjectType *const types[] = {
    &object_iothread,   &object_memory_file,    &object_memory_memfd,
    &object_memory_ram, &object_rng_builtin,    &object_rng_random,
    &object_secret,     &object_throttle_group,
};

static GHashTable *objects; /* id -> ObjectType */

static const KindType *type_at(guint i)
{
    return i < G_N_ELEMENTS(types) ? &types[i]->type : NULL;
}

const Kind object_kind = {
    .option = "object",
    .tag = "qom-type",
    .common = kind_id_rows,
    .at = type_at,
    .heading = "List of user creatable objects",
};

static const ObjectType *find_type(ConfigNode *node, GError **errp)
{
    return KIND_OWNER(kind_type(&object_kind, node, errp), ObjectType);
}

/* What node says. */
typedef struct Options {
    const ObjectType *type;
    void *own;
    char *id;
} Options;

static void options_free(Options *o)
{
    properties_clear(o->type->type.rows, o->own);
    g_free(o->own);
    g_free(o->id);
    g_free(o);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, options_free)

static Options *options_read(ConfigNode *node, GError **errp)
{
    const ObjectType *type = find_type(node, errp);
    g_autoptr(Options) o = NULL;

    if (!type) {
        return NULL;
    }
    o = g_new0(Options, 1);
    o->type = type;
    o->own = g_malloc0(type->type.size);
    return kind_read(&object_kind, &type->type, node, &o->id, o->own, errp)
               ? g_steal_pointer(&o)
               : NULL;
}

gboolean object_check(ConfigNode *node, GError **errp)
{
    g_autoptr(Options) o = options_read(node, errp);

    return o != NULL;
}

gboolean object_check_used(ConfigNode *node, GError **errp)
{
    const ObjectType *type = find_type(node, errp);
    const char *id = config_map_string(node, "id");
    RamBlock *block = id ? ram_block_find(id) : NULL;

    return type &&
           (type->create || (block && block->backend) ||
            error_set(errp, "memory backend '%s' is not used by the machine", id));
}

/* A file that is opened or closed; the thread's. */
typedef struct File {
    char *id, *path;
    int fd, error;
} File;

/* An object that comes or goes meanwhile; the main loop's. */
typedef struct Change {
    Pending pending;
    Options *options; /* of one that comes */
} Change;

static PendingList changes;

static gboolean check_id(const char *id, GError **errp)
{
    return !((objects && g_hash_table_contains(objects, id)) ||
             pending_has_name(&changes, id)) ||
           error_set(
               errp,
               "attempt to add duplicate property '%s' to object (type 'container')", id);
}

static const char *options_path(const Options *o)
{
    return o->type->path ? o->type->path(o->own) : NULL;
}

static gboolean create(const Options *o, int fd, GError **errp)
{
    if (o->type->create && !o->type->create(o->own, o->id, fd, errp)) {
        return FALSE;
    }
    if (!objects) {
        objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    g_hash_table_insert(objects, g_strdup(o->id), (gpointer)o->type);
    return TRUE;
}

static void file_open(File *f)
{
    f->fd = path_open(f->path, O_RDONLY | O_NONBLOCK, 0);
    f->error = f->fd < 0 ? errno : 0;
}

static gboolean file_check(const File *f, GError **errp)
{
    return !f->error || error_set_errno(errp, f->error, "Could not open '%s'", f->path);
}

/* At start, and where nobody is asked but ourselves. */
static gboolean create_now(const Options *o, GError **errp)
{
    File f = { .path = (char *)options_path(o), .fd = -1 };

    if (f.path) {
        file_open(&f);
    }
    if (file_check(&f, errp) && create(o, f.fd, errp)) {
        return TRUE;
    }
    fd_clear(&f.fd);
    return FALSE;
}

gboolean object_add(ConfigNode *node, GError **errp)
{
    g_autoptr(Options) o = options_read(node, errp);

    return o && check_id(o->id, errp) && create_now(o, errp);
}

static File *file_new(const char *id, const char *path, int fd)
{
    File *f = g_new(File, 1);

    *f = (File){ g_strdup(id), g_strdup(path), fd, 0 };
    return f;
}

static void file_run(void *data)
{
    File *f = data;

    gate_pass(f->id);
    if (f->path) {
        file_open(f);
    } else {
        fd_clear(&f->fd);
    }
}

/* On its thread, but where all is done, or create() has failed. */
static void file_free(void *data)
{
    File *f = data;

    fd_clear(&f->fd);
    g_free(f->id);
    g_free(f->path);
    g_free(f);
}

static Change *change_new(const char *id, Options *options, ObjectChanged done,
                          void *opaque)
{
    Change *c = g_new(Change, 1);

    pending_begin(&c->pending, &changes, done, opaque);
    pending_take_name(&c->pending, id);
    c->options = options;
    return c;
}

static void change_end(Change *c, GError *error)
{
    pending_end(&c->pending, error);
    g_clear_pointer(&c->options, options_free);
    g_free(c);
}

static void closed(void *opaque, void *data)
{
    g_clear_pointer(&data, file_free);
    change_end(opaque, NULL);
}

static void opened(void *opaque, void *data)
{
    Change *c = opaque;
    File *f = data;
    GError *error = NULL;

    if (!f) {
        error_set(&error, "The emulator ends before object '%s' is there",
                  pending_name(&c->pending));
    } else if (file_check(f, &error) && create(c->options, f->fd, &error)) {
        f->fd = -1;
    }
    g_clear_pointer(&f, file_free);
    change_end(c, error);
}

static gboolean may_come(const Options *o, GError **errp)
{
    if (o->type->type.cold) {
        return error_set(errp, "object type %s cannot be added at run time",
                         o->type->type.name);
    }
    return check_id(o->id, errp);
}

/* The sets of descriptors are the main loop's. */
static gboolean asks_host(const Options *o)
{
    const char *path = options_path(o);

    return path && !path_is_fdset(path);
}

void object_add_later(ConfigNode *node, ObjectChanged done, void *opaque)
{
    static const SlowCall calls = { file_run, opened, file_free };
    GError *error = NULL;
    g_autoptr(Options) o = options_read(node, &error);

    if (!o || !may_come(o, &error) || !asks_host(o)) {
        if (!error) {
            create_now(o, &error);
        }
        done(opaque, error);
        return;
    }
    File *f = file_new(o->id, options_path(o), -1);
    Change *c = change_new(o->id, o, done, opaque);
    g_steal_pointer(&o);
    if (!slow_start(&calls, f, c, &error)) {
        file_free(f);
        change_end(c, error);
    }
}

static gboolean destroy(const char *id, int *fd, GError **errp)
{
    const ObjectType *type = objects ? g_hash_table_lookup(objects, id) : NULL;

    if (!type) {
        return error_set(errp, "object '%s' not found", id);
    }
    if (type->type.cold) {
        return error_set(errp, "object '%s' is in use, can not be deleted", id);
    }
    if (!type->destroy(id, fd, errp)) {
        return FALSE;
    }
    g_hash_table_remove(objects, id);
    return TRUE;
}

void object_del_later(const char *id, ObjectChanged done, void *opaque)
{
    static const SlowCall calls = { file_run, closed, file_free };
    GError *error = NULL;
    int fd = -1;

    if (!destroy(id, &fd, &error) || fd < 0) {
        done(opaque, error);
        return;
    }
    File *f = file_new(id, NULL, fd);
    Change *c = change_new(id, NULL, done, opaque);
    if (!slow_start(&calls, f, c, NULL)) {
        closed(c, f); /* here, then */
    }
}

void object_foreach(void (*fn)(const char *id, const char *type, void *opaque),
                    void *opaque)
{
    GHashTableIter iter;
    gpointer id, type;

    if (!objects) {
        return;
    }
    g_hash_table_iter_init(&iter, objects);
    while (g_hash_table_iter_next(&iter, &id, &type)) {
        fn(id, ((const ObjectType *)type)->type.name, opaque);
    }
}

void object_cleanup(void)
{
    GHashTableIter iter;
    gpointer id, type;

    if (!objects) {
        return;
    }
    g_hash_table_iter_init(&iter, objects);
    while (g_hash_table_iter_next(&iter, &id, &type)) {
        int fd = -1;
        if (((const ObjectType *)type)->destroy) {
            ((const ObjectType *)type)->destroy(id, &fd, NULL);
        }
        fd_clear(&fd);
    }
    g_clear_pointer(&objects, g_hash_table_unref);
}
