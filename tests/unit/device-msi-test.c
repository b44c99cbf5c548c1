/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI vectors on a stub accelerator, with and without irqfd. */
#include "config.h"

#include "device/msi.h"

#include <poll.h>

#include "event/loop.h"
#include "tests/unit/stub-accel.h"

#define FREE_GSIS (STUB_GSIS - 64)
#define STEPS     20000

static const MsiMessage one = { 0xfee00000, 1 }, two = { 0xfee01000, 2 },
                        bad = { STUB_BAD_ADDRESS, 3 };

static void begin(MsiVector *v, gboolean irqfd)
{
    stub_has_irqfd = irqfd;
    g_array_set_size(stub_sent, 0);
    stub_commits = stub_added = 0;
    msi_vector_init(v);
}

static int get_fd(MsiVector *v)
{
    g_autoptr(GError) error = NULL;
    int fd = -1;
    msi_vector_fd_get(v, &fd, &error);
    g_assert_no_error(error);
    return fd;
}

static void put_all(MsiVector *v)
{
    while (v->fd_users) {
        msi_vector_fd_put(v);
    }
}

static void end(MsiVector *v)
{
    put_all(v);
    msi_vector_finalize(v);
    g_assert_cmpuint(stub_irqfds(), ==, 0);
    g_assert_true(accel_get()->commit_gsi_routes(NULL));
    g_assert_cmpuint(stub_routes(), ==, 0);
    g_array_set_size(stub_sent, 0);
}

static gboolean has_count(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

/* Until the main loop has sent n. */
static void until_sent(guint n)
{
    while (stub_sent->len < n) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void test_raise(void)
{
    MsiVector v;
    begin(&v, TRUE);
    g_assert_true(v.masked);
    msi_vector_raise(&v);
    msi_vector_raise(&v);
    g_assert_true(msi_vector_pending(&v));
    g_assert_cmpuint(stub_take(0), ==, 0);
    msi_vector_set(&v, &one, TRUE);
    g_assert_cmpuint(stub_take(0), ==, 0);
    msi_vector_set(&v, &one, FALSE); /* once */
    g_assert_cmpuint(stub_take(1), ==, 1);
    g_assert_false(msi_vector_pending(&v));
    msi_vector_raise(&v);
    g_assert_cmpuint(stub_take(1), ==, 1);
    msi_vector_set(&v, &two, FALSE);
    msi_vector_raise(&v);
    g_assert_cmpuint(stub_take(2), ==, 1);
    msi_vector_set_pending(&v, TRUE); /* loaded: sent */
    g_assert_cmpuint(stub_take(2), ==, 1);
    g_assert_cmpuint(stub_commits, ==, 0); /* no GSI without a descriptor */
    end(&v);
}

/* The pending bit is right though nobody calls us. */
static void check_bypass(gboolean irqfd)
{
    MsiVector v;
    begin(&v, irqfd);
    int fd = get_fd(&v);
    g_assert_cmpuint(stub_irqfds(), ==, 0);
    g_assert_false(msi_vector_pending(&v));
    stub_signal(fd);
    stub_signal(fd);
    g_assert_true(msi_vector_pending(&v));
    g_assert_true(msi_vector_pending(&v)); /* asking changes nothing */
    msi_vector_set(&v, &one, FALSE);
    g_assert_cmpuint(stub_take(1), ==, 1);
    g_assert_false(msi_vector_pending(&v));
    g_assert_false(has_count(fd));
    g_assert_cmpuint(stub_irqfds(), ==, irqfd);

    stub_signal(fd);
    until_sent(1);
    g_assert_cmpuint(stub_take(1), ==, 1);
    msi_vector_set(&v, &one, TRUE);
    g_assert_cmpuint(stub_irqfds(), ==, 0);
    g_assert_false(msi_vector_pending(&v)); /* what was delivered is not pending */
    msi_vector_set(&v, &two, TRUE);
    stub_signal(fd);
    msi_vector_set(&v, &two, FALSE); /* nobody has asked for the bit meanwhile */
    until_sent(1);
    g_assert_cmpuint(stub_take(2), ==, 1);
    msi_vector_set(&v, &two, TRUE);
    g_assert_false(msi_vector_pending(&v));
    msi_vector_set(&v, &two, FALSE);
    g_assert_cmpuint(stub_take(2), ==, 0);
    end(&v);
    g_assert_cmpuint(stub_take(2), ==, 0);
}

static void test_bypass_irqfd(void)
{
    check_bypass(TRUE);
}

static void test_bypass_main_loop(void)
{
    check_bypass(FALSE);
}

/* KVM fires for what it finds, and leaves the count: no pending interrupt. */
static void test_race(void)
{
    MsiVector v;
    begin(&v, TRUE);
    int fd = get_fd(&v);
    stub_race = TRUE;
    msi_vector_set(&v, &one, FALSE);
    stub_race = FALSE;
    g_assert_cmpuint(stub_take(1), ==, 1);
    g_assert_false(has_count(fd));
    msi_vector_set(&v, &one, TRUE);
    g_assert_false(msi_vector_pending(&v));
    end(&v);
}

/* Not masked, and the main loop has not come to it: saved as pending, sent once. */
static void test_pending_unmasked(void)
{
    MsiVector v;
    begin(&v, FALSE);
    int fd = get_fd(&v);
    msi_vector_set(&v, &one, FALSE);
    stub_signal(fd);
    g_assert_true(msi_vector_pending(&v));
    g_assert_true(msi_vector_pending(&v));
    until_sent(1);
    g_assert_cmpuint(stub_take(1), ==, 1);
    g_assert_false(msi_vector_pending(&v));
    stub_signal(fd);
    msi_vector_set_pending(&v, FALSE); /* a reset takes it all */
    g_assert_false(msi_vector_pending(&v));
    g_assert_false(has_count(fd));
    end(&v);
}

static void test_reset_masked(void)
{
    MsiVector v;
    begin(&v, TRUE);
    stub_signal(get_fd(&v));
    msi_vector_raise(&v);
    msi_vector_set_pending(&v, FALSE);
    g_assert_false(msi_vector_pending(&v));
    msi_vector_set_pending(&v, TRUE);
    g_assert_true(msi_vector_pending(&v));
    g_assert_cmpuint(stub_take(0), ==, 0);
    msi_vector_set(&v, &one, FALSE);
    g_assert_cmpuint(stub_take(1), ==, 1);
    end(&v);
}

/* A new message while the vector is in use: the irqfd stays, the route follows. */
static void test_message_change(void)
{
    MsiVector v;
    begin(&v, TRUE);
    int fd = get_fd(&v);
    msi_vector_set(&v, &one, FALSE);
    g_assert_cmpuint(stub_commits, ==, 1);
    g_assert_cmpuint(stub_route((unsigned)v.gsi)->data, ==, 1);
    msi_vector_set(&v, &two, FALSE);
    msi_vector_set(&v, &two, FALSE);
    g_assert_cmpuint(stub_commits, ==, 2);
    g_assert_cmpuint(stub_added, ==, 1);
    stub_signal(fd);
    g_assert_cmpuint(stub_take(2), ==, 1);
    msi_vector_set(&v, &two, TRUE);
    msi_vector_set(&v, &two, FALSE); /* the same route */
    g_assert_cmpuint(stub_commits, ==, 2);
    g_assert_cmpuint(stub_added, ==, 2);
    end(&v);
}

static void test_users(void)
{
    MsiVector v;
    begin(&v, TRUE);
    int fd = get_fd(&v);
    g_assert_cmpint(get_fd(&v), ==, fd);
    msi_vector_set(&v, &one, FALSE);
    msi_vector_fd_put(&v);
    stub_signal(fd);
    g_assert_cmpuint(stub_take(1), ==, 1);
    msi_vector_set(&v, &one, TRUE);
    stub_signal(fd);
    msi_vector_fd_put(&v); /* the last: its count is the pending bit's */
    g_assert_cmpint(v.fd, ==, -1);
    g_assert_cmpint(v.gsi, ==, -1);
    g_assert_true(msi_vector_pending(&v));
    msi_vector_set(&v, &one, FALSE);
    g_assert_cmpuint(stub_take(1), ==, 1);

    stub_has_irqfd = FALSE;
    stub_signal(get_fd(&v));
    msi_vector_fd_put(&v); /* not masked: sent */
    g_assert_cmpuint(stub_take(1), ==, 1);
    end(&v);
}

/* More vectors than GSIs: those that get none go through the main loop. */
static void test_exhaustion(void)
{
    MsiVector v[FREE_GSIS + 2];
    int fd[FREE_GSIS + 2];
    guint n = G_N_ELEMENTS(v);
    for (guint i = 0; i < n; i++) {
        begin(&v[i], TRUE);
    }
    for (guint i = 0; i < n; i++) {
        fd[i] = get_fd(&v[i]);
        msi_vector_set(&v[i], &one, FALSE);
    }
    g_assert_cmpuint(stub_irqfds(), ==, FREE_GSIS);
    for (guint i = 0; i < n; i++) {
        stub_signal(fd[i]);
    }
    until_sent(n);
    g_assert_cmpuint(stub_take(1), ==, n);
    put_all(&v[0]); /* one is free again, and the next change finds it */
    msi_vector_set(&v[n - 1], &two, FALSE);
    g_assert_true(v[n - 1].in_kernel);
    g_assert_cmpuint(stub_irqfds(), ==, FREE_GSIS);
    stub_signal(fd[n - 1]);
    g_assert_cmpuint(stub_take(2), ==, 1);
    for (guint i = 0; i < n; i++) {
        put_all(&v[i]);
    }
    end(&v[0]);
}

/* A refused route: the main loop sends, and the others' routes are what they were. */
static void test_refused(void)
{
    MsiVector v, other;
    begin(&other, TRUE);
    begin(&v, TRUE);
    int fd = get_fd(&v), other_fd = get_fd(&other);
    msi_vector_set(&other, &one, FALSE);
    msi_vector_set(&v, &two, FALSE);
    g_assert_cmpuint(stub_irqfds(), ==, 2);

    msi_vector_set(&v, &bad, FALSE); /* in use */
    g_assert_false(v.in_kernel);
    g_assert_cmpint(v.gsi, ==, -1);
    g_assert_cmpuint(stub_irqfds(), ==, 1);
    stub_signal(fd);
    until_sent(1);
    g_assert_cmpuint(stub_take(3), ==, 1);
    stub_signal(other_fd);
    g_assert_cmpuint(stub_take(1), ==, 1);

    msi_vector_set(&other, &two, FALSE); /* the bad one is in nobody's way */
    stub_signal(other_fd);
    g_assert_cmpuint(stub_take(2), ==, 1);
    msi_vector_set(&v, &one, FALSE); /* and it comes back */
    g_assert_true(v.in_kernel);
    stub_signal(fd);
    g_assert_cmpuint(stub_take(1), ==, 1);
    put_all(&other);
    end(&v);
}

/* A function mask that goes: one commit, unless one of the routes is refused. */
static void test_batch(void)
{
    MsiVector v[8];
    int fd[8];
    for (guint i = 0; i < 8; i++) {
        begin(&v[i], TRUE);
        fd[i] = get_fd(&v[i]);
    }
    stub_signal(fd[2]);
    msi_batch_begin();
    msi_batch_begin();
    for (guint i = 0; i < 8; i++) {
        msi_vector_set(&v[i], &one, FALSE);
    }
    msi_vector_set(&v[7], &one, TRUE); /* not after all */
    put_all(&v[6]);
    stub_signal(fd[3]);
    msi_vector_raise(&v[4]);
    msi_batch_end();
    g_assert_cmpuint(stub_commits, ==, 0);
    msi_batch_end();
    g_assert_cmpuint(stub_commits, ==, 1);
    g_assert_cmpuint(stub_irqfds(), ==, 6);
    g_assert_cmpuint(stub_take(1), ==, 3);

    msi_batch_begin();
    for (guint i = 0; i < 6; i++) {
        msi_vector_set(&v[i], i == 1 ? &bad : &two, FALSE);
    }
    msi_batch_end();
    g_assert_cmpuint(stub_irqfds(), ==, 5);
    for (guint i = 0; i < 6; i++) {
        g_assert_cmpint(v[i].in_kernel, ==, i != 1);
        g_assert_true(i == 1 || stub_route((unsigned)v[i].gsi)->data == 2);
    }
    stub_signal(fd[1]);
    until_sent(1);
    g_assert_cmpuint(stub_take(3), ==, 1);
    for (guint i = 0; i < 8; i++) {
        put_all(&v[i]);
    }
    end(&v[0]);
}

static void test_allocator(void)
{
    g_autoptr(GError) error = NULL;
    int gsi[FREE_GSIS];
    for (guint i = 0; i < FREE_GSIS; i++) {
        gsi[i] = accel_gsi_alloc(&error);
        g_assert_no_error(error);
        g_assert_cmpint(gsi[i], ==, 64 + (int)i);
    }
    g_assert_cmpint(accel_gsi_alloc(&error), ==, -1);
    g_assert_nonnull(error);
    accel_gsi_free(gsi[5]);
    g_assert_cmpint(accel_gsi_alloc(NULL), ==, gsi[5]);
    for (guint i = 0; i < FREE_GSIS; i++) {
        accel_gsi_free(gsi[i]);
    }
}

/*
 * Signals, raises, masks and new messages in any order: while it is masked nothing is
 * sent and the bit is right; unmasked, whatever was wanted has come, and once.
 */
static void test_random(void)
{
    MsiVector v;
    gboolean wanted = FALSE, masked = TRUE;
    guint bypassed = 0;
    begin(&v, TRUE);
    int fd = get_fd(&v);
    MsiMessage msg = one;
    msi_vector_set(&v, &msg, TRUE);
    for (guint step = 0; step < STEPS; step++) {
        switch (g_test_rand_int_range(0, 7)) {
        case 0:
            stub_signal(fd);
            wanted = TRUE;
            bypassed += masked;
            break;
        case 1:
            msi_vector_raise(&v);
            wanted = TRUE;
            break;
        case 2:
            masked = !masked;
            break;
        case 3:
            msg = g_test_rand_bit() ? one : g_test_rand_bit() ? two : bad;
            break;
        case 4:
            stub_has_irqfd = g_test_rand_bit();
            break;
        case 5:
            if (v.fd_users == 1 && g_test_rand_int_range(0, 8) == 0) {
                msi_vector_fd_put(&v);
                fd = get_fd(&v);
            }
            break;
        case 6:
            if (masked) {
                g_assert_cmpint(msi_vector_pending(&v), ==, wanted);
            }
            break;
        }
        msi_vector_set(&v, &msg, masked);
        if (!masked && wanted) {
            until_sent(1);
            g_assert_cmpuint(stub_sent->len, ==, 1);
            wanted = FALSE;
        } else {
            g_assert_cmpuint(stub_sent->len, ==, 0);
        }
        stub_take(stub_sent->len ? g_array_index(stub_sent, MsiMessage, 0).data : 0);
    }
    g_assert_cmpuint(bypassed, >, STEPS / 100);
    end(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    stub_accel_init();
    g_test_add_func("/msi/raise", test_raise);
    g_test_add_func("/msi/bypass-irqfd", test_bypass_irqfd);
    g_test_add_func("/msi/bypass-main-loop", test_bypass_main_loop);
    g_test_add_func("/msi/race", test_race);
    g_test_add_func("/msi/pending-unmasked", test_pending_unmasked);
    g_test_add_func("/msi/reset-masked", test_reset_masked);
    g_test_add_func("/msi/message-change", test_message_change);
    g_test_add_func("/msi/users", test_users);
    g_test_add_func("/msi/exhaustion", test_exhaustion);
    g_test_add_func("/msi/refused", test_refused);
    g_test_add_func("/msi/batch", test_batch);
    g_test_add_func("/msi/allocator", test_allocator);
    g_test_add_func("/msi/random", test_random);
    return g_test_run();
}
