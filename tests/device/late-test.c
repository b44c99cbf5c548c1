/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands whose reply waits for the host, which does not answer while event/gate.c says
 * so: what goes on meanwhile, and what becomes of them.
 */
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/late.h"

/* n on f, both new. */
static void say_add(Monitor *m)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"raw\", "
        "\"node-name\": \"r\", \"file\": {\"driver\": \"raw\", \"node-name\": \"n\", "
        "\"file\": {\"driver\": \"file\", \"node-name\": \"f\", \"filename\": "
        "\"%s\"}}}}",
        late_image);

    say_text(m, text);
}

static gboolean has_node(Vm *vm, const char *name)
{
    g_autoptr(JsonNode) nodes =
        qtest_qmp_ok(vm->q, "{\"execute\": \"query-named-block-nodes\"}");
    JsonArray *array = json_node_get_array(nodes);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (g_str_equal(json_object_get_string_member(
                            json_array_get_object_element(array, i), "node-name"),
                        name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_fails(Vm *vm, const char *driver, const char *name, const char *error)
{
    g_autofree char *text = qtest_qmp_fails(
        vm->q,
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": "
        "\"%s\", \"node-name\": \"%s\", %s: \"%s\"}}",
        driver, name, g_str_equal(driver, "raw") ? "\"file\"" : "\"filename\"",
        g_str_equal(driver, "raw") ? "f" : late_image);

    g_assert_cmpstr(text, ==, error);
}

static void assert_names_taken(Vm *vm)
{
    add_fails(vm, "file", "r", "Duplicate nodes with node-name='r'");
    add_fails(vm, "file", "n", "Duplicate nodes with node-name='n'");
    add_fails(vm, "file", "f", "Duplicate nodes with node-name='f'");
    g_assert_false(has_node(vm, "r"));
    g_assert_false(has_node(vm, "f"));
    add_fails(vm, "raw", "x", "Failed to find node with node-name='f'");
    g_autofree char *text = qtest_qmp_fails(
        vm->q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": "
               "\"virtio-blk-device\", \"id\": \"d\", \"drive\": \"r\"}}");
    g_assert_nonnull(strstr(text, "can't find value 'r'"));
    text = (g_free(text),
            qtest_qmp_fails(vm->q, "{\"execute\": \"blockdev-del\", \"arguments\": "
                                   "{\"node-name\": \"r\"}}"));
    g_assert_cmpstr(text, ==, "Failed to find node with node-name='r'");
}

/* An open, and then a close: in order of the monitor's commands, nobody else waits. */
static void test_order(void)
{
    Vm vm;

    late_open(&vm, "");
    for (unsigned i = 0; i < 2; i++) {
        block_testing(vm.q, "n silent");
        say_add(&vm.b);
        until_asked(&vm, 1);
        say(&vm.b, "query-name"); /* waits for its turn */
        assert_served(&vm);
        assert_names_taken(&vm);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        g_assert_true(has_node(&vm, "r") && has_node(&vm, "n") && has_node(&vm, "f"));
        expect(&vm.b, DONE);
        block_testing(vm.q, "n silent");
        say_del(&vm.b, "r");
        until_asked(&vm, 1);
        assert_served(&vm);
        assert_names_taken(&vm);
        g_assert_cmpuint(late_open_images(&vm), ==, 1);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        g_assert_cmpuint(late_open_images(&vm), ==, 0);
    }
    late_close(&vm);
}

/* A node that was there before, under one that comes. */
static void test_borrowed(void)
{
    g_autofree char *options =
        g_strdup_printf("-blockdev driver=file,node-name=f,filename=%s", late_image);
    Vm vm;

    late_open(&vm, options);
    for (unsigned i = 0; i < 2; i++) {
        block_testing(vm.q, "n silent");
        say_text(&vm.b, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": "
                        "\"raw\", \"node-name\": \"n\", \"file\": \"f\"}}");
        until_asked(&vm, 1);
        say_del(&vm.c, "f");
        expect_error(&vm.c, "Node f is in use");
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        block_testing(vm.q, "n silent");
        say_del(&vm.b, "n");
        until_asked(&vm, 1);
        /* others may use it meanwhile */
        qmp(vm.q, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"raw\", "
                  "\"node-name\": \"x\", \"file\": \"f\"}}");
        qmp(vm.q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": "
                  "\"x\"}}");
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
    }
    late_close(&vm);
}

/* All or none: what does not fit is found when all is open, or at the last open. */
static void test_undo(void)
{
    static const struct {
        const char *more, *filename, *error;
    } cases[] = {
        { ", \"offset\": 2097152", "image", "reach beyond" },
        { "", "nowhere", "No such file" },
    };
    Vm vm;

    late_open(&vm, "");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"raw\", "
            "\"node-name\": \"r\", \"file\": {\"driver\": \"raw\", \"node-name\": "
            "\"n\", \"file\": {\"driver\": \"file\", \"node-name\": \"f\", "
            "\"filename\": \"%s/%s\"}}%s}}",
            late_dir, cases[i].filename, cases[i].more);

        block_testing(vm.q, "n silent");
        say_text(&vm.b, text);
        until_asked(&vm, 1);
        assert_served(&vm);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect_error(&vm.b, cases[i].error);
        g_assert_cmpuint(late_open_images(&vm), ==, 0);
        say_add(&vm.b); /* the names are free */
        expect(&vm.b, DONE);
        say_del(&vm.b, "r");
        expect(&vm.b, DONE);
    }
    late_close(&vm);
}

/* The client goes; its command comes to its end, and the next one is served. */
static void test_gone(void)
{
    Vm vm;

    late_open(&vm, "");
    block_testing(vm.q, "n silent");
    say_add(&vm.b);
    until_asked(&vm, 1);
    monitor_close(&vm.b);
    monitor_open(&vm.b, late_dir, "b");
    say_add(&vm.b);
    expect_error(&vm.b, "Duplicate nodes");
    block_testing(vm.q, "n answers");
    while (!has_node(&vm, "r")) {
    }
    expect_nothing(&vm.b);
    late_close(&vm);
}

/* stop and cont do not wait for it, and neither does the end of the process. */
static void test_quit(void)
{
    g_autofree char *options =
        g_strdup_printf("-blockdev driver=file,node-name=g,filename=%s "
                        "-blockdev driver=raw,node-name=n2,file=g",
                        late_image);
    Vm vm;

    late_open(&vm, options);
    block_testing(vm.q, "n silent");
    block_testing(vm.q, "n2 silent");
    say_add(&vm.b);
    say_del(&vm.c, "n2");
    until_asked(&vm, 1);
    while (!late_asked(&vm, "n2")) {
    }
    qmp(vm.q, "{\"execute\": \"stop\"}");
    qmp(vm.q, "{\"execute\": \"cont\"}");
    expect_nothing(&vm.b);
    expect_nothing(&vm.c);
    late_close(&vm);
}

/* How much an image occupies; the nodes may go meanwhile. */
static void test_query(void)
{
    g_autofree char *options =
        g_strdup_printf("-blockdev driver=file,node-name=n,filename=%s", late_image);
    Vm vm;

    late_open(&vm, options);
    block_testing(vm.q, "n silent");
    say(&vm.b, "query-named-block-nodes");
    until_asked(&vm, 1);
    assert_served(&vm);
    say_del(&vm.c, "n");
    until_asked(&vm, 2);
    expect_nothing(&vm.b);
    block_testing(vm.q, "n answers");
    expect_text(&vm.b, "\"actual-size\": 1048576");
    expect(&vm.c, DONE);
    g_assert_false(has_node(&vm, "n"));
    late_close(&vm);
}

/* A disk at both ends: it is given away, and taken. */
typedef struct Pair {
    Vm vm; /* where it was, or is to come to */
    QTest *other;
    char *uri;
} Pair;

#define DISK                                                                             \
    "-blockdev driver=file,node-name=f,filename=%s "                                     \
    "-blockdev driver=raw,node-name=n,file=f "                                           \
    "-device virtio-blk-device,drive=n,bus=virtio-mmio-bus.0 "

static void pair_open(Pair *p, gboolean source)
{
    g_autofree char *disk = g_strdup_printf(DISK, late_image);
    g_autofree char *more = NULL;

    p->uri = g_strdup_printf("unix:%s/m", late_dir);
    more = g_strdup_printf("%s -incoming %s", disk, p->uri);
    if (source) {
        p->other = qtest_start("-machine microvm -m 16M %s", more);
        late_open(&p->vm, disk);
    } else {
        late_open(&p->vm, more);
        p->other = qtest_start("-machine microvm -m 16M %s", disk);
    }
    block_testing(p->vm.q, "n silent");
    qmp(source ? p->vm.q : p->other,
        "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", p->uri);
    until_asked(&p->vm, 1);
    assert_served(&p->vm);
}

static void pair_close(Pair *p)
{
    late_close(&p->vm);
    qtest_stop(p->other);
    g_free(p->uri);
}

static void assert_status(QTest *q, const char *status)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");

    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(info), "status"),
                    ==, status);
}

/* The destination does not run before the locks are taken. */
static void test_take(void)
{
    Pair p;

    pair_open(&p, FALSE);
    assert_status(p.vm.q, "paused");
    say(&p.vm.b, "stop");
    qmp_turns(p.vm.q);
    expect_nothing(&p.vm.b);
    block_testing(p.vm.q, "n answers");
    expect(&p.vm.b, DONE);
    assert_status(p.vm.q, "paused");
    qmp(p.vm.q, "{\"execute\": \"cont\"}");
    assert_status(p.vm.q, "running");
    pair_close(&p);
}

/* Nor before they have been given up; the source takes them again, with cont. */
static void test_give(void)
{
    Pair p;

    pair_open(&p, TRUE);
    assert_status(p.vm.q, "finish-migrate");
    qmp(p.vm.q, "{\"execute\": \"migrate_cancel\"}");
    assert_served(&p.vm);
    block_testing(p.vm.q, "n answers");
    wait_event(p.vm.q, "RESUME");
    assert_status(p.vm.q, "running");
    pair_close(&p);
}

static void add_disk_fails(Vm *vm)
{
    g_autofree char *error = NULL;

    qmp(vm->q,
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"file\", "
        "\"node-name\": \"g\", \"filename\": \"%s\"}}",
        late_image);
    error = qtest_qmp_fails(vm->q, "{\"execute\": \"device_add\", \"arguments\": "
                                   "{\"driver\": \"virtio-blk-device\", \"id\": "
                                   "\"g\", \"drive\": \"g\"}}");
    g_assert_nonnull(strstr(error, "are being taken over"));
}

/* cont takes them; who comes or goes meanwhile is refused, or waits. */
static void test_cont(void)
{
    Pair p;

    pair_open(&p, TRUE);
    block_testing(p.vm.q, "n answers");
    wait_event(p.other, "RESUME");
    qtest_stop(p.other);
    block_testing(p.vm.q, "n silent");
    say(&p.vm.b, "cont");
    until_asked(&p.vm, 1);
    assert_served(&p.vm);
    assert_status(p.vm.q, "postmigrate");
    add_disk_fails(&p.vm);
    say(&p.vm.c, "cont");
    qmp_turns(p.vm.q);
    expect_nothing(&p.vm.b);
    expect_nothing(&p.vm.c);
    block_testing(p.vm.q, "n answers");
    expect(&p.vm.b, DONE);
    expect(&p.vm.c, DONE);
    assert_status(p.vm.q, "running");
    late_close(&p.vm);
    g_free(p.uri);
}

/* The process ends in each of these states. */
static void test_quit_pair(gconstpointer source)
{
    Pair p;

    pair_open(&p, source != NULL);
    late_close(&p.vm);
    qtest_stop(p.other);
    g_free(p.uri);
}

/* Nodes that come when the images have been given away are inactive. */
static void test_migrate(void)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/m", late_dir);
    QTest *there = qtest_start("-machine microvm -m 16M -incoming %s", uri);
    g_autoptr(JsonNode) nodes = NULL;
    JsonObject *node;
    Vm vm;

    late_open(&vm, "");
    block_testing(vm.q, "n silent");
    say_add(&vm.b);
    until_asked(&vm, 1);
    qmp(vm.q, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri);
    wait_event(there, "RESUME");
    expect_nothing(&vm.b);
    block_testing(vm.q, "n answers");
    expect(&vm.b, DONE);
    nodes = qtest_qmp_ok(vm.q, "{\"execute\": \"query-named-block-nodes\"}");
    node = json_array_get_object_element(json_node_get_array(nodes), 0);
    g_assert_false(json_object_get_boolean_member(node, "active"));
    late_close(&vm);
    qtest_stop(there);
}

/* Calls that do not come back are counted. */
static void test_many(void)
{
    Vm vm;

    late_open(&vm, "");
    for (unsigned i = 0; i <= LATE_CALLS_MAX; i++) {
        g_autofree char *gate = g_strdup_printf("n%u silent", i);
        g_autofree char *text =
            g_strdup_printf("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": "
                            "\"raw\", \"node-name\": \"n%u\", \"file\": {\"driver\": "
                            "\"file\", \"filename\": \"%s\"}}}",
                            i, late_image);
        block_testing(vm.q, gate);
        say_text(&vm.b, text);
        if (i < LATE_CALLS_MAX) {
            g_autofree char *name = g_strdup_printf("n%u", i);
            while (!late_asked(&vm, name)) {
            }
            monitor_close(&vm.b);
            monitor_open(&vm.b, late_dir, "b");
        }
    }
    expect_error(&vm.b, "64 calls of the host have not come back yet");
    block_testing(vm.q, "n0 answers");
    while (!has_node(&vm, "n0")) {
    }
    g_autofree char *name = g_strdup_printf("n%u answers", LATE_CALLS_MAX);
    block_testing(vm.q, name);
    say_add(&vm.b);
    expect(&vm.b, DONE);
    late_close(&vm);
}

/* Objects: "n" as well */

static void say_object(Monitor *m, const char *filename)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\": \"object-add\", \"arguments\": {\"qom-type\": \"rng-random\", "
        "\"id\": \"n\", \"filename\": \"%s\"}}",
        filename);

    say_text(m, text);
}

static void say_object_del(Monitor *m)
{
    say_text(m, "{\"execute\": \"object-del\", \"arguments\": {\"id\": \"n\"}}");
}

static void assert_no_object(Vm *vm)
{
    assert_served(vm);
    say_object(&vm->c, "/dev/zero");
    expect_error(&vm->c, "duplicate property 'n'");
    say_text(&vm->c, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": "
                     "\"virtio-rng-device\", \"id\": \"r\", \"rng\": \"n\"}}");
    expect_error(&vm->c, "can't find value 'n'");
    say_object_del(&vm->c);
    expect_error(&vm->c, "object 'n' not found");
}

static void test_object(void)
{
    Vm vm;

    late_open(&vm, "");
    for (unsigned i = 0; i < 2; i++) {
        block_testing(vm.q, "n silent");
        say_object(&vm.b, late_image);
        until_asked(&vm, 1);
        say(&vm.b, "query-name");
        assert_no_object(&vm);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        expect(&vm.b, DONE);
        g_assert_cmpuint(late_open_images(&vm), ==, 1);
        block_testing(vm.q, "n silent");
        say_object_del(&vm.b);
        until_asked(&vm, 1);
        assert_no_object(&vm);
        g_assert_cmpuint(late_open_images(&vm), ==, 1);
        expect_nothing(&vm.b);
        block_testing(vm.q, "n answers");
        expect(&vm.b, DONE);
        g_assert_cmpuint(late_open_images(&vm), ==, 0);
    }
    say_object(&vm.b, "/nowhere");
    expect_error(&vm.b, "Could not open '/nowhere': No such file");
    say_object(&vm.b, "/dev/zero");
    expect(&vm.b, DONE);
    late_close(&vm);
}

static void test_quit_object(gconstpointer goes)
{
    Vm vm;

    late_open(&vm, goes ? "-object rng-random,id=n,filename=/dev/zero" : "");
    block_testing(vm.q, "n silent");
    if (goes) {
        say_object_del(&vm.b);
    } else {
        say_object(&vm.b, "/dev/zero");
    }
    until_asked(&vm, 1);
    expect_nothing(&vm.b);
    late_close(&vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/late/order", test_order);
    g_test_add_func("/late/borrowed", test_borrowed);
    g_test_add_func("/late/undo", test_undo);
    g_test_add_func("/late/gone", test_gone);
    g_test_add_func("/late/quit/nodes", test_quit);
    g_test_add_func("/late/query", test_query);
    g_test_add_func("/late/take", test_take);
    g_test_add_func("/late/give", test_give);
    g_test_add_func("/late/cont", test_cont);
    g_test_add_data_func("/late/quit/destination", NULL, test_quit_pair);
    g_test_add_data_func("/late/quit/source", GINT_TO_POINTER(TRUE), test_quit_pair);
    g_test_add_func("/late/migrate", test_migrate);
    g_test_add_func("/late/many", test_many);
    g_test_add_func("/late/object", test_object);
    g_test_add_data_func("/late/quit/object-comes", NULL, test_quit_object);
    g_test_add_data_func("/late/quit/object-goes", GINT_TO_POINTER(TRUE),
                         test_quit_object);
    return late_run();
}
