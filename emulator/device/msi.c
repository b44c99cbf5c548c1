/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI vectors. The eventfd of one that is not masked is attached: to KVM, which needs a
 * GSI and its route, or to a handler on the main loop where KVM cannot or a route is
 * refused. Masking detaches it. What is signalled meanwhile is the eventfd's count, so
 * nothing is ever lost between the two, and what is signalled twice comes once.
 *
 * KVM fires for an eventfd that has a count when it is attached, but leaves the count,
 * which would then be taken for a pending interrupt: see attach_irqfd().
 *
 * A vCPU masks and unmasks its vectors itself, and starts and stops who signals them:
 * #syscalls vcpu: eventfd2 close read write
 */
#include "config.h"

#include "device/msi.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event/lock.h"
#include "event/loop.h"
#include "util/error.h"
#include "util/log.h"

static GPtrArray *queue; /* vectors that are to be attached, or get another route */
static guint batches;    /* begun, and not ended */

void msi_vector_init(MsiVector *v)
{
    *v = (MsiVector){ .masked = TRUE, .fd = -1, .gsi = -1 };
}

static void send(MsiVector *v)
{
    v->pending = FALSE;
    accel_get()->send_msi(&v->message);
}

/* Takes what has been signalled; FALSE: nothing, or there is no eventfd. */
static gboolean drain(const MsiVector *v)
{
    eventfd_t count;
    return v->fd >= 0 && eventfd_read(v->fd, &count) == 0;
}

/* Routes */

static void drop_gsi(MsiVector *v)
{
    if (v->gsi >= 0) {
        accel_get()->set_gsi_route((unsigned)v->gsi, NULL); /* with the next commit */
        accel_gsi_free(v->gsi);
        v->gsi = -1;
    }
}

static gboolean set_route(MsiVector *v, GError **errp)
{
    if (v->gsi < 0) {
        v->gsi = accel_gsi_alloc(errp);
    }
    return v->gsi >= 0 && accel_get()->set_gsi_route((unsigned)v->gsi, &v->message);
}

static void detach(MsiVector *v)
{
    if (v->in_kernel) {
        accel_get()->del_irqfd((unsigned)v->gsi, v->fd);
        v->in_kernel = FALSE;
    }
    g_clear_pointer(&v->handler, event_handler_remove);
}

static void route_failed(MsiVector *v, const GError *error)
{
    if (error) {
        log_once("an interrupt takes the way through the main loop: %s", error->message);
    }
    detach(v);
    drop_gsi(v);
}

/* One of them is refused: each by itself, and without those that are. */
static void commit_one_by_one(void)
{
    for (guint i = 0; i < queue->len; i++) {
        MsiVector *v = g_ptr_array_index(queue, i);
        g_autoptr(GError) error = NULL;
        if (!set_route(v, &error) || !accel_get()->commit_gsi_routes(&error)) {
            route_failed(v, error);
        }
    }
}

static void commit_routes(void)
{
    for (guint i = 0; i < queue->len; i++) {
        MsiVector *v = g_ptr_array_index(queue, i);
        g_autoptr(GError) error = NULL;
        if (!set_route(v, &error)) {
            route_failed(v, error);
        }
    }
    if (!accel_get()->commit_gsi_routes(NULL)) {
        commit_one_by_one();
    }
}

/* Attaching */

static void fd_ready(void *opaque, GIOCondition ready)
{
    MsiVector *v = opaque;
    if (drain(v)) {
        send(v);
    }
}

/*
 * The caller has read the eventfd. What has come since then KVM fires when it looks at
 * the count, and our second reading takes that away. What comes later never shows as a
 * count.
 */
static gboolean attach_irqfd(MsiVector *v)
{
    v->in_kernel = accel_get()->add_irqfd((unsigned)v->gsi, v->fd);
    if (v->in_kernel) {
        drain(v);
    }
    return v->in_kernel;
}

static void attach(MsiVector *v)
{
    if (!v->in_kernel) {
        v->pending |= drain(v);
    }
    if (v->gsi >= 0 && !v->in_kernel) {
        g_clear_pointer(&v->handler, event_handler_remove);
        if (!attach_irqfd(v)) {
            drop_gsi(v);
        }
    }
    if (!v->in_kernel && !v->handler) {
        v->handler = event_loop_add_fd(event_loop_main(), v->fd, G_IO_IN, fd_ready, v);
    }
    if (v->pending) {
        send(v);
    }
}

static void settle(void)
{
    commit_routes();
    for (guint i = 0; i < queue->len; i++) {
        MsiVector *v = g_ptr_array_index(queue, i);
        v->queued = FALSE;
        attach(v);
    }
    g_ptr_array_set_size(queue, 0);
}

void msi_batch_begin(void)
{
    g_assert(machine_lock_held());
    batches++;
}

void msi_batch_end(void)
{
    g_assert(machine_lock_held() && batches > 0);
    if (--batches == 0 && queue && queue->len) {
        settle();
    }
}

/* Its message, mask or eventfd has changed. */
static void update(MsiVector *v)
{
    gboolean wanted = v->fd >= 0 && !v->masked;
    if (!wanted && v->queued) {
        g_ptr_array_remove_fast(queue, v);
        v->queued = FALSE;
    }
    if (!wanted) {
        detach(v);
        if (v->pending && !v->masked) {
            send(v);
        }
        return;
    }
    if (!v->queued) {
        queue = queue ? queue : g_ptr_array_new();
        g_ptr_array_add(queue, v);
        v->queued = TRUE;
    }
    if (batches == 0) {
        settle();
    }
}

/* What others call */

void msi_vector_finalize(MsiVector *v)
{
    g_assert(v->fd_users == 0 && !v->queued && v->gsi < 0);
}

gboolean msi_vector_fd_get(MsiVector *v, int *fd, GError **errp)
{
    g_assert(machine_lock_held());
    if (v->fd_users == 0) {
        v->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (v->fd < 0) {
            return error_set_errno(errp, errno, "Cannot create an eventfd for an MSI");
        }
        update(v);
    }
    v->fd_users++;
    *fd = v->fd;
    return TRUE;
}

void msi_vector_fd_put(MsiVector *v)
{
    g_assert(machine_lock_held() && v->fd_users > 0);
    if (--v->fd_users) {
        return;
    }
    detach(v);
    v->pending |= drain(v);
    close(v->fd);
    v->fd = -1;
    drop_gsi(v);
    update(v);
}

void msi_vector_set(MsiVector *v, const MsiMessage *message, gboolean masked)
{
    g_assert(machine_lock_held());
    gboolean same = v->masked == masked && v->message.address == message->address &&
                    v->message.data == message->data;
    v->message = *message;
    v->masked = masked;
    if (!same) {
        update(v);
    }
}

void msi_vector_raise(MsiVector *v)
{
    g_assert(machine_lock_held());
    if (v->masked) {
        v->pending = TRUE;
    } else {
        send(v);
    }
}

gboolean msi_vector_pending(MsiVector *v)
{
    g_assert(machine_lock_held());
    if (v->in_kernel || !drain(v)) {
        return v->pending;
    }
    if (v->masked) {
        v->pending = TRUE;
    } else {
        eventfd_write(v->fd, 1); /* the main loop is still to see it */
    }
    return TRUE;
}

void msi_vector_set_pending(MsiVector *v, gboolean pending)
{
    g_assert(machine_lock_held());
    if (!v->in_kernel) {
        drain(v);
    }
    v->pending = pending;
    if (pending && !v->masked) {
        send(v);
    }
}
