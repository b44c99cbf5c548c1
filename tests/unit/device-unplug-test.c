/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unplug: every transition of its state machine; device-unplug-model-test.c: many. */
#include "config.h"

#include "event/lock.h"
#include "event/loop.h"
#include "unit/device-toys.h"
#include "util/error.h"

static void count(void *opaque)
{
    ++*(int *)opaque;
}

/* A device that has been asked for and is traced from here on. */
static Device *requested(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    toys_set_up();
    dev = toys_plug("driver=toy,id=a");
    device_request_unplug(dev, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_REQUESTED);
    g_assert_true(dev->ready && !device_is_held(dev));
    toys_expect("A a R a r a p a x a ! a ? a ");
    return dev;
}

#define GOES "q a P a u a L a +a "

static void test_answered(void)
{
    device_unplug(requested());
    toys_expect(GOES);
    g_assert_null(device_find("a"));
    g_assert_cmpuint(toys.held, ==, 0);
    toys_tear_down();
}

/* Surprise: nobody has asked. */
static void test_unasked(void)
{
    toys_set_up();
    device_unplug(toys_plug("driver=toy,id=a"));
    toys_expect("A a R a r a p a x a ! a " GOES);
    toys_tear_down();
}

/* Inside of the request. */
static void test_at_once(void)
{
    toys_set_up();
    Device *dev = toys_plug("driver=toy,id=a");
    toys.guest_is_quick = TRUE;
    g_assert_true(device_request_unplug(dev, NULL));
    toys_expect("A a R a r a p a x a ! a ? a " GOES);
    toys_tear_down();
}

static void test_refused(void)
{
    Device *dev = requested();

    device_unplug_refused(dev);
    toys_expect("-a ");
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_NONE);
    device_unplug_refused(dev); /* unasked */
    toys_expect("");
    g_assert_true(device_request_unplug(dev, NULL));
    toys_expect("? a ");
    device_unplug_refused(dev);
    toys_expect("-a ");
    device_unplug(dev); /* late */
    toys_expect(GOES);
    toys_tear_down();
}

static void test_taken_back(void)
{
    Device *dev = requested();

    device_unplug_taken_back(dev);
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_NONE);
    device_unplug_taken_back(dev);
    toys_expect("");
    g_assert_true(device_request_unplug(dev, NULL));
    toys_expect("? a ");
    toys_tear_down();
}

/* The bus is asked again; what it says changes nothing. */
static void test_repeated(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev = requested();

    g_assert_true(device_request_unplug(dev, NULL));
    toys_expect("? a ");
    toys.too_early = TRUE;
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Device a is already in the process of unplug");
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_REQUESTED);
    device_unplug(dev);
    toys_expect(GOES);
    toys_tear_down();
}

/* A bus that does not even begin. */
static void test_not_begun(void)
{
    toys_set_up();
    Device *dev = toys_plug("driver=toy,id=a");
    toys.too_early = TRUE;
    g_assert_false(device_request_unplug(dev, NULL));
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_NONE);
    device_unplug_refused(dev);
    g_assert_cmpuint(toys_refused(dev->path), ==, 0);
    toys_tear_down();
}

/* There is no way back, and one end. */
static void test_going(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev = requested();

    toys.slow_quiesce = TRUE;
    device_unplug(dev);
    toys_expect("q a ");
    device_unplug(dev);
    device_unplug_refused(dev);
    device_unplug_taken_back(dev);
    g_assert_false(device_request_unplug(dev, &err));
    g_assert_cmpstr(err->message, ==, "Device a is already in the process of unplug");
    toys_expect("");
    g_assert_true(dev->unplug == DEVICE_UNPLUG_GOING && device_is_held(dev));
    g_assert_true(device_find("a") == dev && !dev->ready);
    toys_finish_quiesce(dev);
    toys_expect("Q a P a u a L a +a ");
    toys_tear_down();
}

/* What all of the VM does meanwhile is nothing to a request. */
static void test_paused(void)
{
    Device *dev = requested();
    int done = 0;

    device_quiesce_all(count, &done);
    toys_expect("q a ");
    device_after_changes(count, &done);
    g_assert_cmpint(done, ==, 2);
    g_assert_cmpuint(dev->unplug, ==, DEVICE_UNPLUG_REQUESTED);
    device_unplug(dev);
    toys_expect(GOES);
    toys_tear_down();
}

/* Those that the guest has been asked for go before the others are reset. */
static void test_finished_by_reset(void)
{
    Device *dev = requested();
    int done = 0;

    toys_plug("driver=toy,id=b");
    g_string_truncate(toys.trace, 0);
    toys.slow_quiesce = TRUE;
    device_reset_all(count, &done);
    toys_expect("q a ");
    g_assert_true(device_resetting());
    toys.slow_quiesce = FALSE;
    toys_finish_quiesce(dev);
    toys_expect("Q a P a u a L a +a q b x b ");
    g_assert_cmpint(done, ==, 1);
    g_assert_false(device_resetting());
    toys_tear_down();
}

/* ... together: the address map changes once for all of them. */
static void test_many_finished_by_reset(void)
{
    int done = 0;

    requested();
    g_assert_true(device_request_unplug(toys_plug("driver=toy,id=b"), NULL));
    g_string_truncate(toys.trace, 0);
    device_reset_all(count, &done);
    toys_expect("q a q b P a u a P b u b L a +a L b +b ");
    g_assert_cmpint(done, ==, 1);
    toys_tear_down();
}

/* A migration waits for what goes, not for what has been asked for. */
static void test_migration_waits(void)
{
    Device *dev = requested();
    int done = 0;

    toys.slow_quiesce = TRUE;
    device_unplug(dev);
    device_after_changes(count, &done);
    g_assert_cmpint(done, ==, 0);
    toys_finish_quiesce(dev);
    g_assert_cmpint(done, ==, 1);
    toys_tear_down();
}

/* --- the host --- */

static void test_slow_host(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev = requested();

    toys.slow_host = TRUE;
    device_unplug(dev);
    toys_expect("q a P a u a ");
    g_assert_null(device_find("a"));
    g_assert_null(toys_add("driver=toy,id=a", &err));
    g_assert_cmpstr(err->message, ==, "Duplicate device ID 'a'");
    toys_finish_host(NULL);
    toys_expect("L a +a ");
    toys.slow_host = FALSE;
    g_assert_nonnull(toys_plug("driver=toy,id=a"));
    toys_tear_down();
}

static void make_family(void)
{
    toys_set_up();
    toys_plug("driver=port,id=p");
    toys_plug("driver=toy,id=a,bus=p");
    toys_plug("driver=whole,id=w,drive=d,bus=p");
    g_string_truncate(toys.trace, 0);
}

#define W "/machine/peripheral/w"

/* All ids are taken to their own ends, which come from below. */
static void test_slow_host_of_many(void)
{
    static const char *const steps[] = { "L back +" W "/back +" W "/front/core ",
                                         "L front +" W "/front ", "L w +w ", "L a +a ",
                                         "L p +p " };

    make_family();
    toys.slow_host = TRUE;
    device_unplug(device_find("p"));
    toys_expect("q p q a q w q front q core P back u back P core u core P front u front "
                "P w u w P a u a P p u p ");
    g_assert_null(bus_find("p"));
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(toys_add("driver=toy,id=p", &err));
        g_assert_true(toys_finish_host(NULL));
        toys_expect(steps[i]);
    }
    g_assert_false(toys_finish_host(NULL));
    g_assert_nonnull(toys_add("driver=toy,id=p", NULL));
    toys_tear_down();
}

/* The process ends while the host is asked: nobody is told, nothing is left. */
static void test_end(void)
{
    make_family();
    toys.slow_host = TRUE;
    device_unplug(device_find("p"));
    toys_finish_host(NULL);
    g_string_truncate(toys.trace, 0);
    toys.slow_host = FALSE;
    toys_finish_host(g_error_new_literal(G_FILE_ERROR, 0, "the end"));
    toys_expect("L w L a L p ");
    toys_tear_down();
}

/* --- more than one --- */

static void test_subtree(void)
{
    g_autoptr(GError) err = NULL;
    Device *p, *a;

    make_family();
    p = device_find("p");
    a = device_find("a");
    g_assert_true(device_request_unplug(a, NULL));
    toys.slow_quiesce = TRUE;
    device_unplug(p);
    toys_expect("? a q p q a q w q front q core ");
    g_assert_true(a->unplug == DEVICE_UNPLUG_GOING && device_is_held(a));
    g_assert_false(device_request_unplug(a, &err));
    g_clear_error(&err);
    g_assert_null(toys_add("driver=toy,id=b,bus=p", &err));
    g_assert_cmpstr(err->message, ==, "Bus 'p' is being unplugged");
    g_assert_true(toys_add("driver=toy,id=b", NULL)->bus == toys.slots);
    g_string_truncate(toys.trace, 0);
    while (toys_finish_any(0)) {
    }
    toys_expect("Q p Q a Q w Q front Q core P back u back P core u core P front u front "
                "P w u w P a u a P p u p "
                "L back +" W "/back +" W "/front/core L front +" W "/front "
                "L w +w L a +a L p +p ");
    toys_tear_down();
}

/* One that goes by itself comes first, although its parent waits for less. */
static void test_child_before(void)
{
    Device *p, *a;

    make_family();
    p = device_ref(device_find("p"));
    a = device_find("a");
    device_unplug(device_find("w"));
    toys.slow_quiesce = TRUE;
    device_unplug(a);
    toys.slow_quiesce = FALSE;
    g_string_truncate(toys.trace, 0);
    device_unplug(p);
    toys_expect("q p ");
    g_assert_true(p->realized);
    toys_finish_quiesce(a);
    toys_expect("Q a P a u a P p u p L a +a L p +p ");
    device_unref(p);
    toys_expect("");
    toys_tear_down();
}

/* --- not the main loop --- */

static gpointer vcpu(gpointer dev)
{
    machine_lock();
    device_unplug(dev);
    g_assert_cmpuint(((Device *)dev)->unplug, ==, DEVICE_UNPLUG_GOING);
    toys_expect("");
    machine_unlock();
    return NULL;
}

/* What a vCPU has caused goes from the main loop on. */
static void test_from_vcpu(void)
{
    GThread *thread = g_thread_new("vcpu", vcpu, requested());
    guint when;

    while (!toys_deleted("/machine/peripheral/a", &when)) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_thread_join(thread);
    toys_expect(GOES);
    toys_tear_down();
}

/* The process ends before the main loop has come to it. */
static void test_from_vcpu_at_end(void)
{
    Device *dev = requested();
    GThread *thread = g_thread_new("vcpu", vcpu, dev);

    while (dev->unplug != DEVICE_UNPLUG_GOING) {
        machine_unlock();
        g_thread_yield();
        machine_lock();
    }
    device_cleanup();
    toys_expect(GOES);
    machine_unlock();
    g_thread_join(thread);
    machine_lock();
    toys_tear_down();
}

/* --- the stream --- */

static void test_stream(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    Device *a = requested(), *b = toys_plug("driver=toy,id=b");
    const StateDesc *desc = device_unplug_state(a);

    g_assert_true(desc == device_unplug_state(b));
    g_assert_true(desc->needed(a) && !desc->needed(b));
    g_assert_true(state_save(out, desc, a, NULL));
    g_assert_true(state_load(out->data, out->len, desc, b, NULL));
    g_assert_cmpuint(b->unplug, ==, DEVICE_UNPLUG_REQUESTED);
    state_load_absent(desc, b, NULL);
    g_assert_cmpuint(b->unplug, ==, DEVICE_UNPLUG_NONE);
    out->data[out->len - 4] = DEVICE_UNPLUG_GOING;
    g_assert_false(state_load(out->data, out->len, desc, b, &err));
    b->unplug = DEVICE_UNPLUG_NONE;
    toys_tear_down();
}

/* Nobody is asked for a part: it goes with the whole. */
static void test_stream_of_part(void)
{
    make_family();
    g_assert_null(device_unplug_state(device_find_path(W "/front")));
    g_assert_nonnull(device_unplug_state(device_find("w")));
    toys_tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    event_init();
    g_test_add_func("/device/unplug/answered", test_answered);
    g_test_add_func("/device/unplug/unasked", test_unasked);
    g_test_add_func("/device/unplug/at-once", test_at_once);
    g_test_add_func("/device/unplug/refused", test_refused);
    g_test_add_func("/device/unplug/taken-back", test_taken_back);
    g_test_add_func("/device/unplug/repeated", test_repeated);
    g_test_add_func("/device/unplug/not-begun", test_not_begun);
    g_test_add_func("/device/unplug/going", test_going);
    g_test_add_func("/device/unplug/paused", test_paused);
    g_test_add_func("/device/unplug/finished-by-reset", test_finished_by_reset);
    g_test_add_func("/device/unplug/many-finished-by-reset", test_many_finished_by_reset);
    g_test_add_func("/device/unplug/migration-waits", test_migration_waits);
    g_test_add_func("/device/unplug/slow-host", test_slow_host);
    g_test_add_func("/device/unplug/slow-host-of-many", test_slow_host_of_many);
    g_test_add_func("/device/unplug/end", test_end);
    g_test_add_func("/device/unplug/subtree", test_subtree);
    g_test_add_func("/device/unplug/child-before", test_child_before);
    g_test_add_func("/device/unplug/from-vcpu", test_from_vcpu);
    g_test_add_func("/device/unplug/from-vcpu-at-end", test_from_vcpu_at_end);
    g_test_add_func("/device/unplug/stream", test_stream);
    g_test_add_func("/device/unplug/stream-of-part", test_stream_of_part);
    return g_test_run();
}
