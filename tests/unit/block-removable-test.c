/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trays and media: a toy drive, which counts what it hears; what the monitor asks of it
 * while requests are in flight, while the host does not answer, and while it goes.
 */
#include <string.h>
#include <unistd.h>

#include "block/removable.h"
#include "block/stats.h"
#include "block/testing.h"
#include "config/json.h"
#include "event/lock.h"
#include "event/vm-event.h"
#include "tests/unit/block-late.h"

typedef struct Drive {
    Removable removable;
    BlockStats stats;
    unsigned moved, asked, media;
    guint8 sector[512];
    struct iovec iov;
    BlockRequest request;
    gboolean busy;
    int ret;
} Drive;

static char *path, *other;
static GString *events;

static Drive *drive_of(Removable *r)
{
    return (Drive *)r;
}

static void moved(Removable *r)
{
    drive_of(r)->moved++;
}

static void eject_requested(Removable *r)
{
    drive_of(r)->asked++;
}

static void medium_changed(Removable *r)
{
    drive_of(r)->media++;
}

static const RemovableClass toy_class = { moved, eject_requested, medium_changed };

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    g_assert_cmpstr(name, ==, "DEVICE_TRAY_MOVED");
    g_string_append_printf(events, "%s/%s %s;", config_map_string(data, "device"),
                           config_map_string(data, "id"),
                           config_node_bool(config_map_peek(data, "tray-open")) ? "open"
                                                                                : "shut");
}

static void assert_events(const char *expected)
{
    g_assert_cmpstr(events->str, ==, expected);
    g_string_truncate(events, 0);
}

static void add_node(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void add_node(const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = NULL;
    va_list ap;

    va_start(ap, format);
    json = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);
    g_assert_nonnull(block_node_add(config, &error));
    g_assert_no_error(error);
}

static void add_raw(const char *name, const char *file)
{
    add_node("{\"driver\":\"raw\",\"node-name\":\"%s\",\"read-only\":true,"
             "\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}",
             name, file);
}

static void drive_init(Drive *d, const char *medium)
{
    g_autoptr(GError) error = NULL;

    memset(d, 0, sizeof(*d));
    d->removable = (Removable){ .klass = &toy_class,
                                .name = "cd0",
                                .path = "/machine/peripheral/cd0",
                                .stats = &d->stats };
    g_assert_true(
        removable_add(&d->removable, medium ? block_node_find(medium) : NULL, &error));
    g_assert_no_error(error);
}

static void drive_fini(Drive *d)
{
    Late late = { FALSE };

    removable_remove(&d->removable);
    g_assert_null(removable_find("/machine/peripheral/cd0"));
    removable_release(&d->removable, late_done, &late);
    g_assert_true(late_wait(&late, NULL));
}

/* --- what the monitor asks for --- */

static void assert_fails(Late *late, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(late_wait(late, &error));
    g_assert_nonnull(strstr(error->message, text));
    *late = (Late){ FALSE };
}

static void assert_good(Late *late)
{
    g_autoptr(GError) error = NULL;

    late_wait(late, &error);
    g_assert_no_error(error);
    *late = (Late){ FALSE };
}

static void insert(Drive *d, const char *node, const char *fails)
{
    Late late = { FALSE };

    removable_insert_later(&d->removable, node, late_done, &late);
    if (fails) {
        assert_fails(&late, fails);
    } else {
        assert_good(&late);
    }
}

static void take_out(Drive *d, const char *fails)
{
    Late late = { FALSE };

    removable_take_out_later(&d->removable, late_done, &late);
    if (fails) {
        assert_fails(&late, fails);
    } else {
        assert_good(&late);
    }
}

static void change(Drive *d, const RemovableImage *image, const char *fails)
{
    Late late = { FALSE };

    removable_change_later(&d->removable, image, late_done, &late);
    if (fails) {
        assert_fails(&late, fails);
    } else {
        assert_good(&late);
    }
}

static void testing(const char *node, const char *command)
{
    char *args[] = { (char *)node, (char *)command, NULL };
    g_autofree char *answer = block_testing_command(args);

    g_assert_true(g_str_has_prefix(answer, "OK"));
}

/* --- the tests --- */

static void test_tray(void)
{
    g_autoptr(GError) error = NULL;
    Drive d;

    drive_init(&d, NULL);
    g_assert_true(removable_find("/machine/peripheral/cd0") == &d.removable);
    g_assert_null(removable_find("/machine/peripheral/cd1"));
    removable_close_tray(&d.removable);
    assert_events("");
    g_assert_true(removable_open_tray(&d.removable, FALSE, NULL));
    g_assert_true(removable_open_tray(&d.removable, TRUE, NULL));
    assert_events("/cd0 open;");
    g_assert_cmpuint(d.moved, ==, 1);
    removable_close_tray(&d.removable);
    assert_events("/cd0 shut;");
    g_assert_cmpuint(d.moved, ==, 2);

    /* The guest's own moves are no news to it. */
    d.removable.drive = "ide2-cd0";
    g_assert_true(removable_find_drive("ide2-cd0") == &d.removable);
    removable_move_tray(&d.removable, TRUE);
    removable_move_tray(&d.removable, TRUE);
    removable_move_tray(&d.removable, FALSE);
    assert_events("ide2-cd0/cd0 open;ide2-cd0/cd0 shut;");
    g_assert_cmpuint(d.moved, ==, 2);

    d.removable.locked = TRUE;
    g_assert_false(removable_open_tray(&d.removable, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "is locked and force was not specified"));
    g_assert_cmpuint(d.asked, ==, 1);
    g_assert_false(d.removable.tray_open);
    assert_events("");
    g_assert_true(removable_open_tray(&d.removable, TRUE, NULL));
    g_assert_cmpuint(d.asked, ==, 2);
    g_assert_false(d.removable.locked);
    assert_events("ide2-cd0/cd0 open;");
    drive_fini(&d);
}

static void test_medium(void)
{
    Drive d;

    add_raw("m1", path);
    add_raw("m2", other);
    drive_init(&d, NULL);
    insert(&d, "m1", "Tray of the device is not open");
    take_out(&d, "Tray of device 'cd0' is not open");
    removable_open_tray(&d.removable, FALSE, NULL);
    take_out(&d, NULL);
    insert(&d, "mx", "Node 'mx' not found");
    insert(&d, "m1", NULL);
    g_assert_true(d.removable.medium == block_node_find("m1"));
    g_assert_cmpuint(d.media, ==, 1);
    g_assert_true(block_user_exists("cd0"));
    insert(&d, "m2", "There already is a medium in the device");
    g_assert_false(node_del("m1", NULL));
    take_out(&d, NULL);
    g_assert_null(d.removable.medium);
    g_assert_cmpuint(d.media, ==, 2);
    g_assert_false(block_user_exists("cd0"));
    g_assert_true(node_del("m1", NULL));
    insert(&d, "m2", NULL);
    drive_fini(&d);
    assert_events("/cd0 open;");

    /* At start: both read it, side by side. What is another's is not put in later. */
    drive_init(&d, "m2");
    Drive second;
    memset(&second, 0, sizeof(second));
    second.removable = (Removable){ .klass = &toy_class,
                                    .name = "cd1",
                                    .path = "/machine/peripheral/cd1",
                                    .stats = &second.stats,
                                    .tray_open = TRUE };
    g_assert_true(removable_add(&second.removable, block_node_find("m2"), NULL));
    removable_remove(&second.removable);
    g_assert_true(removable_add(&second.removable, NULL, NULL));
    insert(&second, "m2", "Node 'm2' is already in use");
    removable_remove(&second.removable);
    drive_fini(&d);
    g_assert_true(node_del("m2", NULL));
}

static void read_done(void *opaque, int ret)
{
    Drive *d = opaque;

    d->busy = FALSE;
    d->ret = ret;
}

static void begin_read(Drive *d)
{
    d->iov = (struct iovec){ d->sector, 512 };
    d->request = (BlockRequest){ .op = BLOCK_READ,
                                 .iov = &d->iov,
                                 .n_iov = 1,
                                 .bytes = 512,
                                 .done = read_done,
                                 .opaque = d };
    d->busy = TRUE;
    block_submit(node_user(d->removable.medium), &d->request);
}

/* What comes out waits for what is in flight, and the drive knows at once. */
static void test_flight(void)
{
    Late late = { FALSE };
    Drive d;

    add_node("{\"driver\":\"x-test\",\"node-name\":\"t\",\"file\":{\"driver\":\"file\","
             "\"filename\":\"%s\",\"read-only\":true}}",
             path);
    drive_init(&d, "t");
    testing("t", "hold");
    begin_read(&d);
    removable_open_tray(&d.removable, FALSE, NULL);
    removable_take_out_later(&d.removable, late_done, &late);
    g_assert_null(d.removable.medium);
    g_assert_cmpuint(d.media, ==, 1);
    take_out(&d, "is being changed");
    insert(&d, "t", "is being changed");
    for (unsigned i = 0; i < 20; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    g_assert_false(late.done);
    g_assert_true(d.busy);
    testing("t", "release");
    assert_good(&late);
    g_assert_false(d.busy);
    g_assert_cmpint(d.ret, ==, 0);
    g_assert_cmphex(d.sector[5], ==, 1);
    g_assert_true(node_del("t", NULL));
    drive_fini(&d);
    assert_events("/cd0 open;");
}

static void test_change(void)
{
    RemovableImage image = { .filename = path, .format = "raw" };
    Drive d;

    drive_init(&d, NULL);
    change(&d, &image, NULL);
    assert_events("/cd0 open;/cd0 shut;");
    g_assert_cmpuint(d.moved, ==, 2);
    g_autofree char *name = g_strdup(block_node_name(d.removable.medium));
    g_assert_true(g_str_has_prefix(name, "#block"));
    g_assert_true(block_node_read_only(d.removable.medium));

    /* What cannot be had changes nothing. */
    image.filename = "/nonexistent/image";
    change(&d, &image, "/nonexistent/image");
    image = (RemovableImage){ .filename = other, .format = "nonsense" };
    change(&d, &image, "nonsense");
    d.removable.locked = TRUE;
    image = (RemovableImage){ .filename = other, .mode = REMOVABLE_READ_WRITE };
    change(&d, &image, "is locked");
    g_assert_cmpstr(block_node_name(d.removable.medium), ==, name);
    assert_events("");

    image.force = TRUE;
    change(&d, &image, NULL);
    assert_events("/cd0 open;/cd0 shut;");
    g_assert_false(d.removable.locked);
    g_assert_null(block_node_find(name));
    g_assert_false(block_node_read_only(d.removable.medium));
    image = (RemovableImage){ .filename = path, .force = TRUE };
    change(&d, &image, NULL); /* retain */
    g_assert_false(block_node_read_only(d.removable.medium));
    assert_events("/cd0 open;/cd0 shut;");

    /* A header of another format needs format=raw. */
    g_assert_true(g_file_set_contents(other, "QFI\xfb\0\0\0\3", 8, NULL));
    image = (RemovableImage){ .filename = other };
    change(&d, &image, "begins as a qcow2 image does");
    assert_events("");
    image.format = "raw";
    change(&d, &image, NULL);
    g_free(name);
    name = g_strdup(block_node_name(d.removable.medium));
    removable_open_tray(&d.removable, FALSE, NULL);
    take_out(&d, NULL);
    g_assert_null(block_node_find(name));
    drive_fini(&d);
    g_string_truncate(events, 0);
}

/* -drive's medium goes when the drive lets it go, too. */
static void test_named(void)
{
    Drive d;

    add_raw("m1", path);
    removable_name_drive("cd", block_node_find("m1"));
    drive_init(&d, "m1");
    removable_open_tray(&d.removable, FALSE, NULL);
    take_out(&d, NULL);
    g_assert_null(block_node_find("m1"));
    drive_fini(&d);
    add_raw("m1", path);
    removable_name_drive("cd", block_node_find("m1"));
    drive_init(&d, "m1");
    drive_fini(&d);
    g_assert_null(block_node_find("m1"));
    removable_name_drive("empty", NULL);
    g_assert_true(removable_is_drive_name("cd"));
    g_assert_true(removable_is_drive_name("empty"));
    g_assert_false(removable_is_drive_name("m1"));
    g_string_truncate(events, 0);
}

static void settle(void)
{
    for (unsigned i = 0; i < 50; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

/* The host takes its time, and the guest closes the tray meanwhile. */
static void test_closed_meanwhile(void)
{
    Late late = { FALSE };
    Drive d;

    add_raw("m1", path);
    drive_init(&d, NULL);
    removable_open_tray(&d.removable, FALSE, NULL);
    testing("m1", "silent");
    removable_insert_later(&d.removable, "m1", late_done, &late);
    removable_move_tray(&d.removable, FALSE);
    settle();
    g_assert_false(late.done);
    g_assert_null(d.removable.medium);
    g_assert_cmpuint(d.moved, ==, 1);
    testing("m1", "answers");
    assert_good(&late);
    g_assert_nonnull(d.removable.medium);
    g_assert_cmpuint(d.moved, ==, 2);
    drive_fini(&d);
    g_assert_true(node_del("m1", NULL));
    assert_events("/cd0 open;/cd0 shut;");
}

/* The drive goes: nothing stays behind, and who waits is told. */
static void test_gone(void)
{
    RemovableImage image = { .filename = path };
    Late late = { FALSE };
    Drive d;

    add_raw("m1", path);
    drive_init(&d, NULL);
    removable_open_tray(&d.removable, FALSE, NULL);
    testing("m1", "silent");
    removable_insert_later(&d.removable, "m1", late_done, &late);
    drive_fini(&d);
    testing("m1", "answers");
    assert_fails(&late, "'cd0' is gone");
    drive_init(&d, "m1"); /* it is free */
    removable_open_tray(&d.removable, FALSE, NULL);

    /* On its way out. */
    testing("m1", "silent");
    removable_take_out_later(&d.removable, late_done, &late);
    removable_remove(&d.removable);
    testing("m1", "answers");
    assert_good(&late);
    g_assert_true(node_del("m1", NULL));

    /* While the image is opened. */
    drive_init(&d, NULL);
    removable_change_later(&d.removable, &image, late_done, &late);
    drive_fini(&d);
    assert_fails(&late, "'cd0' is gone");
    for (unsigned i = 0; i < 32; i++) {
        g_autofree char *name = g_strdup_printf("#block%03u", i);
        g_assert_null(block_node_find(name));
    }
    g_string_truncate(events, 0);
}

int main(int argc, char **argv)
{
    g_autofree guint8 *data = g_malloc(8192);
    int status;

    g_test_init(&argc, &argv, NULL);
    event_init();
    block_testing_enable();
    events = g_string_new(NULL);
    vm_event_subscribe(heard, NULL);
    path = g_strdup_printf("%s/vireo-removable-%d", g_get_tmp_dir(), getpid());
    other = g_strdup_printf("%s-other", path);
    memset(data, 1, 8192);
    g_assert_true(g_file_set_contents(path, (char *)data, 8192, NULL));
    g_assert_true(g_file_set_contents(other, (char *)data, 4096, NULL));
    g_test_add_func("/block/removable/tray", test_tray);
    g_test_add_func("/block/removable/medium", test_medium);
    g_test_add_func("/block/removable/flight", test_flight);
    g_test_add_func("/block/removable/change", test_change);
    g_test_add_func("/block/removable/named", test_named);
    g_test_add_func("/block/removable/closed-meanwhile", test_closed_meanwhile);
    g_test_add_func("/block/removable/gone", test_gone);
    status = g_test_run();
    block_cleanup();
    vm_event_unsubscribe(heard, NULL);
    g_string_free(events, TRUE);
    unlink(path);
    unlink(other);
    g_free(path);
    g_free(other);
    return status;
}
