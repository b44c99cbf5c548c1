/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of a medium is one of three, made of the same steps, each of which may have to
 * wait for the host or for what is in flight:
 *
 *   insert:            take the node -> put it in
 *   take out:                           wait until nothing is in flight -> give it back
 *   change:  open -> take -> open tray -> take out -> put in -> close the tray
 *
 * One at a time of a drive. A drive may be unplugged meanwhile: then the change ends
 * without it, with an error.
 */
#include "block/removable.h"

#include "block/node.h"
#include "block/stats.h"
#include "event/vm-event.h"
#include "util/error.h"

struct MediumChange {
    Removable *r; /* NULL: it is gone */
    char *name;   /* the drive's, for errors */
    gboolean change, force;
    BlockNode *fresh; /* comes: to be taken, or taken */
    BlockNode *old;   /* goes */
    BlockChild *user; /* of the old one, while it is attached still */
    gboolean leaves;  /* nothing is in flight: it will be detached */
    BlockChanged done;
    void *opaque;
    GError *error;
};

const char *const removable_mode_names[] = { "retain", "read-only", "read-write", NULL };

static GSList *drives; /* in the order of their adding */
static GSList *names;  /* -drive's */

/* --- drives --- */

static void resized(void *opaque)
{
    Removable *r = opaque;

    r->klass->medium_changed(r);
}

/* Nobody is attached to it any more; or it has been taken, and is not wanted. */
static void let_go(BlockNode *node, BlockChanged done, void *opaque)
{
    if (node->transient && !block_node_in_use(node)) {
        block_node_del_later(node->name, done, opaque);
    } else {
        block_node_give_later(node, done, opaque);
    }
}

static void batch_done(void *opaque);

static BlockUser user_of(Removable *r)
{
    return (BlockUser){ .loop = event_loop_main(),
                        .read_only = TRUE,
                        .share_rw = r->share_rw,
                        .resized = resized,
                        .batch_done = batch_done,
                        .opaque = r,
                        .name = r->name,
                        .stats = r->stats,
                        .drive = r->drive,
                        .removable = TRUE };
}

/* Put in at start, or when it has been taken. */
static gboolean put_in(Removable *r, BlockNode *node, GError **errp)
{
    BlockUser user = user_of(r);

    r->user = block_node_attach(node, &user, errp);
    if (!r->user) {
        return FALSE;
    }
    r->medium = node;
    r->read_only = block_node_read_only(node);
    return TRUE;
}

gboolean removable_add(Removable *r, BlockNode *medium, GError **errp)
{
    r->read_only = TRUE;
    if (medium && !put_in(r, medium, errp)) {
        return FALSE;
    }
    r->released = NULL;
    drives = g_slist_append(drives, r);
    return TRUE;
}

void removable_acquire(Removable *r, BlockNode *medium, BlockChanged done, void *opaque)
{
    BlockUser user = user_of(r);

    r->released = medium;
    if (medium) {
        block_node_take_later(medium, &user, done, opaque);
    } else {
        done(opaque, NULL);
    }
}

void removable_release(Removable *r, BlockChanged done, void *opaque)
{
    BlockNode *node = g_steal_pointer(&r->released);

    if (node) {
        let_go(node, done, opaque);
    } else {
        done(opaque, NULL);
    }
}

Removable *removable_find(const char *path)
{
    for (GSList *l = drives; l; l = l->next) {
        Removable *r = l->data;
        if (g_str_equal(r->path, path)) {
            return r;
        }
    }
    return NULL;
}

Removable *removable_find_drive(const char *drive)
{
    for (GSList *l = drives; l; l = l->next) {
        Removable *r = l->data;
        if (g_strcmp0(r->drive, drive) == 0) {
            return r;
        }
    }
    return NULL;
}

void removable_name_drive(const char *name, BlockNode *medium)
{
    names = g_slist_prepend(names, g_strdup(name));
    if (medium) {
        medium->transient = TRUE;
    }
}

gboolean removable_is_drive_name(const char *name)
{
    return g_slist_find_custom(names, name, (GCompareFunc)g_strcmp0) != NULL;
}

void removable_foreach(void (*fn)(const Removable *r, void *opaque), void *opaque)
{
    for (GSList *l = drives; l; l = l->next) {
        fn(l->data, opaque);
    }
}

/* --- the tray --- */

static gboolean set_tray(Removable *r, gboolean open)
{
    ConfigNode *data;

    if (r->tray_open == open) {
        return FALSE;
    }
    r->tray_open = open;
    data = config_map_new();
    config_map_set_string(data, "device", r->drive ? r->drive : "");
    config_map_set_string(data, "id", r->name);
    config_map_set_bool(data, "tray-open", open);
    vm_event_emit("DEVICE_TRAY_MOVED", data);
    return TRUE;
}

void removable_move_tray(Removable *r, gboolean open)
{
    set_tray(r, open);
}

/* The host's hand. */
static void move(Removable *r, gboolean open)
{
    if (set_tray(r, open)) {
        r->klass->moved(r);
    }
}

gboolean removable_open_tray(Removable *r, gboolean force, GError **errp)
{
    gboolean locked = r->locked && !r->tray_open;

    if (locked) {
        r->klass->eject_requested(r);
    }
    if (locked && !force) {
        return error_set(errp,
                         "Device '%s' is locked and force was not specified, wait for "
                         "tray to open and try again",
                         r->name);
    }
    r->locked = r->locked && !force;
    move(r, TRUE);
    return TRUE;
}

void removable_close_tray(Removable *r)
{
    move(r, FALSE);
}

/* --- changes --- */

static MediumChange *change_new(Removable *r, BlockChanged done, void *opaque)
{
    MediumChange *c = g_new0(MediumChange, 1);

    c->r = r;
    c->name = g_strdup(r->name);
    c->done = done;
    c->opaque = opaque;
    r->change = c;
    return c;
}

/* error is the change's own; the first one counts. */
static void fail(MediumChange *c, GError *error)
{
    if (c->error) {
        g_clear_error(&error);
    } else {
        c->error = error;
    }
}

static void end(MediumChange *c)
{
    if (c->r) {
        c->r->change = NULL;
    }
    c->done(c->opaque, c->error);
    g_free(c->name);
    g_free(c);
}

static void dropped(void *opaque, GError *error)
{
    if (error) {
        fail(opaque, error);
    }
    end(opaque);
}

static void given_back(void *opaque, GError *error)
{
    MediumChange *c = opaque;
    BlockNode *node = g_steal_pointer(&c->fresh);

    if (error) {
        fail(c, error);
    }
    if (node->transient) {
        block_node_del_later(node->name, dropped, c);
    } else {
        end(c);
    }
}

/* What was to come does not. */
static void drop_fresh(MediumChange *c)
{
    if (c->fresh) {
        block_node_give_later(c->fresh, given_back, c);
    } else {
        end(c);
    }
}

static gboolean is_there(MediumChange *c)
{
    GError *error = NULL;

    if (!c->r) {
        error_set(&error, "Device '%s' is gone", c->name);
        fail(c, error);
    }
    return !c->error;
}

/* The last step of all that bring one. */
static void finish(MediumChange *c)
{
    Removable *r = c->r;
    GError *error = NULL;

    if (!is_there(c)) {
        drop_fresh(c);
        return;
    }
    if (!put_in(r, c->fresh, &error)) {
        fail(c, error);
        drop_fresh(c);
        return;
    }
    c->fresh = NULL;
    r->klass->medium_changed(r);
    if (!r->tray_open) { /* the guest has closed it meanwhile */
        r->klass->moved(r);
    } else if (c->change) {
        removable_close_tray(r);
    }
    end(c);
}

/* The old one's image is the host's again. */
static void is_out(void *opaque, GError *error)
{
    MediumChange *c = opaque;

    c->old = NULL;
    if (error) {
        fail(c, error);
    }
    if (c->fresh) {
        finish(c);
    } else {
        end(c);
    }
}

static void detach_old(MediumChange *c)
{
    if (c->user) {
        block_node_detach(g_steal_pointer(&c->user));
    }
}

static void left(void *opaque)
{
    MediumChange *c = opaque;

    if (c->user && c->user->in_flight) { /* again */
        c->leaves = FALSE;
        return;
    }
    detach_old(c);
    let_go(c->old, is_out, c);
}

/* When nothing is in flight; in a turn of its own, as that is when a request ends. */
static void leave(MediumChange *c)
{
    if (c->user && !c->leaves && !c->user->in_flight) {
        c->leaves = TRUE;
        event_loop_post(event_loop_main(), left, c);
    }
}

static void batch_done(void *opaque)
{
    Removable *r = opaque;

    if (r->change) {
        leave(r->change);
    }
}

static void take_out(MediumChange *c)
{
    Removable *r = c->r;

    c->old = g_steal_pointer(&r->medium);
    c->user = g_steal_pointer(&r->user);
    block_status_ok(r->stats);
    r->klass->medium_changed(r);
    leave(c);
}

void removable_remove(Removable *r)
{
    MediumChange *c = r->change;

    drives = g_slist_remove(drives, r);
    r->released = g_steal_pointer(&r->medium);
    if (r->released) {
        block_node_detach(g_steal_pointer(&r->user));
    }
    if (c) {
        leave(c);
        detach_old(c);
        c->r = NULL;
        r->change = NULL;
    }
}

/* --- what the monitor asks for --- */

static gboolean may_change(Removable *r, GError **errp)
{
    return !r->change ||
           error_set(errp, "The medium of device '%s' is being changed", r->name);
}

static gboolean may_take_out(Removable *r, GError **errp)
{
    return may_change(r, errp) &&
           (r->tray_open || error_set(errp, "Tray of device '%s' is not open", r->name));
}

void removable_take_out_later(Removable *r, BlockChanged done, void *opaque)
{
    GError *error = NULL;

    if (!may_take_out(r, &error) || !r->medium) {
        done(opaque, error);
        return;
    }
    take_out(change_new(r, done, opaque));
}

/* The image has been taken for the drive. */
static void taken(void *opaque, GError *error)
{
    MediumChange *c = opaque;
    Removable *r = c->r;

    if (error) {
        fail(c, error);
    }
    if (!is_there(c)) {
        drop_fresh(c);
    } else if (!c->change) {
        finish(c);
    } else if (!removable_open_tray(r, c->force, &c->error)) {
        drop_fresh(c);
    } else if (r->medium) {
        take_out(c);
    } else {
        finish(c);
    }
}

static gboolean may_insert(Removable *r, const char *node, GError **errp)
{
    if (!may_change(r, errp)) {
        return FALSE;
    }
    if (!r->tray_open) {
        return error_set(errp, "Tray of the device is not open");
    }
    if (r->medium) {
        return error_set(errp, "There already is a medium in the device");
    }
    if (!block_node_find(node)) {
        return error_set(errp, "Node '%s' not found", node);
    }
    return !block_node_has_user(block_node_find(node)) ||
           error_set(errp, "Node '%s' is already in use", node);
}

/* Not yet asked for, when it fails. */
static void take(MediumChange *c, BlockNode *node)
{
    BlockUser user = user_of(c->r);
    GError *error = NULL;

    c->fresh = node;
    if (block_node_may_attach(node, &user, &error)) {
        block_node_take_later(node, &user, taken, c);
        return;
    }
    fail(c, error);
    if (node->transient) {
        drop_fresh(c);
    } else { /* another's */
        end(c);
    }
}

void removable_insert_later(Removable *r, const char *node, BlockChanged done,
                            void *opaque)
{
    GError *error = NULL;

    if (!may_insert(r, node, &error)) {
        done(opaque, error);
        return;
    }
    take(change_new(r, done, opaque), block_node_find(node));
}

static ConfigNode *image_options(const Removable *r, const RemovableImage *image)
{
    gboolean read_only = image->mode == REMOVABLE_READ_ONLY ||
                         (image->mode == REMOVABLE_RETAIN && r->read_only);
    ConfigNode *node = config_map_new(), *file = config_map_new();

    config_map_set_string(node, "driver", image->format ? image->format : "raw");
    config_map_set_bool(node, "read-only", read_only);
    config_map_set(node, "file", file);
    config_map_set_string(file, "driver", "file");
    config_map_set_bool(file, "x-or-device", TRUE);
    config_map_set_string(file, "filename", image->filename);
    return node;
}

static void opened(void *opaque, BlockNode *node, GError *error)
{
    MediumChange *c = opaque;

    if (!node) {
        fail(c, error);
        end(c);
    } else if (is_there(c)) {
        take(c, node);
    } else {
        block_node_del_later(node->name, dropped, c);
    }
}

void removable_change_later(Removable *r, const RemovableImage *image, BlockChanged done,
                            void *opaque)
{
    g_autoptr(ConfigNode) options = image_options(r, image);
    GError *error = NULL;

    if (!may_change(r, &error)) {
        done(opaque, error);
        return;
    }
    MediumChange *c = change_new(r, done, opaque);
    c->change = TRUE;
    c->force = image->force;
    block_node_add_medium_later(options, !image->format, opened, c);
}
