/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What front ends call. See internal.h. */
#include "config.h"

#include "chardev/internal.h"

#include "util/error.h"

void chardev_tell_front(ChardevFront *front, ChardevEvent event)
{
    if (event == CHARDEV_CLOSED) {
        front->waits = FALSE;
    }
    if (front->user->event) {
        front->user->event(front->opaque, event);
    }
}

void chardev_tell(Chardev *chr, ChardevEvent event)
{
    if (chr->backend->tell) {
        chr->backend->tell(chr, event);
    } else if (chr->front) {
        chardev_tell_front(chr->front, event);
    }
}

size_t chardev_front_room(const ChardevFront *front)
{
    return front->user->can_receive ? front->user->can_receive(front->opaque) : 0;
}

void chardev_wake(ChardevFront *front)
{
    if (front && front->waits) {
        front->waits = FALSE;
        if (front->user->writable) {
            front->user->writable(front->opaque);
        }
    }
}

static gboolean take_place(Chardev *chr, ChardevFront *front, GError **errp)
{
    if (chr->backend->attach) {
        return chr->backend->attach(chr, front, errp);
    }
    if (chr->front) {
        return error_set(errp, "chardev '%s' is already in use", chr->common.id);
    }
    chr->front = front;
    return TRUE;
}

gboolean chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                        ChardevFront **front, GError **errp)
{
    ChardevFront *f = g_new0(ChardevFront, 1), *before = *front;

    *f = (ChardevFront){ chr, user, opaque, !user->opens_itself, FALSE };
    *front = f; /* before the first event */
    if (!take_place(chr, f, errp)) {
        *front = before;
        g_free(f);
        return FALSE;
    }
    if (chr->connected) {
        chardev_resume(f);
        chardev_tell_front(f, CHARDEV_OPENED);
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

    if (!f) {
        return;
    }
    if (f->chr->backend->detach) {
        f->chr->backend->detach(f->chr, f);
    } else {
        f->chr->front = NULL;
        stream_stop(f->chr);
    }
    g_free(f);
}

/* Without its log. */
static size_t write_to_peer(ChardevFront *front, const guint8 *buf, size_t len)
{
    Chardev *chr = front->chr;

    if (!chr->connected && chr->backend->probe) {
        chr->backend->probe(chr);
    }
    if (!chr->connected || chr->backend->discard) {
        return len;
    }
    return chr->backend->write ? chr->backend->write(chr, front, buf, len)
                               : stream_write(chr, buf, len);
}

static size_t write_and_log(ChardevFront *front, const guint8 *buf, size_t len)
{
    size_t done = 0, room;

    while (done < len && (room = log_room(front->chr)) > 0) {
        size_t piece = MIN(len - done, room);
        size_t n = write_to_peer(front, buf + done, piece);

        log_add(front->chr, buf + done, n);
        done += n;
        if (n < piece) {
            break;
        }
    }
    return done;
}

size_t chardev_write(ChardevFront *front, const guint8 *buf, size_t len)
{
    size_t n =
        front->chr->log ? write_and_log(front, buf, len) : write_to_peer(front, buf, len);

    front->waits |= n < len;
    return n;
}

gboolean chardev_connected(const ChardevFront *front)
{
    return front->chr->connected;
}

void chardev_resume(ChardevFront *front)
{
    Chardev *chr = front->chr;

    if (chr->backend->resume) {
        chr->backend->resume(chr, front);
    } else {
        stream_resume(chr);
    }
}

void chardev_set_open(ChardevFront *front, gboolean open)
{
    front->open = open;
}

/* What has the descriptors. */
static Chardev *bottom(const ChardevFront *front)
{
    Chardev *chr = front->chr;
    const ChardevFront *below;

    while (chr->backend->below && (below = chr->backend->below(chr))) {
        chr = below->chr;
    }
    return chr;
}

int chardev_take_fd(ChardevFront *front)
{
    return stream_take_fd(bottom(front));
}

void chardev_disconnect(ChardevFront *front)
{
    stream_disconnect(bottom(front));
}
