/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a stopped VM stands still: holds, the flush, and what happens in between. All
 * that is seen is written into one line, in its order.
 */
#include "config.h"

#include "accel/accel.h"
#include "accel/run-state.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "util/error.h"

#include <string.h>

static GString *seen;

static void expect(const char *text)
{
    for (int i = 0; i < 10; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_cmpstr(seen->str, ==, text);
    g_string_truncate(seen, 0);
}

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    g_string_append_printf(seen, "%s ", name);
}

/* A disk whose requests and flushes end when the test says so. */
static gboolean busy;
static void (*flush_done)(void *opaque, GError *error);
static void *flush_opaque;

static void on_run_state(gboolean running, void *opaque)
{
    if (!running && busy) {
        vm_quiesce_hold();
    }
}

static void flush(void (*done)(void *opaque, GError *error), void *opaque)
{
    g_assert_null(flush_done);
    flush_done = done;
    flush_opaque = opaque;
    g_string_append(seen, "flush ");
}

static void end_flush(GError *error)
{
    void (*done)(void *opaque, GError *error) = flush_done;

    flush_done = NULL;
    done(flush_opaque, error);
}

static void still(void *opaque, gboolean stands, const GError *error)
{
    g_string_append_printf(seen, "%s%s%s ", (const char *)opaque, stands ? "" : ":no",
                           error ? ":failed" : "");
}

static void still_starts(void *opaque, gboolean stands, const GError *error)
{
    still(opaque, stands, error);
    vm_start();
}

static void test_idle(void)
{
    vm_quiesce(still, "prelaunch"); /* nothing has ever run */
    expect("prelaunch ");
    vm_start();
    g_assert_false(vm_stands_still());
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    expect("RESUME STOP flush ");
    end_flush(NULL);
    expect("a ");
    g_assert_true(vm_stands_still());
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "again");
    expect("again ");
}

static void test_in_flight(void)
{
    busy = TRUE;
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    vm_stop(RUN_STATE_PAUSED); /* as a second monitor's */
    vm_quiesce(still, "b");
    expect("RESUME STOP ");
    vm_quiesce_release();
    expect("flush ");
    vm_quiesce(still, "c");
    expect("");
    end_flush(NULL);
    expect("a b c ");
    busy = FALSE;
}

static void test_flush_fails(void)
{
    GError *error = NULL;

    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    expect("RESUME STOP flush ");
    error_set(&error, "the medium is gone");
    end_flush(error);
    expect("a:failed ");
    vm_quiesce(still, "b"); /* and nothing has been flushed since */
    expect("b:failed ");
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "c");
    expect("RESUME STOP flush ");
    end_flush(NULL);
    expect("c ");
}

/* Something is begun while the disks are flushed, and ends: they are flushed again. */
static void test_moved_meanwhile(void)
{
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    expect("RESUME STOP flush ");
    vm_quiesce_hold();
    vm_quiesce_release();
    expect("");
    end_flush(NULL);
    expect("flush ");
    vm_quiesce_hold();
    end_flush(NULL);
    expect("");
    vm_quiesce_release();
    expect("flush ");
    end_flush(NULL);
    expect("a ");
}

static void test_started_meanwhile(void)
{
    busy = TRUE;
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    vm_start();
    expect("RESUME STOP RESUME a:no ");
    busy = FALSE; /* the hold is there yet */
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "b");
    expect("STOP ");
    vm_quiesce_release();
    expect("flush ");
    vm_start();
    expect("RESUME b:no ");
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "c");
    expect("STOP ");
    end_flush(NULL); /* of the stop before */
    expect("flush ");
    vm_quiesce(still_starts, "d");
    vm_quiesce(still, "e");
    end_flush(NULL);
    expect("c d RESUME e:no ");
    vm_stop(RUN_STATE_PAUSED);
    expect("STOP flush ");
    end_flush(NULL);
    expect("");
}

static void on_reset(void *opaque)
{
    g_string_append(seen, "reset ");
}

static void test_reset(void)
{
    vm_set_reset_handler(on_reset, NULL);
    busy = TRUE;
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    vm_quiesce(still, "a");
    vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    expect("RESUME STOP reset ");
    vm_quiesce_release(); /* the requests have ended, the reset has not */
    expect("");
    vm_reset_done();
    expect("RESET flush ");
    end_flush(NULL);
    expect("a ");
    busy = FALSE;
    vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    expect("reset ");
    vm_quiesce(still, "b");
    expect("");
    vm_reset_done();
    expect("RESET flush ");
    end_flush(NULL);
    expect("b ");
}

static void late_end(void *opaque)
{
    end_flush(NULL);
}

/* A flush that has begun is waited for; who waits for more is told. */
static void test_cleanup(void)
{
    vm_start();
    vm_stop(RUN_STATE_PAUSED);
    expect("RESUME STOP flush ");
    vm_quiesce_hold();
    vm_quiesce(still, "a");
    event_loop_post(event_loop_main(), late_end, NULL);
    vm_quiesce_cleanup();
    g_assert_null(flush_done);
    expect("a:no ");
    vm_quiesce_release();
}

int main(int argc, char **argv)
{
    g_autoptr(ConfigNode) node = config_map_new();

    g_test_init(&argc, &argv, NULL);
    event_init();
    seen = g_string_new(NULL);
    config_map_set_string(node, "accel", "qtest");
    g_assert_true(accel_init(node, NULL));
    vm_event_subscribe(on_event, NULL);
    run_state_subscribe(on_run_state, NULL);
    vm_set_flush(flush);
    g_test_add_func("/accel/quiesce/idle", test_idle);
    g_test_add_func("/accel/quiesce/in-flight", test_in_flight);
    g_test_add_func("/accel/quiesce/flush-fails", test_flush_fails);
    g_test_add_func("/accel/quiesce/moved-meanwhile", test_moved_meanwhile);
    g_test_add_func("/accel/quiesce/started-meanwhile", test_started_meanwhile);
    g_test_add_func("/accel/quiesce/reset", test_reset);
    g_test_add_func("/accel/quiesce/cleanup", test_cleanup);
    return g_test_run();
}
