/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source up to the switch-over: what fails there leaves the VM running here. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/run-state.h"
#include "block/file.h"
#include "device/device.h"
#include "event/clock.h"
#include "machine/machine.h"
#include "migration/device-state.h"
#include "migration/migration.h"
#include "migration/stream.h"
#include "tests/unit/block-late.h"
#include "tests/unit/no-board.h"
#include "util/error.h"

#define SLOW_NS 50000000

typedef struct Toy {
    Device dev;
    guint8 value;
    gboolean unreadable;
    void (*request)(void); /* while it is saved */
    guint saves;
} Toy;

static gboolean toy_pre_save(void *opaque, GError **errp)
{
    Toy *t = opaque;

    t->saves++;
    if (t->request) {
        t->request();
    }
    return !t->unreadable || error_set(errp, "the toy does not answer");
}

static const StateField toy_fields[] = {
    { .name = "value", .type = STATE_U8, .offset = offsetof(Toy, value), .count = 1 },
    { NULL },
};

static const StateDesc toy_state = {
    .name = "toy", .version = 1, .fields = toy_fields, .pre_save = toy_pre_save
};

typedef struct Held {
    Timer *timer;
    void (*done)(void *opaque);
    void *opaque;
} Held;

static gboolean slow; /* the next one */

static void let_go(void *opaque)
{
    Held *h = opaque;

    h->done(h->opaque);
    timer_free(h->timer);
    g_free(h);
}

/* Something is in flight when it is reset or unplugged. */
static void toy_quiesce(Device *dev, void (*done)(void *opaque), void *opaque)
{
    Held *h;

    if (!slow) {
        done(opaque);
        return;
    }
    slow = FALSE;
    h = g_new0(Held, 1);
    h->done = done;
    h->opaque = opaque;
    h->timer = timer_new(event_loop_main(), CLOCK_TYPE_REALTIME, let_go, h);
    timer_arm(h->timer, clock_now(CLOCK_TYPE_REALTIME) + SLOW_NS);
}

static const DeviceClass toy_class = { .quiesce = toy_quiesce,
                                       .name = "toy",
                                       .instance_size = sizeof(Toy),
                                       .state = &toy_state };

static Toy *toy;
static guint iterations; /* of the main loop, in the last migration */

/* The whole stream, until the source ends it. */
static gpointer read_all(gpointer opaque)
{
    GByteArray *all = g_byte_array_new();
    guint8 buf[4096];
    ssize_t n;

    while ((n = read(GPOINTER_TO_INT(opaque), buf, sizeof(buf))) > 0) {
        g_byte_array_append(all, buf, n);
    }
    close(GPOINTER_TO_INT(opaque));
    return all;
}

static gboolean stream_has(const GByteArray *all, const char *text)
{
    return memmem(all->data, all->len, text, strlen(text)) != NULL;
}

/* Migrates into a pipe, which has no way back; what came out of it. */
static GByteArray *migrate(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *uri = NULL;
    int fds[2];
    GThread *reader;

    g_assert_cmpint(pipe(fds), ==, 0);
    uri = g_strdup_printf("fd:%d", fds[1]);
    reader = g_thread_new("reader", read_all, GINT_TO_POINTER(fds[0]));
    migration_start(uri, &err);
    g_assert_no_error(err);
    for (iterations = 0; migration_active(); iterations++) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    return g_thread_join(reader);
}

static void assert_failed(const char *why)
{
    g_autoptr(ConfigNode) info = migration_query();

    g_assert_cmpstr(config_map_string(info, "status"), ==, "failed");
    g_assert_nonnull(strstr(config_map_string(info, "error-desc"), why));
}

static void assert_completed(void)
{
    g_autoptr(ConfigNode) info = migration_query();

    g_assert_cmpstr(config_map_string(info, "status"), ==, "completed");
    g_assert_cmpint(run_state_get(), ==, RUN_STATE_POSTMIGRATE);
}

/* As QMP's cont. */
static void cont(void)
{
    g_autoptr(GError) err = NULL;

    nodes_activate(&err);
    g_assert_no_error(err);
    vm_start();
}

static void test_unreadable_device(void)
{
    toy->unreadable = TRUE;
    cont();
    g_autoptr(GByteArray) half = migrate();
    assert_failed("Section '/machine/toy/toy': the toy does not answer");
    g_assert_true(vm_running());
    g_assert_false(stream_has(half, "/machine/toy/toy"));

    toy->unreadable = FALSE;
    g_autoptr(GByteArray) whole = migrate();
    assert_completed();
    g_assert_true(stream_has(whole, "/machine/toy/toy"));
}

/* What the guest has written does not reach the disk: it stays where it is. */
static void test_flush_fails(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *path = NULL;
    g_autoptr(ConfigNode) config = config_map_new();
    BlockUser user = { .loop = event_loop_main() };
    int fd = g_file_open_tmp("vireo-flush-XXXXXX", &path, &err);

    g_assert_cmpint(ftruncate(fd, 4096), ==, 0);
    config_map_set(config, "driver", config_string_new("file"));
    config_map_set(config, "node-name", config_string_new("disk"));
    config_map_set(config, "filename", config_string_new(path));
    BlockNode *node = block_node_add(config, &err);
    g_assert_no_error(err);
    block_node_attach(node, &user, &err);
    g_assert_no_error(err);
    g_atomic_int_set(&block_file(node)->flush_error, EIO);
    cont();
    g_byte_array_unref(migrate());
    assert_failed("Could not flush node 'disk': Input/output error");
    g_assert_true(vm_running());
    g_assert_true(node->active && node->held_perm);

    g_atomic_int_set(&block_file(node)->flush_error, 0);
    g_byte_array_unref(migrate());
    assert_completed();
    g_assert_false(node->active || node->held_perm);
    node_detach(node);
    g_assert_true(node_del("disk", NULL));
    close(fd);
    unlink(path);
}

/* Requests that end some rounds of the main loop after the stop. */
static void let_requests_end(void *opaque)
{
    guint *rounds = opaque;

    if (--*rounds) {
        event_loop_post(event_loop_main(), let_requests_end, rounds);
        return;
    }
    g_assert_cmpuint(toy->saves, ==, 0);
    vm_quiesce_release();
}

static void requests_in_flight(gboolean running, void *opaque)
{
    if (!running) {
        vm_quiesce_hold();
        toy->saves = 0;
        event_loop_post(event_loop_main(), let_requests_end, opaque);
    }
}

/* Nothing is saved before what is in flight has ended. */
static void test_requests_in_flight(void)
{
    guint rounds = 20;

    cont();
    run_state_subscribe(requests_in_flight, &rounds);
    g_byte_array_unref(migrate());
    run_state_unsubscribe(requests_in_flight, &rounds);
    assert_completed();
    g_assert_cmpuint(rounds, ==, 0);
    g_assert_cmpuint(toy->saves, ==, 1);
}

static gboolean stream_has_end(const GByteArray *all)
{
    guint32 type = 0;

    if (all->len >= MIG_RECORD_SIZE) {
        memcpy(&type, all->data + all->len - MIG_RECORD_SIZE, sizeof(type));
    }
    return GUINT32_FROM_LE(type) == MIG_RECORD_END;
}

static void power_off(void)
{
    vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
}

static void lose_memory(void)
{
    vm_request_internal_error("a page of memory is lost");
}

/* The last thing that a vCPU does before it comes to rest for the switch-over. */
static void last_exit(gboolean running, void *opaque)
{
    if (!running) {
        ((void (*)(void))opaque)();
    }
}

/* Nothing but a state that a VM can be in by itself is taken from a stream. */
static void test_run_states(void)
{
    static const struct {
        const char *text;
        gboolean ok;
    } rows[] = {
        { "running", TRUE },         { "paused", TRUE },
        { "shutdown", TRUE },        { "inmigrate", FALSE },
        { "finish-migrate", FALSE }, { "postmigrate", FALSE },
        { "runninh", FALSE },        { "", FALSE },
        { "\xff\n", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;
        g_autoptr(GPtrArray) saved = device_state_save_all(RUN_STATE_RUNNING, &err);
        gsize len;
        g_autofree guint8 *vm =
            g_bytes_unref_to_data(g_ptr_array_steal_index(saved, 0), &len);
        guint8 *at = memmem(vm, len, "running", 7);
        RunState state;

        g_assert_true(at && at + 32 <= vm + len);
        memset(at, 0, 32);
        memcpy(at, rows[i].text, strlen(rows[i].text));
        g_ptr_array_insert(saved, 0, g_bytes_new(vm, len));
        g_assert_cmpint(device_state_load_all(saved, &state, &err), ==, rows[i].ok);
        if (rows[i].ok) {
            g_assert_cmpstr(run_state_name(state), ==, rows[i].text);
        } else {
            g_assert_nonnull(strstr(err->message, "run-state"));
            g_assert_true(g_utf8_validate(err->message, -1, NULL));
        }
    }
}

static void assert_ended(RunState state, const GByteArray *stream)
{
    g_autofree char *why = g_strdup_printf("state '%s'", run_state_name(state));

    assert_failed(why);
    g_assert_cmpint(run_state_get(), ==, state);
    g_assert_false(stream_has_end(stream));
}

/* What ends a VM is not overtaken by the switch-over. */
static void test_ended(gconstpointer opaque)
{
    void (*request)(void) = opaque;
    RunState state = request == power_off ? RUN_STATE_SHUTDOWN : RUN_STATE_INTERNAL_ERROR;

    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_PAUSE);
    cont();
    run_state_subscribe(last_exit, request);
    g_autoptr(GByteArray) stopped = migrate();
    run_state_unsubscribe(last_exit, request);
    assert_ended(state, stopped);
    g_assert_false(stream_has(stopped, "/machine/toy/toy"));

    run_state_set(RUN_STATE_PAUSED);
    cont();
    toy->request = request;
    g_autoptr(GByteArray) saved = migrate();
    toy->request = NULL;
    assert_ended(state, saved);
    g_assert_true(stream_has(saved, "/machine/toy/toy"));

    run_state_set(RUN_STATE_PAUSED);
    cont();
    g_autoptr(GByteArray) whole = migrate();
    assert_completed();
    g_assert_true(stream_has_end(whole));
}

/* The process ends with it; nothing runs in this one afterwards. */
static void test_process_ends(void)
{
    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_POWEROFF);
    cont();
    run_state_subscribe(last_exit, power_off);
    g_autoptr(GByteArray) stream = migrate();
    run_state_unsubscribe(last_exit, power_off);
    assert_failed("state 'shutdown'");
    g_assert_false(stream_has_end(stream));
    g_assert_false(stream_has(stream, "/machine/toy/toy"));
    g_assert_false(vm_running());
}

static void reset_done(void *opaque)
{
    vm_reset_done();
}

static void reset(void *opaque)
{
    device_reset_all(reset_done, NULL);
}

static void assert_waited(void)
{
    assert_completed();
    g_assert_cmpuint(iterations, <, 500);
    g_assert_false(slow);
}

/* They have their end before the state is saved, without being asked all the time. */
static void test_changes(void)
{
    g_autoptr(Device) dev = device_new(&toy_class);
    g_autoptr(GError) err = NULL;

    vm_set_reset_handler(reset, NULL);
    cont();
    slow = TRUE;
    vm_request_reset(SHUTDOWN_GUEST_RESET);
    g_byte_array_unref(migrate());
    assert_waited();
    vm_set_reset_handler(NULL, NULL);

    device_set_name(dev, "other");
    device_realize(dev, NULL, &err);
    g_assert_no_error(err);
    cont();
    slow = TRUE;
    device_unplug(dev);
    g_autoptr(GByteArray) stream = migrate();
    assert_waited();
    g_assert_false(dev->realized || stream_has(stream, "/machine/other/toy"));
    cont();
}

/* A line that no reader takes is not sent. */
static void test_long_name(void)
{
    g_autofree char *name = g_strnfill(5000, 'x');
    g_autoptr(Device) dev = device_new(&toy_class);
    g_autoptr(GError) err = NULL;

    device_set_name(dev, name);
    device_realize(dev, NULL, &err);
    g_assert_no_error(err);
    g_byte_array_unref(migrate());
    assert_failed("the limit is 4096");
    device_unplug(dev);
}

static void test_port(void)
{
    static const char *const uris[] = { "tcp:127.0.0.1:70000", "tcp:[::1]:65536",
                                        "tcp::-1", "tcp:localhost:ssh" };

    for (guint i = 0; i < G_N_ELEMENTS(uris); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(migration_start(uris[i], &err));
        g_assert_nonnull(strstr(err->message, uris[i]));
        g_assert_nonnull(strstr(err->message, "from 0 to 65535"));
    }
}

static void set_up(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Device) dev = device_new(&toy_class);

    no_board_make();
    device_set_name(dev, "toy");
    device_realize(dev, NULL, &err);
    g_assert_no_error(err);
    toy = (Toy *)dev;
    vm_set_flush(block_flush_all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    set_up();
    g_test_add_func("/migration/outgoing/long-name", test_long_name);
    g_test_add_func("/migration/outgoing/port", test_port);
    g_test_add_func("/migration/outgoing/unreadable-device", test_unreadable_device);
    g_test_add_func("/migration/outgoing/flush-fails", test_flush_fails);
    g_test_add_func("/migration/outgoing/in-flight", test_requests_in_flight);
    g_test_add_func("/migration/outgoing/changes", test_changes);
    g_test_add_func("/migration/outgoing/run-states", test_run_states);
    g_test_add_data_func("/migration/outgoing/shutdown", power_off, test_ended);
    g_test_add_data_func("/migration/outgoing/internal-error", lose_memory, test_ended);
    g_test_add_func("/migration/outgoing/process-ends", test_process_ends); /* the last */
    int ret = g_test_run();
    migration_cleanup();
    machine_cleanup();
    return ret;
}
