/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the users of block nodes in one event loop share: an io_uring, and one eventfd
 * that tells of completions, the ring's and the workers'.
 *
 * A request goes to the ring if that exists and the kernel can take it as it is;
 * else to a worker. So does what came back short or with EAGAIN: the worker does
 * the rest. All of this runs in the loop's thread, except block_loop_complete().
 *
 * #syscalls main: eventfd2
 * #syscalls main,io: read write close
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "block/file.h"
#include "event/turn.h"
#include "util/error.h"
#include "util/fd.h"

/* What this thread may have to copy at once; more is for a worker. */
#define URING_BYTES_MAX (2u << 20)

struct BlockLoop {
    EventLoop *loop;
    unsigned refs; /* main loop only */
    int eventfd;
    EventHandler *handler;
    BlockUring *uring;
    gboolean no_uring;
    gboolean completing; /* requests' done() and batch_done() are called */
    gboolean unused;     /* since then: goes after them */
    unsigned plugged;
    BlockRequest *waiting, *waiting_tail; /* the ring is full */

    GMutex lock; /* for: */
    BlockRequest *finished;
};

static GSList *loops; /* main loop only */

void block_loop_complete(BlockLoop *bl, BlockRequest *r, int ret)
{
    g_mutex_lock(&bl->lock);
    r->ret = ret;
    r->next = bl->finished;
    bl->finished = r;
    if (!r->next) {
        fd_signal(bl->eventfd); /* within the lock: the loop may go away after the last */
    }
    g_mutex_unlock(&bl->lock);
}

static void add_waiting(BlockLoop *bl, BlockRequest *r)
{
    r->next = NULL;
    if (bl->waiting) {
        bl->waiting_tail->next = r;
    } else {
        bl->waiting = r;
    }
    bl->waiting_tail = r;
}

/* Is there a ring for this request? Makes it when the first one comes. */
static gboolean wants_uring(BlockLoop *bl, const BlockRequest *r)
{
    if (r->op > BLOCK_FLUSH || r->bytes > URING_BYTES_MAX ||
        block_file(r->node)->aio == BLOCK_AIO_THREADS || bl->no_uring) {
        return FALSE;
    }
    if (!bl->uring) {
        bl->uring = block_uring_new(bl->eventfd);
        bl->no_uring = !bl->uring;
    }
    return bl->uring && (r->op == BLOCK_FLUSH || file_io_is_direct_ready(r->node, r));
}

static void uring_submit(BlockLoop *bl)
{
    if (!block_uring_submit(bl->uring)) {
        fd_signal(bl->eventfd);
    }
}

void block_loop_submit(BlockRequest *r)
{
    BlockLoop *bl = r->user->loop;

    if (r->op == BLOCK_FLUSH &&
        (r->node->no_flush || g_atomic_int_get(&block_file(r->node)->flush_error))) {
        block_loop_complete(bl, r, -g_atomic_int_get(&block_file(r->node)->flush_error));
        return;
    }
    if (!wants_uring(bl, r)) {
        block_worker_submit(r);
        return;
    }
    turn_count(TURN_BLOCK_BYTES, r->bytes);
    if (bl->waiting || !block_uring_queue(bl->uring, r)) {
        add_waiting(bl, r);
    }
    if (!bl->plugged) {
        uring_submit(bl);
    }
}

void block_loop_plug(BlockLoop *bl)
{
    bl->plugged++;
}

void block_loop_unplug(BlockLoop *bl)
{
    if (--bl->plugged == 0 && bl->uring) {
        uring_submit(bl);
    }
}

static void request_done(BlockRequest *r, int ret, BlockChild **completed)
{
    BlockChild *user = r->user;

    turn_count(TURN_BLOCK_DONE, 1);
    if (r->serialised) {
        block_serialise_end(r);
    }
    if (!user->completed) {
        user->completed = TRUE;
        user->next_completed = *completed;
        *completed = user;
    }
    if (r->frames) {
        block_request_ended(r);
    }
    user->in_flight--;
    r->op = r->asked;
    gboolean idle = user->drains && !user->in_flight;
    r->done(r->opaque, ret); /* r may be gone now */
    if (idle) {              /* then the drain has the user still */
        block_drain_idle(user);
    }
}

static void uring_done(BlockRequest *r, int res, BlockChild **completed)
{
    gboolean moves = r->op == BLOCK_READ || r->op == BLOCK_WRITE;

    if (res == -EAGAIN || res == -EINTR ||
        (moves && res >= 0 && (guint64)res < r->bytes)) {
        r->moved = MAX(res, 0);
        if (r->node->direct) { /* the end of the file may be in mid-sector */
            r->moved -= r->moved % block_file(r->node)->dio_align;
        }
        block_worker_submit(r);
        return;
    }
    if (r->op == BLOCK_FLUSH && res < 0 && !r->node->direct) {
        g_atomic_int_set(&block_file(r->node)->flush_error, -res);
    }
    request_done(r, MIN(res, 0), completed);
}

/* Those that workers have ended: what this turn has no room for is put back. */
static void reap_finished(BlockLoop *bl, BlockChild **completed)
{
    BlockRequest *r, *next, *last;

    g_mutex_lock(&bl->lock);
    r = g_steal_pointer(&bl->finished);
    g_mutex_unlock(&bl->lock);
    for (; r && !turn_over(); r = next) {
        next = r->next;
        request_done(r, r->ret, completed);
    }
    if (!r) {
        return;
    }
    for (last = r; last->next; last = last->next) {
    }
    g_mutex_lock(&bl->lock);
    last->next = bl->finished;
    bl->finished = r;
    g_mutex_unlock(&bl->lock);
}

static void reap(BlockLoop *bl, BlockChild **completed)
{
    BlockRequest *r;
    int res;

    while (bl->uring && !turn_over() && (r = block_uring_reap(bl->uring, &res))) {
        uring_done(r, res, completed);
    }
    reap_finished(bl, completed);
    if (turn_over()) {
        fd_signal(bl->eventfd); /* the rest in another turn */
    }
}

/* One that has been detached meanwhile has nobody to be told. */
static void tell_batch(BlockChild *completed)
{
    while (completed) {
        BlockChild *c = completed;
        completed = c->next_completed;
        c->completed = FALSE;
        if (c->hold == BLOCK_HOLD_ATTACHED && c->user.batch_done) {
            c->user.batch_done(c->user.opaque);
        } else if (c->hold == BLOCK_HOLD_GONE && !c->refs) {
            g_free(c);
        }
    }
}

static void loop_free(void *opaque)
{
    BlockLoop *bl = opaque;

    event_handler_remove(bl->handler);
    g_mutex_lock(&bl->lock); /* the last worker has left block_loop_complete() */
    g_mutex_unlock(&bl->lock);
    if (bl->uring) {
        block_uring_free(bl->uring);
    }
    close(bl->eventfd);
    g_mutex_clear(&bl->lock);
    g_free(bl);
}

/* Whose request is done may detach the last node: the loop stays until this is over. */
static void loop_ready(void *opaque, GIOCondition ready)
{
    BlockLoop *bl = opaque;
    BlockChild *completed = NULL;
    guint64 count;

    if (read(bl->eventfd, &count, sizeof(count)) < 0) {
        return;
    }
    bl->completing = TRUE;
    block_loop_plug(bl);
    reap(bl, &completed);
    while (bl->waiting && block_uring_queue(bl->uring, bl->waiting)) {
        bl->waiting = bl->waiting->next;
    }
    tell_batch(completed);
    block_loop_unplug(bl);
    bl->completing = FALSE;
    if (bl->unused) {
        loop_free(bl);
    }
}

BlockLoop *block_loop_get(EventLoop *loop, GError **errp)
{
    for (GSList *l = loops; l; l = l->next) {
        BlockLoop *bl = l->data;
        if (bl->loop == loop) {
            bl->refs++;
            return bl;
        }
    }
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        error_set(errp, "eventfd: %s", error_text(errno));
        return NULL;
    }
    BlockLoop *bl = g_new0(BlockLoop, 1);
    bl->loop = loop;
    bl->refs = 1;
    bl->eventfd = fd;
    g_mutex_init(&bl->lock);
    bl->handler = event_loop_add_fd(loop, fd, G_IO_IN, loop_ready, bl);
    loops = g_slist_prepend(loops, bl);
    return bl;
}

void block_loop_put(BlockLoop *bl)
{
    if (--bl->refs) {
        return;
    }
    loops = g_slist_remove(loops, bl);
    if (event_loop_current() != bl->loop) {
        event_loop_post(bl->loop, loop_free, bl);
    } else if (bl->completing) {
        bl->unused = TRUE;
    } else {
        loop_free(bl);
    }
}
