/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/flash-store.h"

#include "accel/run-state.h"
#include "event/lock.h"
#include "util/error.h"
#include "util/log.h"

/* One change that is to be written, or that all before it are to be settled. */
typedef struct FlashWrite {
    BlockRequest request;
    struct iovec iov;
    FlashStore *store;
    guint64 first, end; /* bytes; empty: settle */
    guint8 tag;
    AccessHold *hold;
    gboolean activates; /* the last one of activated() */
} FlashWrite;

typedef struct Waiter {
    void (*done)(void *opaque);
    void *opaque;
} Waiter;

static void submit_first(void *opaque);

static void tell_waiters(FlashStore *s)
{
    GSList *list = g_slist_reverse(g_steal_pointer(&s->quiescing));

    for (GSList *l = list; l; l = l->next) {
        Waiter *w = l->data;
        w->done(w->opaque); /* may be the end of the store */
    }
    g_slist_free_full(list, g_free);
}

static void begin_next(FlashStore *s)
{
    if (s->writes.length) {
        event_loop_post(event_loop_main(), submit_first, s);
    } else {
        tell_waiters(s);
    }
}

static gboolean has_lost(const FlashStore *s)
{
    return s->lost_first < s->lost_end;
}

/* Tried again with the next change, and whenever all is to be settled or quiesced. */
static void keep_lost(const FlashWrite *w)
{
    FlashStore *s = w->store;

    if (w->first < w->end) {
        s->lost_first = w->first;
        s->lost_end = w->end;
        s->lost_tag = w->tag;
    }
    s->unsettled = TRUE;
}

static void write_failed(const FlashWrite *w, int error)
{
    FlashStore *s = w->store;

    keep_lost(w);
    if (!s->activated) {
        log_once("flash '%s': could not be written: %s", block_node_name(s->node),
                 error_text(error));
    } else if (!s->activated_error) {
        error_set(&s->activated_error, "Node '%s': its content could not be written: %s",
                  block_node_name(s->node), error_text(error));
    }
    if (s->failed) {
        s->failed(s->opaque, w->tag);
    }
}

static void write_done(void *opaque, int ret)
{
    FlashWrite *w = g_queue_pop_head(&((FlashWrite *)opaque)->store->writes);
    FlashStore *s = w->store;
    BlockChanged activated = NULL;
    void *activated_opaque = s->activated_opaque;
    GError *error = NULL;

    if (ret < 0) {
        write_failed(w, -ret);
    }
    if (w->activates) {
        activated = g_steal_pointer(&s->activated);
        error = g_steal_pointer(&s->activated_error);
    }
    access_release(w->hold);
    vm_quiesce_release();
    g_free(w);
    begin_next(s); /* may be the end of the store */
    if (activated) {
        activated(activated_opaque, error);
    }
}

/* Whole sectors, and what was lost before: the copy in memory is right for all of it. */
static void fill_in(FlashWrite *w)
{
    FlashStore *s = w->store;

    if (has_lost(s)) {
        w->first = MIN(w->first, s->lost_first);
        w->end = MAX(w->end, s->lost_end);
        w->tag |= s->lost_tag;
        s->lost_first = s->lost_end = 0;
    }
    w->first -= w->first % BLOCK_SECTOR_SIZE;
    w->end = (w->end + BLOCK_SECTOR_SIZE - 1) / BLOCK_SECTOR_SIZE * BLOCK_SECTOR_SIZE;
    w->iov = (struct iovec){ s->ram->host + w->first, w->end - w->first };
    w->request.op = BLOCK_WRITE;
    w->request.iov = &w->iov;
    w->request.n_iov = 1;
    w->request.offset = w->first;
    w->request.bytes = w->iov.iov_len;
}

static void submit_first(void *opaque)
{
    FlashStore *s = opaque;
    FlashWrite *w = g_queue_peek_head(&s->writes);

    w->request.op = BLOCK_FLUSH;
    w->request.done = write_done;
    w->request.opaque = w;
    if (w->first < w->end) {
        fill_in(w);
    }
    block_submit(s->user, &w->request);
}

static FlashWrite *add_write(FlashStore *s, guint64 first, guint64 end, guint8 tag)
{
    FlashWrite *w = g_new0(FlashWrite, 1);

    w->store = s;
    w->first = first;
    w->end = end;
    w->tag = tag;
    w->hold = access_hold();
    vm_quiesce_hold();
    g_queue_push_tail(&s->writes, w);
    if (s->writes.length == 1) {
        begin_next(s);
    }
    return w;
}

/* Not while the image is another process's; it gets all of the content later. */
static void retry_lost(FlashStore *s)
{
    if (has_lost(s) && block_node_is_active(s->node)) {
        add_write(s, s->lost_first, s->lost_end, s->lost_tag);
    }
}

void flash_store_changed(FlashStore *s, guint64 offset, guint64 len, guint8 tag)
{
    ram_block_mark_dirty(s->ram, offset, len);
    s->unsettled = TRUE;
    add_write(s, offset, offset + len, tag);
}

void flash_store_settle(FlashStore *s, guint8 tag)
{
    retry_lost(s);
    if ((s->unsettled && block_node_is_active(s->node)) || s->writes.length) {
        s->unsettled = FALSE;
        add_write(s, 0, 0, tag);
    }
}

void flash_store_quiesce(FlashStore *s, void (*done)(void *opaque), void *opaque)
{
    retry_lost(s);
    if (!s->writes.length) {
        done(opaque);
        return;
    }
    Waiter *w = g_new(Waiter, 1);
    *w = (Waiter){ done, opaque };
    s->quiescing = g_slist_prepend(s->quiescing, w);
}

/*
 * The image is ours now (or again): it gets the content that the migration has brought,
 * which is that of the other host's image. Until that is on stable storage the VM does
 * not go on: nothing else has the variables any more.
 */
static void activated(void *opaque, BlockChanged done, void *done_opaque)
{
    FlashStore *s = opaque;

    if (s->read_only) {
        done(done_opaque, NULL);
        return;
    }
    s->activated = done;
    s->activated_opaque = done_opaque;
    s->unsettled = FALSE;
    add_write(s, 0, s->ram->size, 0);
    add_write(s, 0, 0, 0)->activates = TRUE;
}

static gboolean fill_ram(FlashStore *s, const char *name, GError **errp)
{
    s->ram = ram_block_new(name, block_node_size(s->node), errp);
    return s->ram &&
           (block_starts_inactive() ||
            block_read_at_start(s->node, 0, s->ram->host, s->ram->size, errp)) &&
           ram_block_register(s->ram, errp);
}

gboolean flash_store_open(FlashStore *s, BlockNode *node, const char *name,
                          const char *path, GError **errp)
{
    BlockUser user = { .loop = event_loop_main(),
                       .read_only = block_node_read_only(node),
                       .activated = activated,
                       .opaque = s,
                       .name = path };

    s->user = block_node_attach(node, &user, errp);
    if (!s->user) {
        return FALSE;
    }
    s->node = node;
    s->read_only = user.read_only;
    g_queue_init(&s->writes);
    if (!fill_ram(s, name, errp)) {
        g_clear_pointer(&s->ram, ram_block_unref);
        block_node_detach(g_steal_pointer(&s->user));
        s->node = NULL;
        return FALSE;
    }
    return TRUE;
}

void flash_store_close(FlashStore *s)
{
    g_assert(!s->writes.length);
    ram_block_unregister(s->ram);
    g_clear_pointer(&s->ram, ram_block_unref);
    block_node_detach(g_steal_pointer(&s->user));
    s->node = NULL;
}
