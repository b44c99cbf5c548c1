/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chardev-add and chardev-change. The host is asked (files, sockets, terminals) beside
 * the main loop, see event/slow.h; until it has answered the chardev is in no list, and
 * its name is taken. What has gone wrong by then has changed nothing.
 */
#include "config.h"

#include "chardev/internal.h"
#include "event/gate.h"
#include "event/pending.h"
#include "event/slow.h"
#include "util/error.h"

/* The thread's, until it is back. */
typedef struct Host {
    Chardev *chr;
    GError *error;
} Host;

/* What the main loop keeps meanwhile. */
typedef struct Change {
    Pending pending;
    gboolean replace;
} Change;

static PendingList changes;

static gboolean may_add(const char *id, GError **errp)
{
    return !(chardev_find(id) || pending_has_name(&changes, id)) ||
           error_set(errp, "Chardev with id '%s' already exists", id);
}

/* What id names, if another may take its place. */
static Chardev *may_replace(const Chardev *by, GError **errp)
{
    Chardev *old = chardev_find(by->common.id);

    if (!old) {
        error_set(errp, "Chardev '%s' does not exist", by->common.id);
    } else if (old->backend == &chardev_mux || by->backend == &chardev_mux) {
        error_set(errp, "Mux device hotswap not supported yet");
    } else if (old->front && old->front->user->unchangeable) {
        error_set(errp, "Chardev user does not support chardev hotswap");
    } else {
        return old;
    }
    return NULL;
}

static void replace(Chardev *old, Chardev *chr)
{
    ChardevFront *front = old->front;
    gboolean was = old->connected;

    chardev_replace(old, chr);
    if (!front) {
        return;
    }
    if (chr->connected) {
        chardev_resume(front);
    } else if (chr->backend->start) {
        chr->backend->start(chr);
    }
    if (was != chr->connected) {
        chardev_tell_front(front, was ? CHARDEV_CLOSED : CHARDEV_OPENED);
    } else {
        chardev_wake(front);
    }
}

/* All is there: it goes into service, or nothing has changed. */
static gboolean put(Chardev *chr, gboolean replaces, GError **errp)
{
    Chardev *old = replaces ? may_replace(chr, errp) : NULL;

    if ((replaces && !old) || (chr->backend->open && !chr->backend->open(chr, errp))) {
        return FALSE;
    }
    if (old) {
        replace(old, chr);
    } else {
        chardev_list(chr);
    }
    return TRUE;
}

static void host_ask(void *data)
{
    Host *h = data;

    gate_pass(h->chr->common.id);
    chardev_prepare(h->chr, &h->error);
}

static void host_free(void *data)
{
    Host *h = data;

    g_clear_error(&h->error);
    g_clear_pointer(&h->chr, chardev_free);
    g_free(h);
}

static void change_end(Change *c, GError *error)
{
    if (error && !c->replace) { /* as QEMU says it, and does not */
        g_prefix_error(&error, "Failed to add chardev '%s': ", pending_name(&c->pending));
    }
    pending_end(&c->pending, error);
    g_free(c);
}

static void host_answered(void *opaque, void *data)
{
    Change *c = opaque;
    Host *h = data;
    GError *error = NULL;

    if (!h) {
        error_set(&error, "The emulator ends");
    } else if (h->error) {
        error = g_steal_pointer(&h->error);
    } else if (put(h->chr, c->replace, &error)) {
        h->chr = NULL;
    }
    if (h) {
        if (h->chr) {
            h->chr->retired = TRUE;
        }
        host_free(h);
    }
    change_end(c, error);
}

/* Takes chr over. */
static void change_begin(Chardev *chr, gboolean replaces, ChardevDone done, void *opaque)
{
    static const SlowCall calls = { host_ask, host_answered, host_free };
    Change *c = g_new0(Change, 1);
    Host *h = g_new0(Host, 1);
    GError *error = NULL;

    pending_begin(&c->pending, &changes, done, opaque);
    pending_take_name(&c->pending, chr->common.id);
    c->replace = replaces;
    h->chr = chr;
    if ((chr->backend->check && !chr->backend->check(chr, &error)) ||
        !log_check(chr, &error)) {
        h->error = error;
        host_answered(c, h);
    } else if (!chr->backend->prepare && !chr->log) {
        host_answered(c, h); /* it has nothing to ask */
    } else if (!slow_start(&calls, h, c, &h->error)) {
        host_answered(c, h);
    }
}

static Chardev *alloc_late(ConfigNode *node, GError **errp)
{
    Chardev *chr = chardev_alloc(node, errp);

    if (chr) {
        chr->late = TRUE;
    }
    return chr;
}

void chardev_add_later(ConfigNode *node, ChardevDone done, void *opaque)
{
    GError *error = NULL;
    Chardev *chr = alloc_late(node, &error);

    if (chr && may_add(chr->common.id, &error)) {
        change_begin(chr, FALSE, done, opaque);
        return;
    }
    g_clear_pointer(&chr, chardev_free);
    done(opaque, error);
}

void chardev_change_later(ConfigNode *node, ChardevDone done, void *opaque)
{
    GError *error = NULL;
    Chardev *chr = alloc_late(node, &error);

    if (chr && may_replace(chr, &error)) {
        if (!pending_has_name(&changes, chr->common.id)) {
            change_begin(chr, TRUE, done, opaque);
            return;
        }
        error_set(&error, "Chardev '%s' is being changed", chr->common.id);
    }
    g_clear_pointer(&chr, chardev_free);
    done(opaque, error);
}
